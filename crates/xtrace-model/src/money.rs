//! Exact amounts of US dollars with 12 fraction digits (design §2).

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Fraction digits of every amount.
pub const USD_SCALE: u32 = 12;

/// The largest absolute amount, in dollars: far above any bill, far below what engines can hold.
pub const USD_MAX: i128 = 1_000_000_000_000;

const UNITS_PER_USD: i128 = 1_000_000_000_000;

/// An exact amount in units of 10⁻¹² USD.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Usd(i128);

/// Why a number is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an amount of at most {USD_MAX} USD")]
pub struct UsdError(String);

impl Usd {
    pub const ZERO: Self = Self(0);

    pub const fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// Units of 10⁻¹² USD.
    pub const fn units(self) -> i128 {
        self.0
    }

    /// Decimal text, with or without exponent; digits past the twelfth are rounded half to even.
    ///
    /// # Errors
    /// Not a number, or more than [`USD_MAX`].
    pub fn parse(text: &str) -> Result<Self, UsdError> {
        let fail = || UsdError(text.chars().take(64).collect());
        let decimal = text
            .parse::<Decimal>()
            .or_else(|_| Decimal::from_scientific(text));
        let Ok(mut decimal) = decimal else {
            let value: Option<f64> = text.parse().ok();
            return value.and_then(Self::from_f64).ok_or_else(fail);
        };
        if decimal.abs() > Decimal::from(USD_MAX as i64) {
            return Err(fail());
        }
        decimal = decimal.round_dp(USD_SCALE);
        decimal.rescale(USD_SCALE);
        Ok(Self(decimal.mantissa()))
    }

    fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() || value.abs() > USD_MAX as f64 {
            return None;
        }
        Some(Self((value * UNITS_PER_USD as f64).round() as i128))
    }

    pub fn to_decimal(self) -> Decimal {
        Decimal::from_i128_with_scale(self.0, USD_SCALE)
    }

    /// The nearest float, for JSON numbers.
    pub fn to_f64(self) -> f64 {
        self.to_decimal()
            .normalize()
            .to_string()
            .parse()
            .unwrap_or(0.0)
    }

    /// `self × count`, for a price per unit.
    pub fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(i128::from(count)))
    }
}

impl Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_decimal().normalize().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_exact_where_floats_are_not() {
        let dime = Usd::parse("0.1").unwrap();
        let sum: Usd = std::iter::repeat_n(dime, 10).sum();
        assert_eq!(sum, Usd::parse("1").unwrap());
        assert_eq!(
            Usd::parse("2.5e-06").unwrap().times(1_000_000).to_string(),
            "2.5"
        );
        assert_eq!(
            Usd::parse("0.0000000000015").unwrap().to_string(),
            "0.000000000002"
        );
        assert!(Usd::parse("1e13").is_err());
        assert!(Usd::parse("ten").is_err());
        assert!((Usd::parse("0.0123").unwrap().to_f64() - 0.0123).abs() < f64::EPSILON);
    }
}
