//! Local days: from the name of a time zone to the offsets a plan can carry, and from day numbers to dates.
//!
//! Engines need no time zones of their own: within a range a zone is a list of constant offsets.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use xtrace_model::Timestamp;

use crate::check::OFFSETS_MAX;
use crate::plan::Bucket;

/// Why there are no local days.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    #[error("{name:?} is not the IANA name of a time zone such as Asia/Shanghai")]
    Unknown { name: String },
    #[error(
        "the time range has more than {OFFSETS_MAX} changes of the clock in {name}; ask for a shorter one"
    )]
    TooLong { name: String },
}

/// The local days of the zone `name`, right for every time from `from` to `to`, both included. Times outside
/// take the offset of the nearer end.
///
/// # Errors
/// There is no such zone, or its clock changes too often in the range.
pub fn days(name: &str, from: Timestamp, to: Timestamp) -> Result<Bucket, ZoneError> {
    let name = name.trim();
    let unknown = || ZoneError::Unknown {
        name: name.chars().take(64).collect(),
    };
    // Only names: neither offsets nor the machine's own zone.
    let zone = TimeZone::get(name).map_err(|_| unknown())?;
    let mut offsets = vec![(from, zone.to_offset(from.to_jiff()).seconds())];
    for change in zone.following(from.to_jiff()) {
        let at = Timestamp::from_micros(change.timestamp().as_microsecond());
        if at > to {
            break;
        }
        let seconds = change.offset().seconds();
        // A change of name or of daylight saving alone moves no clock.
        if offsets.last().is_some_and(|(_, last)| *last == seconds) {
            continue;
        }
        if offsets.len() == OFFSETS_MAX {
            return Err(ZoneError::TooLong {
                name: name.to_owned(),
            });
        }
        offsets.push((at, seconds));
    }
    Ok(Bucket::Day { offsets })
}

/// The days of UTC.
pub fn utc_days() -> Bucket {
    Bucket::Day {
        offsets: vec![(Timestamp::MIN, 0)],
    }
}

/// The length of a week.
pub const WEEK_MICROS: i64 = 7 * 86_400_000_000;
/// The beginning of a week, 1970-01-05.
pub const MONDAY_MICROS: i64 = 4 * 86_400_000_000;

/// The beginning of the month of UTC, in microseconds since the epoch.
fn month_of(time: Timestamp) -> i64 {
    let first = time
        .to_jiff()
        .to_zoned(TimeZone::UTC)
        .date()
        .first_of_month();
    let start = first.to_zoned(TimeZone::UTC).map(|start| start.timestamp());
    // There is no first of the month before the earliest of times, which is one.
    start.map_or(Timestamp::MIN.as_micros(), jiff::Timestamp::as_microsecond)
}

impl Bucket {
    /// The number that [`Bucket::Day`] gives a time, or the start in microseconds that the others give it: what every
    /// engine computes.
    pub fn of(&self, time: Timestamp) -> i64 {
        const DAY_MICROS: i64 = 86_400_000_000;
        match self {
            Self::Fixed { micros } => time.as_micros().div_euclid(*micros) * micros,
            Self::Week => {
                let from_monday = time.as_micros() - MONDAY_MICROS;
                from_monday.div_euclid(WEEK_MICROS) * WEEK_MICROS + MONDAY_MICROS
            }
            Self::Month => month_of(time),
            Self::Day { offsets } => {
                let later = offsets.partition_point(|(at, _)| *at <= time);
                let seconds = offsets
                    .get(later.saturating_sub(1))
                    .map_or(0, |(_, seconds)| *seconds);
                (time.as_micros() + i64::from(seconds) * 1_000_000).div_euclid(DAY_MICROS)
            }
        }
    }
}

impl Bucket {
    /// Where the bucket after the one that begins at `start` begins, both in microseconds since the epoch; of days,
    /// their numbers.
    pub fn next(&self, start: i64) -> i64 {
        const MONTH_MICROS_MAX: i64 = 31 * 86_400_000_000;
        match self {
            Self::Fixed { micros } => start.saturating_add(*micros),
            Self::Week => start.saturating_add(WEEK_MICROS),
            Self::Month => {
                let later = Timestamp::from_micros(start).saturating_add_micros(MONTH_MICROS_MAX);
                month_of(later)
            }
            Self::Day { .. } => start.saturating_add(1),
        }
    }
}

/// `2026-01-31` for a day number of [`Bucket::Day`]; `None` past the years that dates have.
pub fn date_text(day: i64) -> Option<String> {
    let epoch = Date::constant(1970, 1, 1);
    let span = jiff::Span::new().try_days(day).ok()?;
    Some(epoch.checked_add(span).ok()?.to_string())
}

/// The day number of `2026-01-31`.
pub fn day_of_date(text: &str) -> Option<i64> {
    let date: Date = text.trim().parse().ok()?;
    let span = date
        .since((jiff::Unit::Day, Date::constant(1970, 1, 1)))
        .ok()?;
    Some(i64::from(span.get_days()))
}

#[cfg(test)]
mod tests;
