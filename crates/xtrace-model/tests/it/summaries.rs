//! A summary kept up to date equals one made from all observations.

use proptest::prelude::*;
use xtrace_model::derive::observation_row;
use xtrace_model::{
    Contribution, Costing, ObservationId, ObservationKey, ObservationState, PriceBook, TraceId,
    TraceSummary,
};

use crate::events::{OBSERVATION_FIELDS, events};

fn contribution(state: &ObservationState) -> Contribution {
    let key = ObservationKey {
        trace_id: TraceId::new("t").unwrap(),
        id: ObservationId::new("o").unwrap(),
    };
    let costing = Costing::of(&state.facts, &PriceBook::default());
    Contribution::of(&observation_row(key, &state.facts, &costing))
}

proptest! {
    #[test]
    fn adding_and_replacing_equals_making_it_anew(
        observations in prop::collection::vec(events(OBSERVATION_FIELDS), 1..5),
    ) {
        let mut states: Vec<Option<ObservationState>> = vec![None; observations.len()];
        let mut summary = TraceSummary::default();
        let rounds = observations.iter().map(Vec::len).max().unwrap_or(0);
        for round in 0..rounds {
            for (index, events) in observations.iter().enumerate() {
                let Some(event) = events.get(round) else { continue };
                let old = states[index].clone();
                let mut new = old.clone().unwrap_or_default();
                new.join(event.observation());
                let is_kept = match &old {
                    None => { summary.add(&contribution(&new)); true }
                    Some(old) => summary.replace(&contribution(old), &contribution(&new)),
                };
                states[index] = Some(new);
                let anew = TraceSummary::of(states.iter().flatten().map(contribution));
                if !is_kept {
                    summary = anew.clone();
                }
                prop_assert_eq!(&summary, &anew);
            }
        }
    }
}
