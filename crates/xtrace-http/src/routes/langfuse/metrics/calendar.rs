//! Time in parts: minutes to months of UTC, and which of them lie in a range.

use xtrace_model::Timestamp;
use xtrace_query::Bucket;
use xtrace_query::zone::date_text;

const MINUTE_MICROS: i64 = 60_000_000;
const HOUR_MICROS: i64 = 60 * MINUTE_MICROS;
const DAY_MICROS: i64 = 24 * HOUR_MICROS;

/// Most parts of a range in which those without rows are shown as well.
pub const PARTS_MAX: usize = 20_000;

/// The length of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

impl Granularity {
    pub const NAMES: [&str; 6] = ["auto", "minute", "hour", "day", "week", "month"];

    /// `auto` goes by the length of the range.
    pub fn parse(text: &str, from: Timestamp, to: Timestamp) -> Option<Self> {
        Some(match text {
            "auto" => Self::fitting(from, to),
            "minute" => Self::Minute,
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            _ => return None,
        })
    }

    fn fitting(from: Timestamp, to: Timestamp) -> Self {
        let micros = to.as_micros().saturating_sub(from.as_micros());
        match micros {
            ..7_200_000_000 => Self::Minute,
            _ if micros < 72 * HOUR_MICROS => Self::Hour,
            _ if micros < 60 * DAY_MICROS => Self::Day,
            _ if micros < 365 * DAY_MICROS => Self::Week,
            _ => Self::Month,
        }
    }

    pub fn bucket(self) -> Bucket {
        match self {
            Self::Minute => Bucket::Fixed {
                micros: MINUTE_MICROS,
            },
            Self::Hour => Bucket::Fixed {
                micros: HOUR_MICROS,
            },
            Self::Day => Bucket::Fixed { micros: DAY_MICROS },
            Self::Week => Bucket::Week,
            Self::Month => Bucket::Month,
        }
    }

    /// Minutes and hours are shown as times, longer parts as the date of their first day.
    pub fn text(self, start: Timestamp) -> String {
        match self {
            Self::Minute | Self::Hour => start.to_string(),
            Self::Day | Self::Week | Self::Month => date(start),
        }
    }

    /// The beginnings of all parts with a time from `from` to before `to`; none where they are more than
    /// [`PARTS_MAX`].
    pub fn parts(self, from: Timestamp, to: Timestamp) -> Option<Vec<Timestamp>> {
        let bucket = self.bucket();
        let mut parts = Vec::new();
        let mut start = bucket.of(from);
        while start < to.as_micros() {
            if parts.len() == PARTS_MAX {
                return None;
            }
            parts.push(Timestamp::from_micros(start));
            start = bucket.next(start);
        }
        Some(parts)
    }
}

/// The day, `2026-01-31`.
fn date(time: Timestamp) -> String {
    let day = time.as_micros().div_euclid(DAY_MICROS);
    date_text(day).unwrap_or_default()
}

/// The month, `2026-01`.
pub fn month(start: Timestamp) -> String {
    let mut text = date(start);
    if let Some(end) = text.rfind('-') {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn auto_goes_by_the_length_of_the_range() {
        let check = |to: &str, expected| {
            let from = time("2026-01-01T00:00:00Z");
            assert_eq!(
                Granularity::parse("auto", from, time(to)),
                Some(expected),
                "{to}"
            );
        };
        check("2026-01-01T00:00:00Z", Granularity::Minute);
        check("2026-01-01T01:59:59.999999Z", Granularity::Minute);
        check("2026-01-01T02:00:00Z", Granularity::Hour);
        check("2026-01-03T23:59:59Z", Granularity::Hour);
        check("2026-01-04T00:00:00Z", Granularity::Day);
        check("2026-03-01T23:59:59Z", Granularity::Day);
        check("2026-03-02T00:00:00Z", Granularity::Week);
        check("2026-12-31T23:59:59Z", Granularity::Week);
        check("2027-01-01T00:00:00Z", Granularity::Month);
    }

    #[test]
    fn parts_begin_where_the_calendar_says_and_end_before_the_range_does() {
        let check = |granularity: Granularity, (from, to), expected: &[&str]| {
            let parts = granularity.parts(time(from), time(to)).unwrap();
            let texts: Vec<String> = parts.into_iter().map(|at| granularity.text(at)).collect();
            assert_eq!(texts, expected);
        };
        let hours = ("2026-01-31T22:30:00Z", "2026-02-01T00:00:00Z");
        check(
            Granularity::Hour,
            hours,
            &["2026-01-31T22:00:00Z", "2026-01-31T23:00:00Z"],
        );
        let days = ("2026-02-28T23:59:59Z", "2026-03-01T00:00:00.000001Z");
        check(Granularity::Day, days, &["2026-02-28", "2026-03-01"]);
        let weeks = ("2026-01-01T00:00:00Z", "2026-01-12T00:00:01Z");
        check(
            Granularity::Week,
            weeks,
            &["2025-12-29", "2026-01-05", "2026-01-12"],
        );
        let months = ("2025-12-31T00:00:00Z", "2026-03-01T00:00:00Z");
        check(
            Granularity::Month,
            months,
            &["2025-12-01", "2026-01-01", "2026-02-01"],
        );
        let nothing = ("2026-02-28T00:00:00Z", "2026-02-28T00:00:00Z");
        check(Granularity::Day, nothing, &[]);
    }

    #[test]
    fn more_parts_than_the_limit_are_none() {
        let (from, to) = (time("2026-01-01T00:00:00Z"), time("2027-01-01T00:00:00Z"));
        assert_eq!(Granularity::Minute.parts(from, to), None);
        assert_eq!(
            Granularity::Minute.parts(Timestamp::MIN, Timestamp::MAX),
            None
        );
        assert_eq!(
            Granularity::Hour.parts(from, to).map(|parts| parts.len()),
            Some(8_760)
        );
        let all = Granularity::Month.parts(Timestamp::MIN, Timestamp::MAX);
        assert!(all.is_none());
    }

    #[test]
    fn months_are_shown_without_a_day() {
        assert_eq!(month(time("2026-02-01T00:00:00Z")), "2026-02");
    }
}
