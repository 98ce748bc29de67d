//! Patches of traces.

use xtrace_model::{First, Latest, Real, Stamp, Timestamp, TraceId, TraceState, Usd};
use xtrace_store::Write;

use super::{json, metadata, stamp, trace_id};

type Set = Box<dyn FnOnce(&mut TraceState, Stamp) + Send>;

/// What one event says of a trace. All fields carry the stamp of the event, whichever is said first.
pub struct TracePatch {
    id: TraceId,
    stamp: Stamp,
    sets: Vec<Set>,
}

/// A patch of a trace, sent and received at noon.
pub fn a_trace(id: &str) -> TracePatch {
    TracePatch {
        id: trace_id(id),
        stamp: stamp(0.0),
        sets: Vec::new(),
    }
}

macro_rules! texts {
    ($($name:ident: $($field:ident).+;)*) => {
        $(
            #[must_use]
            pub fn $name(self, text: &str) -> Self {
                let text: Box<str> = text.into();
                self.set(|state, stamp| state.facts.$($field).+ = Latest::set(stamp, text))
            }
        )*
    };
}

impl TracePatch {
    texts! {
        name: name;
        user: user_id;
        session: session_id;
        release: release;
        version: version;
        external_id: external_id;
        turn: steps.turn_id;
        run: steps.run_id;
        run_state: steps.run_state;
    }

    /// Sent and received so many seconds after noon.
    #[must_use]
    pub fn sent(mut self, seconds: f64) -> Self {
        self.stamp = stamp(seconds);
        self
    }

    #[must_use]
    pub fn rank(mut self, rank: u32) -> Self {
        self.stamp.rank = rank;
        self
    }

    #[must_use]
    pub fn timestamp(self, time: Timestamp) -> Self {
        self.set(move |state, stamp| state.facts.timestamp = First::set(stamp, time))
    }

    #[must_use]
    pub fn environment(self, text: &str) -> Self {
        let text: Box<str> = text.into();
        self.set(|state, stamp| state.facts.environment = First::set(stamp, text))
    }

    #[must_use]
    pub fn public(self, is_public: bool) -> Self {
        self.set(move |state, stamp| state.facts.public = Latest::set(stamp, is_public))
    }

    #[must_use]
    pub fn bookmarked(self, is_bookmarked: bool) -> Self {
        self.set(move |state, stamp| state.facts.bookmarked = Latest::set(stamp, is_bookmarked))
    }

    #[must_use]
    pub fn latency(self, seconds: f64) -> Self {
        self.set(move |state, stamp| state.facts.latency_s = Latest::set(stamp, Real(seconds)))
    }

    #[must_use]
    pub fn cost(self, usd: &str) -> Self {
        let cost = Usd::parse(usd).unwrap();
        self.set(move |state, stamp| state.facts.total_cost = Latest::set(stamp, cost))
    }

    #[must_use]
    pub fn tags<const N: usize>(self, tags: [&str; N]) -> Self {
        let tags: Vec<Box<str>> = tags.into_iter().map(Into::into).collect();
        self.set(|state, _| state.facts.tags.extend(tags))
    }

    #[must_use]
    pub fn input(self, text: &str) -> Self {
        let text = json(text);
        self.set(|state, stamp| state.content.input = Latest::set(stamp, text))
    }

    #[must_use]
    pub fn output(self, text: &str) -> Self {
        let text = json(text);
        self.set(|state, stamp| state.content.output = Latest::set(stamp, text))
    }

    #[must_use]
    pub fn metadata(self, text: &str) -> Self {
        let text: Box<str> = text.into();
        self.set(move |state, stamp| state.content.metadata = metadata(stamp, &text))
    }

    /// An explicit null.
    #[must_use]
    pub fn without_name(self) -> Self {
        self.set(|state, stamp| state.facts.name = Latest::cleared(stamp))
    }

    /// An explicit null.
    #[must_use]
    pub fn without_input(self) -> Self {
        self.set(|state, stamp| state.content.input = Latest::cleared(stamp))
    }

    fn set(mut self, set: impl FnOnce(&mut TraceState, Stamp) + Send + 'static) -> Self {
        self.sets.push(Box::new(set));
        self
    }

    pub fn state(self) -> TraceState {
        let mut state = TraceState::default();
        state.facts.created_at = Some(self.stamp.time);
        state.facts.updated_at = Some(self.stamp.time);
        for set in self.sets {
            set(&mut state, self.stamp);
        }
        state
    }
}

impl From<TracePatch> for Write {
    fn from(patch: TracePatch) -> Self {
        Self::Trace {
            id: patch.id.clone(),
            patch: Box::new(patch.state()),
        }
    }
}
