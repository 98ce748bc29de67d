//! What a trace's observations add up to, kept with the trace so that lists need not touch them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::Usd;
use crate::observation::{Level, ObservationRow};
use crate::time::Timestamp;

/// The sum of the observations of one trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceSummary {
    pub observation_count: u64,
    /// Observations by level, in the order of [`Level::ALL`].
    pub level_counts: [u64; 4],
    /// Start of the earliest observation.
    pub first_time: Option<Timestamp>,
    /// Latest end, or start where there is no end.
    pub last_time: Option<Timestamp>,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub total_tokens: u64,
    /// Observations with a known cost.
    pub costed_count: u64,
    pub input_cost: Usd,
    pub output_cost: Usd,
    pub total_cost: Usd,
    /// How many observations used each model.
    pub models: BTreeMap<Box<str>, u64>,
    /// What model calls used, by model or none; see [`ObservationRow::is_model_call`].
    pub calls: BTreeMap<Option<Box<str>>, CallSums>,
}

/// The sum of the model calls of one trace to one model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSums {
    pub observation_count: u64,
    /// Exact: each observation counts as engines show it, with at most 2⁶³ − 1.
    pub input_tokens: u128,
    pub output_tokens: u128,
    pub total_tokens: u128,
    /// Of those with a known cost.
    pub total_cost: Usd,
}

/// A summary as stores of before there were [`TraceSummary::calls`] have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryWithoutCalls {
    observation_count: u64,
    level_counts: [u64; 4],
    first_time: Option<Timestamp>,
    last_time: Option<Timestamp>,
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: u64,
    costed_count: u64,
    input_cost: Usd,
    output_cost: Usd,
    total_cost: Usd,
    models: BTreeMap<Box<str>, u64>,
}

/// What such a store would have.
impl From<TraceSummary> for SummaryWithoutCalls {
    fn from(summary: TraceSummary) -> Self {
        Self {
            observation_count: summary.observation_count,
            level_counts: summary.level_counts,
            first_time: summary.first_time,
            last_time: summary.last_time,
            input_tokens: summary.input_tokens,
            output_tokens: summary.output_tokens,
            total_tokens: summary.total_tokens,
            costed_count: summary.costed_count,
            input_cost: summary.input_cost,
            output_cost: summary.output_cost,
            total_cost: summary.total_cost,
            models: summary.models,
        }
    }
}

/// Good for reading. Before it is changed it must be made anew from the trace's observations.
impl From<SummaryWithoutCalls> for TraceSummary {
    fn from(old: SummaryWithoutCalls) -> Self {
        Self {
            observation_count: old.observation_count,
            level_counts: old.level_counts,
            first_time: old.first_time,
            last_time: old.last_time,
            input_tokens: old.input_tokens,
            output_tokens: old.output_tokens,
            total_tokens: old.total_tokens,
            costed_count: old.costed_count,
            input_cost: old.input_cost,
            output_cost: old.output_cost,
            total_cost: old.total_cost,
            models: old.models,
            calls: BTreeMap::new(),
        }
    }
}

/// What one observation adds to its trace's summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    level: Level,
    first_time: Timestamp,
    last_time: Timestamp,
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: u64,
    input_cost: Option<Usd>,
    output_cost: Option<Usd>,
    total_cost: Option<Usd>,
    model: Option<Box<str>>,
    is_model_call: bool,
}

impl Contribution {
    pub fn of(row: &ObservationRow) -> Self {
        Self {
            level: row.level,
            first_time: row.start_time,
            last_time: row.end_time.unwrap_or(row.start_time),
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            total_tokens: row.total_tokens,
            input_cost: row.input_cost,
            output_cost: row.output_cost,
            total_cost: row.total_cost,
            model: row.model.clone(),
            is_model_call: row.is_model_call(),
        }
    }
}

impl CallSums {
    fn add(&mut self, new: &Contribution) {
        self.observation_count += 1;
        self.input_tokens += as_shown(new.input_tokens);
        self.output_tokens += as_shown(new.output_tokens);
        self.total_tokens += as_shown(new.total_tokens);
        self.total_cost = self.total_cost + new.total_cost.unwrap_or_default();
    }

    fn subtract(&mut self, old: &Contribution) {
        self.observation_count -= 1;
        self.input_tokens -= as_shown(old.input_tokens);
        self.output_tokens -= as_shown(old.output_tokens);
        self.total_tokens -= as_shown(old.total_tokens);
        self.total_cost = self.total_cost - old.total_cost.unwrap_or_default();
    }
}

/// Engines have columns of 64 bits with a sign.
fn as_shown(tokens: u64) -> u128 {
    u128::from(tokens.min(i64::MAX.unsigned_abs()))
}

impl TraceSummary {
    pub fn of(contributions: impl IntoIterator<Item = Contribution>) -> Self {
        let mut summary = Self::default();
        for contribution in contributions {
            summary.add(&contribution);
        }
        summary
    }

    pub fn add(&mut self, new: &Contribution) {
        self.observation_count += 1;
        self.level_counts[new.level as usize] += 1;
        self.first_time = Some(
            self.first_time
                .map_or(new.first_time, |first| first.min(new.first_time)),
        );
        self.last_time = Some(
            self.last_time
                .map_or(new.last_time, |last| last.max(new.last_time)),
        );
        self.input_tokens = self.input_tokens.saturating_add(new.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(new.output_tokens);
        self.total_tokens = self.total_tokens.saturating_add(new.total_tokens);
        self.costed_count += u64::from(new.total_cost.is_some());
        self.input_cost = self.input_cost + new.input_cost.unwrap_or_default();
        self.output_cost = self.output_cost + new.output_cost.unwrap_or_default();
        self.total_cost = self.total_cost + new.total_cost.unwrap_or_default();
        if let Some(model) = &new.model {
            *self.models.entry(model.clone()).or_default() += 1;
        }
        if new.is_model_call {
            self.calls.entry(new.model.clone()).or_default().add(new);
        }
    }

    /// Puts `new` in the place of `old`. When that takes away the first or last time, the answer is
    /// `false`: the summary must then be made anew with [`TraceSummary::of`] all observations.
    #[must_use]
    pub fn replace(&mut self, old: &Contribution, new: &Contribution) -> bool {
        if old == new {
            return true;
        }
        let loses_first =
            self.first_time == Some(old.first_time) && new.first_time > old.first_time;
        let loses_last = self.last_time == Some(old.last_time) && new.last_time < old.last_time;
        self.subtract(old);
        self.add(new);
        !(loses_first || loses_last)
    }

    fn subtract(&mut self, old: &Contribution) {
        self.observation_count -= 1;
        self.level_counts[old.level as usize] -= 1;
        self.input_tokens = self.input_tokens.saturating_sub(old.input_tokens);
        self.output_tokens = self.output_tokens.saturating_sub(old.output_tokens);
        self.total_tokens = self.total_tokens.saturating_sub(old.total_tokens);
        self.costed_count -= u64::from(old.total_cost.is_some());
        self.input_cost = self.input_cost - old.input_cost.unwrap_or_default();
        self.output_cost = self.output_cost - old.output_cost.unwrap_or_default();
        self.total_cost = self.total_cost - old.total_cost.unwrap_or_default();
        if let Some(model) = &old.model
            && let Some(count) = self.models.get_mut(model)
        {
            *count -= 1;
            if *count == 0 {
                self.models.remove(model);
            }
        }
        if old.is_model_call
            && let Some(sums) = self.calls.get_mut(&old.model)
        {
            sums.subtract(old);
            if sums.observation_count == 0 {
                self.calls.remove(&old.model);
            }
        }
    }

    /// Seconds from the first start to the last end.
    pub fn latency_s(&self) -> Option<f64> {
        Some(self.last_time?.seconds_since(self.first_time?))
    }

    /// The highest level that occurs.
    pub fn level(&self) -> Level {
        let present = Level::ALL
            .into_iter()
            .rev()
            .find(|level| self.level_counts[*level as usize] > 0);
        present.unwrap_or_default()
    }
}
