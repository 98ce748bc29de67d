//! What is stored of a project, and the rows that follow from it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use xtrace_model::derive::{last_activity, observation_row, trace_row};
use xtrace_model::{
    Change, Contribution, Costing, ObservationFacts, ObservationId, ObservationKey, ObservationRow,
    ObservationState, PriceBook, SeriesKey, Timestamp, TraceFacts, TraceId, TraceRow, TraceState,
    TraceSummary,
};
use xtrace_store::{ObservationPayload, Outcome, Rejection, TracePayload};

use crate::SERIES_MAX;

/// Points by time.
pub type Points = BTreeMap<Timestamp, f64>;

/// All of one project.
#[derive(Debug, Default)]
pub struct Contents {
    pub traces: BTreeMap<TraceId, StoredTrace>,
    pub series: BTreeMap<SeriesKey, Points>,
}

#[derive(Debug, Default)]
pub struct StoredTrace {
    state: TraceState,
    pub observations: BTreeMap<ObservationId, StoredObservation>,
    /// What follows from all that; worked out when it is asked for, forgotten when something is written.
    rows: OnceLock<TraceRows>,
}

/// The rows of a trace and of its observations, these by id.
#[derive(Debug)]
pub struct TraceRows {
    pub trace: TraceRow,
    pub observations: Vec<ObservationRow>,
}

#[derive(Debug, Default)]
pub struct StoredObservation {
    state: ObservationState,
    /// Worked out when it was written: a new price list changes no number that was shown.
    costing: Costing,
}

impl Contents {
    pub fn write_trace(&mut self, id: TraceId, patch: TraceState) -> Outcome {
        let is_new = !self.traces.contains_key(&id);
        let trace = self.traces.entry(id).or_default();
        trace.rows = OnceLock::new();
        let change = trace.state.join(patch);
        outcome(is_new, change)
    }

    pub fn write_observation(
        &mut self,
        key: ObservationKey,
        patch: ObservationState,
        prices: &PriceBook,
    ) -> Outcome {
        let trace = self.traces.entry(key.trace_id).or_default();
        trace.rows = OnceLock::new();
        // An observation says of its trace that it exists, and since when at the latest.
        trace.state.facts.join(TraceFacts {
            created_at: patch.facts.created_at,
            updated_at: patch.facts.updated_at,
            ..TraceFacts::default()
        });
        let is_new = !trace.observations.contains_key(&key.id);
        let observation = trace.observations.entry(key.id).or_default();
        let before = observation.state.facts.clone();
        let change = observation.state.join(patch);
        if is_new || costing_inputs(&before) != costing_inputs(&observation.state.facts) {
            observation.costing = Costing::of(&observation.state.facts, prices);
        }
        outcome(is_new, change)
    }

    /// How many of the points are new or changed, and how many were there already with that value.
    pub fn write_points(&mut self, series: SeriesKey, points: &[(Timestamp, f64)]) -> Outcome {
        if !self.series.contains_key(&series) && self.series.len() as u64 >= SERIES_MAX {
            return Outcome::Rejected(Rejection::series_limit(SERIES_MAX, &series));
        }
        let stored = self.series.entry(series).or_default();
        let (mut accepted, mut duplicate) = (0, 0);
        for (time, value) in points {
            match stored.insert(*time, *value) {
                #[expect(clippy::float_cmp, reason = "the same value, to the bit")]
                Some(before) if before == *value => duplicate += 1,
                _ => accepted += 1,
            }
        }
        Outcome::Points {
            accepted,
            duplicate,
        }
    }

    /// Takes away what was last active before that time; says how many traces.
    pub fn expire_traces(&mut self, before: Timestamp) -> usize {
        let count = self.traces.len();
        self.traces
            .retain(|id, trace| last_activity(&trace.rows(id).trace) >= before);
        count - self.traces.len()
    }

    /// Takes away points before that time, and series that have none left; says how many points.
    pub fn expire_points(&mut self, before: Timestamp) -> usize {
        let mut expired = 0;
        for points in self.series.values_mut() {
            let kept = points.split_off(&before);
            expired += points.len();
            *points = kept;
        }
        self.series.retain(|_, points| !points.is_empty());
        expired
    }
}

impl StoredTrace {
    pub fn rows(&self, id: &TraceId) -> &TraceRows {
        self.rows.get_or_init(|| {
            let observations: Vec<ObservationRow> = self
                .observations
                .iter()
                .map(|(observation, stored)| stored.row(id, observation))
                .collect();
            let summary = TraceSummary::of(observations.iter().map(Contribution::of));
            TraceRows {
                trace: trace_row(id.clone(), &self.state.facts, summary),
                observations,
            }
        })
    }

    pub fn payload(&self) -> TracePayload {
        let content = &self.state.content;
        TracePayload {
            input: content.input.get().cloned(),
            output: content.output.get().cloned(),
            metadata: content.metadata.to_json(),
        }
    }
}

impl StoredObservation {
    pub fn row(&self, trace: &TraceId, id: &ObservationId) -> ObservationRow {
        let key = ObservationKey {
            trace_id: trace.clone(),
            id: id.clone(),
        };
        observation_row(key, &self.state.facts, &self.costing)
    }

    pub fn payload(&self) -> ObservationPayload {
        let content = &self.state.content;
        ObservationPayload {
            input: content.input.get().cloned(),
            output: content.output.get().cloned(),
            model_parameters: content.model_parameters.get().cloned(),
            metadata: content.metadata.to_json(),
        }
    }
}

fn outcome(is_new: bool, change: Change) -> Outcome {
    if is_new || change == Change::Changed {
        Outcome::Accepted
    } else {
        Outcome::Duplicate
    }
}

/// All that a costing is worked out from.
fn costing_inputs(facts: &ObservationFacts) -> impl PartialEq + use<> {
    (
        facts.model.get().cloned(),
        facts.model_id.get().cloned(),
        facts.known_usage(),
        facts.cost.get().cloned(),
        facts.price_attributes.get().cloned(),
        [&facts.input_price, &facts.output_price, &facts.total_price]
            .map(|price| price.get().copied()),
    )
}
