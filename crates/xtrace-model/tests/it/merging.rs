//! Any order, any duplication and any split of the same events give the same record.

use proptest::prelude::*;
use xtrace_model::derive::{observation_row, trace_row};
use xtrace_model::{
    Change, Costing, ObservationId, ObservationKey, ObservationState, PriceBook, TraceId,
    TraceState, TraceSummary,
};

use crate::events::{Event, OBSERVATION_FIELDS, TRACE_FIELDS, events};

/// What both kinds of state have in common, for one set of properties.
trait State:
    Clone + Default + PartialEq + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned
{
    fn join_with(&mut self, other: Self) -> Change;
    /// When it was last updated depends on when what was received, so it is left out of comparisons.
    fn without_update(self) -> Self;
    /// What readers see of it, save when it was received.
    fn seen(&self) -> String;
}

impl State for TraceState {
    fn join_with(&mut self, other: Self) -> Change {
        self.join(other)
    }

    fn without_update(mut self) -> Self {
        self.facts.updated_at = None;
        self
    }

    fn seen(&self) -> String {
        let mut facts = self.clone().without_update().facts;
        facts.created_at = None;
        let row = trace_row(TraceId::new("t").unwrap(), &facts, TraceSummary::default());
        format!(
            "{row:?} {:?} {:?} {:?}",
            self.content.input.get(),
            self.content.output.get(),
            self.content.metadata.to_json()
        )
    }
}

impl State for ObservationState {
    fn join_with(&mut self, other: Self) -> Change {
        self.join(other)
    }

    fn without_update(mut self) -> Self {
        self.facts.updated_at = None;
        self
    }

    fn seen(&self) -> String {
        let mut facts = self.clone().without_update().facts;
        facts.created_at = None;
        let key = ObservationKey {
            trace_id: TraceId::new("t").unwrap(),
            id: ObservationId::new("o").unwrap(),
        };
        let row = observation_row(key, &facts, &Costing::of(&facts, &PriceBook::default()));
        let content = &self.content;
        format!(
            "{row:?} {:?} {:?} {:?}",
            content.input.get(),
            content.model_parameters.get(),
            content.metadata.to_json()
        )
    }
}

fn joined<S: State>(patches: impl IntoIterator<Item = S>) -> S {
    let mut state = S::default();
    for patch in patches {
        state.join_with(patch);
    }
    state
}

/// How the same patches may arrive otherwise: in another order, some again, in groups joined beforehand.
#[derive(Clone, Debug)]
struct Arrival {
    order: Vec<prop::sample::Index>,
    again: Vec<prop::sample::Index>,
    group_size: usize,
}

fn arrivals() -> impl Strategy<Value = Arrival> {
    let indices = || prop::collection::vec(any::<prop::sample::Index>(), 8);
    let arrival = (indices(), indices(), 1..5_usize);
    arrival.prop_map(|(order, again, group_size)| Arrival {
        order,
        again,
        group_size,
    })
}

impl Arrival {
    fn of<S: State>(&self, patches: &[S]) -> S {
        let mut left: Vec<S> = patches.to_vec();
        let mut arrived: Vec<S> = Vec::new();
        for index in &self.order {
            if !left.is_empty() {
                arrived.push(left.remove(index.index(left.len())));
            }
        }
        arrived.append(&mut left);
        arrived.extend(
            self.again
                .iter()
                .map(|index| patches[index.index(patches.len())].clone()),
        );
        joined(
            arrived
                .chunks(self.group_size)
                .map(|group| joined(group.iter().cloned())),
        )
    }
}

fn check<S: State>(patches: &[S], arrival: &Arrival) -> Result<(), TestCaseError> {
    let expected = joined(patches.iter().cloned());
    let arrived = arrival.of(patches);
    prop_assert_eq!(
        arrived.clone().without_update(),
        expected.clone().without_update()
    );
    prop_assert_eq!(arrived.seen(), expected.seen());
    Ok(())
}

/// Joining says so when a reader can tell, and joining the same again says nothing happened.
fn check_change<S: State>(patches: &[S]) -> Result<(), TestCaseError> {
    let mut state = S::default();
    for patch in patches {
        let before = state.seen();
        let change = state.join_with(patch.clone());
        prop_assert!(before == state.seen() || change == Change::Changed);
        prop_assert_eq!(state.join_with(patch.clone()), Change::Unchanged);
    }
    Ok(())
}

fn check_stored_form<S: State>(patches: &[S]) -> Result<(), TestCaseError> {
    let state = joined(patches.iter().cloned());
    let bytes = postcard::to_stdvec(&state).unwrap();
    let read: S = postcard::from_bytes(&bytes).unwrap();
    prop_assert_eq!(&read, &state);
    Ok(())
}

proptest! {
    #[test]
    fn traces_forget_order_duplication_and_split(events in events(TRACE_FIELDS), arrival in arrivals()) {
        let patches: Vec<TraceState> = events.iter().map(Event::trace).collect();
        check(&patches, &arrival)?;
    }

    #[test]
    fn observations_forget_order_duplication_and_split(
        events in events(OBSERVATION_FIELDS),
        arrival in arrivals(),
    ) {
        let patches: Vec<ObservationState> = events.iter().map(Event::observation).collect();
        check(&patches, &arrival)?;
    }

    #[test]
    fn a_join_that_readers_can_see_says_so_and_a_repeated_one_does_nothing(
        traces in events(TRACE_FIELDS),
        observations in events(OBSERVATION_FIELDS),
    ) {
        let traces: Vec<TraceState> = traces.iter().map(Event::trace).collect();
        check_change(&traces)?;
        let observations: Vec<ObservationState> = observations.iter().map(Event::observation).collect();
        check_change(&observations)?;
    }

    #[test]
    fn states_come_back_from_their_stored_form(
        traces in events(TRACE_FIELDS),
        observations in events(OBSERVATION_FIELDS),
    ) {
        let traces: Vec<TraceState> = traces.iter().map(Event::trace).collect();
        check_stored_form(&traces)?;
        let observations: Vec<ObservationState> = observations.iter().map(Event::observation).collect();
        check_stored_form(&observations)?;
    }

    #[test]
    fn merged_metadata_is_json_again(events in events(TRACE_FIELDS)) {
        let state = joined(events.iter().map(Event::trace));
        if let Some(json) = state.content.metadata.to_json() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(json.as_str()).is_ok_and(|value| value.is_object()));
        }
    }
}
