//! What traces changed by, added up, equals what they come to in the end.

use proptest::prelude::*;
use xtrace_model::derive::{observation_row, trace_row};
use xtrace_model::{
    Contribution, Costing, ObservationId, ObservationKey, ObservationState, PriceBook, Rollup,
    TraceId, TraceRow, TraceState, TraceSummary,
};

use crate::events::{Event, OBSERVATION_FIELDS, TRACE_FIELDS, events};

/// A trace with its observations.
#[derive(Clone, Default)]
struct Held {
    state: TraceState,
    observations: [Option<ObservationState>; 3],
}

impl Held {
    fn row(&self) -> TraceRow {
        let id = TraceId::new("t").unwrap();
        let key = ObservationKey {
            trace_id: id.clone(),
            id: ObservationId::new("o").unwrap(),
        };
        let contributions = self.observations.iter().flatten().map(|state| {
            let costing = Costing::of(&state.facts, &PriceBook::default());
            Contribution::of(&observation_row(key.clone(), &state.facts, &costing))
        });
        trace_row(id, &self.state.facts, TraceSummary::of(contributions))
    }
}

#[derive(Clone, Debug)]
enum Step {
    Trace(usize, Event),
    Observation(usize, usize, Event),
    Delete(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let first = |events: Vec<Event>| events.into_iter().next().unwrap();
    let of_trace = (0..3_usize, events(TRACE_FIELDS).prop_map(first))
        .prop_map(|(trace, event)| Step::Trace(trace, event));
    let of_observation = (
        0..3_usize,
        0..3_usize,
        events(OBSERVATION_FIELDS).prop_map(first),
    )
        .prop_map(|(trace, id, event)| Step::Observation(trace, id, event));
    let delete = (0..3_usize).prop_map(Step::Delete);
    let step = prop_oneof![3 => of_trace, 6 => of_observation, 1 => delete];
    prop::collection::vec(step, 1..24)
}

proptest! {
    #[test]
    fn the_sum_of_all_changes_is_the_rollup_of_what_is_left(steps in steps()) {
        let mut traces: [Option<Held>; 3] = Default::default();
        let mut changes = Rollup::default();
        for step in steps {
            let (Step::Trace(trace, _) | Step::Observation(trace, ..) | Step::Delete(trace)) = step;
            if let Some(before) = &traces[trace] {
                changes.subtract(&"p", &before.row());
            }
            match step {
                Step::Trace(trace, event) => {
                    traces[trace].get_or_insert_default().state.join(event.trace());
                }
                Step::Observation(trace, id, event) => {
                    let held = traces[trace].get_or_insert_default();
                    held.observations[id].get_or_insert_default().join(event.observation());
                }
                Step::Delete(trace) => traces[trace] = None,
            }
            if let Some(after) = &traces[trace] {
                changes.add(&"p", &after.row());
            }
        }
        let mut left = Rollup::default();
        for held in traces.iter().flatten() {
            left.add(&"p", &held.row());
        }
        let changes: Vec<_> = changes.into_cells().collect();
        prop_assert_eq!(changes, left.into_cells().collect::<Vec<_>>());
    }
}
