//! Weeks, the unit of partitioning: each begins on a Monday, UTC.

use xtrace_model::Timestamp;

const MICROS_PER_DAY: i64 = 86_400_000_000;
const DAYS_PER_WEEK: i32 = 7;
/// 1970-01-01 was a Thursday, three days after a Monday.
const EPOCH_AFTER_MONDAY: i32 = 3;

/// A week, as the days from 1970-01-01 to its Monday: how the server is told dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week(pub i32);

impl Week {
    pub fn of(time: Timestamp) -> Self {
        let days = time.as_micros().div_euclid(MICROS_PER_DAY);
        let days = i32::try_from(days).expect("the years 0000 to 9999 have fewer days than that");
        Self(days - (days + EPOCH_AFTER_MONDAY).rem_euclid(DAYS_PER_WEEK))
    }

    pub fn plus(self, weeks: i32) -> Self {
        Self(self.0 + weeks * DAYS_PER_WEEK)
    }

    /// The first instant after it.
    pub fn end(self) -> Timestamp {
        Timestamp::from_micros(i64::from(self.0 + DAYS_PER_WEEK) * MICROS_PER_DAY)
    }
}

#[cfg(test)]
mod tests {
    use xtrace_model::Timestamp;

    use super::Week;

    #[test]
    fn begins_on_monday() {
        let week = |text: &str| Week::of(Timestamp::parse(text).unwrap());
        let monday = week("2026-11-16T00:00:00Z");
        assert_eq!(monday.0, 20_773);
        assert_eq!(week("2026-11-22T23:59:59.999999Z"), monday);
        assert_eq!(week("2026-11-15T23:59:59.999999Z"), monday.plus(-1));
        assert_eq!(week("1970-01-01T00:00:00Z").0, -3);
        assert_eq!(week("1969-12-28T12:00:00Z").0, -10);
        assert_eq!(monday.end().to_string(), "2026-11-23T00:00:00Z");
        assert!(week("0000-01-01T00:00:00Z") < Week::of(Timestamp::MAX));
    }
}
