//! Rollups: what traces add up to, by time and by model, in cells that can be added up and taken away again.
//!
//! A trace belongs to one bucket of time, that of its timestamp, with all its observations. So the number of traces
//! that used a model in a bucket is a sum as well: each counts once, however many calls it made. What a trace changes
//! by is what it comes to afterwards less what it came to before, whatever happened to it in between; that makes
//! rollups exact. What this deliberately does not do: keep anything, or know of places where it is kept.

use std::collections::BTreeMap;
use std::ops::{AddAssign, Neg};

use serde::{Deserialize, Serialize};

use crate::money::Usd;
use crate::time::Timestamp;
use crate::trace::TraceRow;

/// The length of a bucket: a quarter of an hour, by which the offsets from UTC of all present time zones can be
/// divided. Buckets begin at multiples of it since the epoch.
pub const BUCKET_MICROS: i64 = 15 * 60 * 1_000_000;

/// What is added up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cell {
    /// All traces.
    All,
    /// The traces of the bucket that begins then.
    Traces(Timestamp),
    /// The model calls of the traces of a bucket, to one model or none.
    Calls(Timestamp, Option<Box<str>>),
}

/// What a cell adds up to, or changes by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Of calls: those with such a call.
    pub traces: i64,
    pub observations: i64,
    /// Of calls alone, as are the next two.
    pub input_tokens: i128,
    pub output_tokens: i128,
    pub total_tokens: i128,
    /// Of observations with a known cost.
    pub cost: Usd,
    /// Traces without any known cost of an observation.
    pub sent_traces: i64,
    /// The cost that was sent for those.
    pub sent_cost: Usd,
}

/// Cells of several places (projects, partitions …) that are being added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollup<P> {
    cells: BTreeMap<(P, Cell), Sums>,
}

impl Cell {
    /// As stores number kinds of cells.
    pub const ALL: i16 = 0;
    /// As [`Self::ALL`].
    pub const TRACES: i16 = 1;
    /// As [`Self::ALL`].
    pub const CALLS: i16 = 2;
    /// As [`Self::ALL`]: calls to no model.
    pub const CALLS_WITHOUT_MODEL: i16 = 3;

    /// The number of its kind.
    pub fn kind(&self) -> i16 {
        match self {
            Self::All => Self::ALL,
            Self::Traces(_) => Self::TRACES,
            Self::Calls(_, Some(_)) => Self::CALLS,
            Self::Calls(_, None) => Self::CALLS_WITHOUT_MODEL,
        }
    }

    /// The beginning of its bucket; of all traces the epoch.
    pub fn bucket(&self) -> Timestamp {
        match self {
            Self::All => Timestamp::default(),
            Self::Traces(bucket) | Self::Calls(bucket, _) => *bucket,
        }
    }

    /// Empty where there is none.
    pub fn model(&self) -> &str {
        match self {
            Self::Calls(_, Some(model)) => model,
            _ => "",
        }
    }
}

/// The beginning of the bucket that a time lies in.
pub fn bucket_of(time: Timestamp) -> Timestamp {
    let micros = time.as_micros();
    Timestamp::from_micros(micros - micros.rem_euclid(BUCKET_MICROS))
}

/// What one trace comes to.
fn cells(row: &TraceRow) -> impl Iterator<Item = (Cell, Sums)> {
    let summary = &row.summary;
    let is_observed = summary.costed_count > 0;
    let sent_cost = if is_observed { None } else { row.total_cost };
    let whole = Sums {
        traces: 1,
        observations: summary.observation_count.cast_signed(),
        cost: if is_observed {
            summary.total_cost
        } else {
            Usd::ZERO
        },
        sent_traces: i64::from(!is_observed),
        sent_cost: sent_cost.unwrap_or_default(),
        ..Sums::default()
    };
    let bucket = bucket_of(row.timestamp);
    let calls = summary.calls.iter().map(move |(model, calls)| {
        let sums = Sums {
            traces: 1,
            observations: calls.observation_count.cast_signed(),
            input_tokens: calls.input_tokens.cast_signed(),
            output_tokens: calls.output_tokens.cast_signed(),
            total_tokens: calls.total_tokens.cast_signed(),
            cost: calls.total_cost,
            ..Sums::default()
        };
        (Cell::Calls(bucket, model.clone()), sums)
    });
    [(Cell::All, whole), (Cell::Traces(bucket), whole)]
        .into_iter()
        .chain(calls)
}

impl<P> Default for Rollup<P> {
    fn default() -> Self {
        Self {
            cells: BTreeMap::new(),
        }
    }
}

impl<P: Ord + Clone> Rollup<P> {
    /// Adds a trace as it is now.
    pub fn add(&mut self, place: &P, row: &TraceRow) {
        for (cell, sums) in cells(row) {
            *self.cells.entry((place.clone(), cell)).or_default() += sums;
        }
    }

    /// Takes a trace away as it was before.
    pub fn subtract(&mut self, place: &P, row: &TraceRow) {
        for (cell, sums) in cells(row) {
            *self.cells.entry((place.clone(), cell)).or_default() += -sums;
        }
    }

    /// The cells that are not zero, in order of place and cell.
    pub fn into_cells(self) -> impl Iterator<Item = (P, Cell, Sums)> {
        let cells = self.cells.into_iter();
        cells
            .filter(|(_, sums)| *sums != Sums::default())
            .map(|((place, cell), sums)| (place, cell, sums))
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.traces += other.traces;
        self.observations += other.observations;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.total_tokens += other.total_tokens;
        self.cost = self.cost + other.cost;
        self.sent_traces += other.sent_traces;
        self.sent_cost = self.sent_cost + other.sent_cost;
    }
}

impl Neg for Sums {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            traces: -self.traces,
            observations: -self.observations,
            input_tokens: -self.input_tokens,
            output_tokens: -self.output_tokens,
            total_tokens: -self.total_tokens,
            cost: Usd::ZERO - self.cost,
            sent_traces: -self.sent_traces,
            sent_cost: Usd::ZERO - self.sent_cost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_begin_at_quarters_of_an_hour_before_and_after_the_epoch() {
        let check = |time: &str, expected: &str| {
            let bucket = bucket_of(Timestamp::parse(time).unwrap());
            assert_eq!(bucket.to_string(), expected, "{time}");
        };
        check("2026-01-31T12:15:00Z", "2026-01-31T12:15:00Z");
        check("2026-01-31T12:29:59.999999Z", "2026-01-31T12:15:00Z");
        check("1969-12-31T23:59:59.999999Z", "1969-12-31T23:45:00Z");
        check("0000-01-01T00:00:01Z", "0000-01-01T00:00:00Z");
    }
}
