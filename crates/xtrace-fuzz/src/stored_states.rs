//! States as both engines store them: any bytes that can be read as states join in any order, and are stored as they
//! were read.

use serde::Serialize;
use serde::de::DeserializeOwned;
use xtrace_model::derive::{observation_row, trace_row};
use xtrace_model::{
    Change, Costing, ObservationId, ObservationKey, ObservationState, PriceBook, TraceId,
    TraceState, TraceSummary,
};

use crate::bytes::choice;

const STATES_MAX: usize = 4;

/// What traces and observations have in common here.
pub(crate) trait State:
    Clone + Default + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned
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
        let mut facts = self.facts.clone();
        (facts.created_at, facts.updated_at) = (None, None);
        let id = TraceId::new("t").expect("a short id");
        let row = trace_row(id, &facts, TraceSummary::default());
        let content = &self.content;
        format!(
            "{row:?} {:?} {:?} {:?}",
            content.input.get(),
            content.output.get(),
            content.metadata.to_json()
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
        let mut facts = self.facts.clone();
        (facts.created_at, facts.updated_at) = (None, None);
        let key = ObservationKey {
            trace_id: TraceId::new("t").expect("a short id"),
            id: ObservationId::new("o").expect("a short id"),
        };
        let costing = Costing::of(&facts, &PriceBook::default());
        let row = observation_row(key, &facts, &costing);
        let content = &self.content;
        format!(
            "{row:?} {:?} {:?} {:?} {:?}",
            content.input.get(),
            content.output.get(),
            content.model_parameters.get(),
            content.metadata.to_json()
        )
    }
}

/// The first byte chooses between traces and observations, the rest are states one behind the other.
pub fn run(data: &[u8]) {
    let (choice, data) = choice(data);
    if choice & 1 == 0 {
        check::<TraceState>(data);
    } else {
        check::<ObservationState>(data);
    }
}

fn check<S: State>(data: &[u8]) {
    let mut states: Vec<S> = Vec::new();
    let mut rest = data;
    while states.len() < STATES_MAX {
        let Ok((state, behind)) = postcard::take_from_bytes(rest) else {
            break;
        };
        rest = behind;
        states.push(state);
    }
    for state in &states {
        let stored = postcard::to_stdvec(state).expect("a state in memory can be stored");
        let read: S = postcard::from_bytes(&stored).expect("what was stored can be read");
        assert_eq!(&read, state);
    }
    check_joins(&states);
}

/// Joining forgets order, repetition and grouping, and says whether readers can tell.
pub(crate) fn check_joins<S: State>(states: &[S]) {
    let joined = join(states.iter());
    assert_eq!(join(states.iter().rev()), joined, "the other way round");
    assert_eq!(join(states.iter().chain(states)), joined, "twice");
    for cut in 1..states.len() {
        let (left, right) = states.split_at(cut);
        assert_eq!(join(right.iter().chain(left)), joined, "from {cut} on");
        let (mut left, right) = (join(left.iter()), join(right.iter()));
        left.join_with(right);
        assert_eq!(
            left.without_update(),
            joined,
            "in groups of {cut} and the others"
        );
    }
    let mut state = S::default();
    for other in states {
        let before = state.seen();
        let change = state.join_with(other.clone());
        let after = state.seen();
        assert!(
            change == Change::Changed || before == after,
            "{change:?}: {before} {after}"
        );
        assert_eq!(state.join_with(other.clone()), Change::Unchanged);
    }
}

fn join<'a, S: State + 'a>(states: impl Iterator<Item = &'a S>) -> S {
    let mut joined = S::default();
    for state in states {
        joined.join_with(state.clone());
    }
    joined.without_update()
}
