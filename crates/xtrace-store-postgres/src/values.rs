//! How values of the model travel to and from the server, in its binary format and without loss.

use std::borrow::Cow;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Encode, Postgres, Type};
use xtrace_model::{Timestamp, Usd};

const TIMESTAMPTZ: Oid = Oid(1184);
const TIMESTAMPTZ_ARRAY: Oid = Oid(1185);
const NUMERIC: Oid = Oid(1700);
const NUMERIC_ARRAY: Oid = Oid(1231);

/// Microseconds from 1970 to 2000, where the server's count begins.
const SERVER_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// An instant as `timestamptz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant(pub Timestamp);

impl Type<Postgres> for Instant {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ)
    }

    fn compatible(ty: &PgTypeInfo) -> bool {
        ty.oid() == Some(TIMESTAMPTZ)
    }
}

impl PgHasArrayType for Instant {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ_ARRAY)
    }

    fn array_compatible(ty: &PgTypeInfo) -> bool {
        ty.oid() == Some(TIMESTAMPTZ_ARRAY)
    }
}

impl Encode<'_, Postgres> for Instant {
    fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        // INVARIANT: a `Timestamp` is within the years 0000 to 9999, far inside the range of either count.
        let micros = self.0.as_micros() - SERVER_EPOCH_MICROS;
        Encode::<Postgres>::encode(micros, buf)
    }
}

impl Decode<'_, Postgres> for Instant {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let micros = i64::from_be_bytes(binary(&value)?.try_into()?);
        Ok(Self(Timestamp::from_micros(
            micros.saturating_add(SERVER_EPOCH_MICROS),
        )))
    }
}

/// An amount as `numeric` with 12 fraction digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money(pub Usd);

/// The server keeps numbers as digits of this base.
const BASE: u128 = 10_000;
/// How many of those digits are the fraction: 12 decimal digits.
const FRACTION_DIGITS: i16 = 3;
const SCALE: i16 = 12;
const NEGATIVE: u16 = 0x4000;
const POSITIVE: u16 = 0x0000;

impl Type<Postgres> for Money {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(NUMERIC)
    }

    fn compatible(ty: &PgTypeInfo) -> bool {
        ty.oid() == Some(NUMERIC)
    }
}

impl PgHasArrayType for Money {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(NUMERIC_ARRAY)
    }

    fn array_compatible(ty: &PgTypeInfo) -> bool {
        ty.oid() == Some(NUMERIC_ARRAY)
    }
}

impl Encode<'_, Postgres> for Money {
    fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let units = self.0.units();
        let mut rest = units.unsigned_abs();
        let mut digits: Vec<u16> = Vec::with_capacity(10);
        while rest > 0 {
            digits.push(u16::try_from(rest % BASE)?);
            rest /= BASE;
        }
        digits.reverse();
        let count = i16::try_from(digits.len())?;
        let weight = if digits.is_empty() {
            0
        } else {
            count - 1 - FRACTION_DIGITS
        };
        let sign = if units < 0 { NEGATIVE } else { POSITIVE };
        buf.extend(count.to_be_bytes());
        buf.extend(weight.to_be_bytes());
        buf.extend(sign.to_be_bytes());
        buf.extend(SCALE.to_be_bytes());
        for digit in digits {
            buf.extend(digit.to_be_bytes());
        }
        Ok(IsNull::No)
    }
}

impl Decode<'_, Postgres> for Money {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let words: Vec<u16> = binary(&value)?
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        let [_, weight, sign, _, digits @ ..] = words.as_slice() else {
            return Err("a numeric of less than 8 bytes".into());
        };
        if *sign != POSITIVE && *sign != NEGATIVE {
            return Err("a numeric that is not a number".into());
        }
        let units = units_of(digits, weight.cast_signed())?;
        Ok(Self(Usd::from_units(if *sign == NEGATIVE {
            -units
        } else {
            units
        })))
    }
}

/// The digits as a count of 10⁻¹² units. What lies below is rounded half up.
fn units_of(digits: &[u16], weight: i16) -> Result<i128, BoxDynError> {
    let mut units: i128 = 0;
    for (position, digit) in (0_i16..).zip(digits) {
        let power = weight - position + FRACTION_DIGITS;
        if power < 0 {
            let half = i128::try_from(BASE / 2)?;
            units += i128::from(power == -1 && i128::from(*digit) >= half);
            break;
        }
        let factor = i128::try_from(BASE)?.checked_pow(u32::try_from(power)?);
        let part = factor.and_then(|factor| factor.checked_mul(i128::from(*digit)));
        units = part
            .and_then(|part| units.checked_add(part))
            .ok_or("an amount beyond what is counted")?;
    }
    Ok(units)
}

fn binary<'r>(value: &PgValueRef<'r>) -> Result<&'r [u8], BoxDynError> {
    match value.format() {
        PgValueFormat::Binary => value.as_bytes(),
        PgValueFormat::Text => Err("the server answered in its text format".into()),
    }
}

/// Text the server can hold: U+0000 becomes U+FFFD. Such text does not get this far, but if it did, it would cost its
/// neighbours their place in the batch.
pub fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The texts as the server's literal of a list.
pub fn list_literal(texts: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut literal = String::from("{");
    for text in texts {
        if literal.len() > 1 {
            literal.push(',');
        }
        literal.push('"');
        for character in text.as_ref().chars() {
            match character {
                '\0' => literal.push('\u{fffd}'),
                '"' | '\\' => literal.extend(['\\', character]),
                _ => literal.push(character),
            }
        }
        literal.push('"');
    }
    literal.push('}');
    literal
}

#[cfg(test)]
mod tests {
    use super::{list_literal, storable, units_of};

    #[test]
    fn counts_units_of_any_numeric() {
        assert_eq!(units_of(&[], 0).unwrap(), 0);
        assert_eq!(units_of(&[1], 0).unwrap(), 1_000_000_000_000);
        assert_eq!(units_of(&[1], -3).unwrap(), 1);
        assert_eq!(units_of(&[12, 3400], 1).unwrap(), 123_400_000_000_000_000);
        assert_eq!(units_of(&[1, 5000], -3).unwrap(), 2);
        assert_eq!(units_of(&[1, 4999, 9999], -3).unwrap(), 1);
        assert!(units_of(&[9999], 8).is_err());
    }

    #[test]
    fn makes_texts_storable() {
        assert_eq!(storable("a\0b"), "a\u{fffd}b");
        assert_eq!(
            list_literal(["a,b", "c\"d\\", "", "NULL", "e\0"].into_iter()),
            r#"{"a,b","c\"d\\","","NULL","e�"}"#
        );
        assert_eq!(list_literal(std::iter::empty::<&str>()), "{}");
    }
}
