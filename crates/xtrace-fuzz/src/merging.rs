//! Several requests about the same traces: the order in which they are merged does not matter, and neither does it to
//! rows, costs and summaries.

use std::collections::BTreeMap;

use xtrace_ingest::native::{Patch, decode_batch};
use xtrace_model::derive::observation_row;
use xtrace_model::{
    Contribution, Costing, ObservationKey, ObservationState, PriceBook, Timestamp, TraceId,
    TraceState, TraceSummary,
};

use crate::bytes::{pieces, received};
use crate::stored_states::check_joins;

const BODIES_MAX: usize = 5;
const ITEMS_MAX: usize = 12;

/// The pieces are bodies, received one after the other; of one item's states all orders are tried.
pub fn run(data: &[u8]) {
    let mut traces: BTreeMap<TraceId, Vec<TraceState>> = BTreeMap::new();
    let mut observations: BTreeMap<ObservationKey, Vec<ObservationState>> = BTreeMap::new();
    for (index, body) in pieces(data, BODIES_MAX).into_iter().enumerate() {
        // Two bodies of one instant are told apart by their values alone.
        let time = received().saturating_add_micros(index as i64 / 2);
        let Ok(decoded) = decode_batch(body, time) else {
            continue;
        };
        for item in decoded.items.into_iter().take(ITEMS_MAX) {
            match item.result {
                Ok(Patch::Trace { id, patch }) => traces.entry(id).or_default().push(*patch),
                Ok(Patch::Observation { key, patch }) => {
                    observations.entry(key).or_default().push(*patch);
                }
                Err(_) => {}
            }
        }
    }
    traces.values().for_each(|states| check_joins(states));
    observations.values().for_each(|states| check_joins(states));
    check_summary(&observations);
}

/// A summary kept up to date is the one made of the final rows.
fn check_summary(observations: &BTreeMap<ObservationKey, Vec<ObservationState>>) {
    let prices = PriceBook::default();
    let mut kept = TraceSummary::default();
    let mut is_kept = true;
    let mut rows = Vec::new();
    for (key, states) in observations {
        let mut joined = ObservationState::default();
        let mut last: Option<Contribution> = None;
        for state in states {
            joined.join(state.clone());
            let costing = Costing::of(&joined.facts, &prices);
            let row = observation_row(key.clone(), &joined.facts, &costing);
            let new = Contribution::of(&row);
            match &last {
                Some(old) => is_kept &= kept.replace(old, &new),
                None => kept.add(&new),
            }
            last = Some(new);
        }
        rows.extend(last);
    }
    let anew = TraceSummary::of(rows);
    assert!(!is_kept || kept == anew, "{kept:?} is not {anew:?}");
    let (first, last) = (anew.first_time, anew.last_time);
    assert!(first.unwrap_or(Timestamp::MIN) <= last.unwrap_or(Timestamp::MAX));
}
