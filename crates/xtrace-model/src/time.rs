//! Instants in microseconds UTC, their text form, and the clock as an argument.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(i64);

/// Why a text is not an instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an RFC 3339 time such as 2026-01-31T12:00:00Z")]
pub struct TimestampError {
    text: String,
}

/// 0000-01-01T00:00:00Z and 9999-12-30T22:00:00Z: what every engine, wire format and time zone can hold.
const MICROS_MIN: i64 = -62_167_219_200_000_000;
const MICROS_MAX: i64 = 253_402_207_200_000_000;

impl Timestamp {
    pub const MIN: Self = Self(MICROS_MIN);
    pub const MAX: Self = Self(MICROS_MAX);

    /// Clamped to the years 0000 to 9999.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(MICROS_MIN, MICROS_MAX))
    }

    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// RFC 3339 with any offset; a space may stand for the `T`. Digits past the microsecond are cut.
    ///
    /// # Errors
    /// The text is not such a time, or outside the years 0000 to 9999.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let parsed: Result<jiff::Timestamp, _> = text.trim().parse();
        let micros = parsed.map(jiff::Timestamp::as_microsecond);
        match micros {
            Ok(micros) if (MICROS_MIN..=MICROS_MAX).contains(&micros) => Ok(Self(micros)),
            _ => Err(TimestampError {
                text: text.chars().take(64).collect(),
            }),
        }
    }

    pub fn saturating_add_micros(self, micros: i64) -> Self {
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// `self - earlier` in seconds.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "spans of centuries stay exact to the microsecond"
        )]
        let micros = (self.0 - earlier.0) as f64;
        micros / 1e6
    }

    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).expect("years 0000 to 9999 are in jiff's range")
    }
}

/// RFC 3339 in UTC with `Z`, fraction only as needed (contracts/xtrace.md §1.0).
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

/// Where "now" comes from: an argument everywhere, so that tests rule time.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else takes as an argument"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
    }
}

/// A clock that tests set by hand.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    pub fn at(time: Timestamp) -> Self {
        Self(AtomicI64::new(time.as_micros()))
    }

    pub fn set(&self, time: Timestamp) {
        self.0.store(time.as_micros(), Ordering::SeqCst);
    }

    pub fn advance_micros(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_any_offset_and_writes_utc_with_as_many_digits_as_needed() {
        let check = |input: &str, expected: &str| {
            assert_eq!(
                Timestamp::parse(input).unwrap().to_string(),
                expected,
                "{input}"
            );
        };
        check("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z");
        check("2026-01-31 20:00:00+08:00", "2026-01-31T12:00:00Z");
        check(
            "2026-01-31T12:00:00.123456789Z",
            "2026-01-31T12:00:00.123456Z",
        );
        check("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z");
        check("9999-12-30T21:59:59.999999Z", "9999-12-30T21:59:59.999999Z");
    }

    #[test]
    fn the_first_and_the_last_instant_can_be_written() {
        assert_eq!(Timestamp::MIN.to_string(), "0000-01-01T00:00:00Z");
        assert_eq!(
            Timestamp::from_micros(i64::MAX).to_string(),
            "9999-12-30T22:00:00Z"
        );
    }

    #[test]
    fn refuses_dates_without_time_or_offset() {
        for text in ["2026-01-31", "2026-01-31T12:00:00", "yesterday", ""] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }
}
