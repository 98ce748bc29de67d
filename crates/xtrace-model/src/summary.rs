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
        }
    }
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
