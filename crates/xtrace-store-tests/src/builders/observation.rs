//! Patches of observations.

use xtrace_model::{
    Cost, First, Latest, Level, ObservationId, ObservationKey, ObservationState, ObservationType,
    Real, Stamp, Timestamp, Usage, Usd,
};
use xtrace_store::Write;

use super::{json, metadata, observation_key, stamp};

type Set = Box<dyn FnOnce(&mut ObservationState, Stamp) + Send>;

/// What one event says of an observation. All fields carry the stamp of the event, whichever is said first.
pub struct ObservationPatch {
    key: ObservationKey,
    stamp: Stamp,
    sets: Vec<Set>,
}

/// A patch of an observation, sent and received at noon.
pub fn an_observation(trace: &str, id: &str) -> ObservationPatch {
    ObservationPatch {
        key: observation_key(trace, id),
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

macro_rules! values {
    ($($name:ident: $($field:ident).+ = $type:ty;)*) => {
        $(
            #[must_use]
            pub fn $name(self, value: $type) -> Self {
                self.set(move |state, stamp| state.facts.$($field).+ = Latest::set(stamp, value))
            }
        )*
    };
}

macro_rules! payloads {
    ($($name:ident;)*) => {
        $(
            #[must_use]
            pub fn $name(self, text: &str) -> Self {
                let text = json(text);
                self.set(|state, stamp| state.content.$name = Latest::set(stamp, text))
            }
        )*
    };
}

impl ObservationPatch {
    texts! {
        name: name;
        status_message: status_message;
        version: version;
        session: session_id;
        model: model;
        model_id: model_id;
        prompt_id: prompt_id;
        prompt_name: prompt_name;
        prompt_version: prompt_version;
        unit: unit;
        turn: steps.turn_id;
        run: steps.run_id;
        step: steps.step_id;
        parent_step: steps.parent_step_id;
        step_type: steps.step_type;
        run_state: steps.run_state;
    }

    values! {
        kind: kind = ObservationType;
        level: level = Level;
        end: end_time = Timestamp;
        first_token: completion_start_time = Timestamp;
        step_index: steps.step_index = i64;
        attempt: steps.attempt = i64;
        sent_input_tokens: tokens.input = u64;
        sent_output_tokens: tokens.output = u64;
    }

    payloads! {
        input;
        output;
        model_parameters;
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
    pub fn start(self, time: Timestamp) -> Self {
        self.set(move |state, stamp| state.facts.start_time = First::set(stamp, time))
    }

    /// From one time to another.
    #[must_use]
    #[expect(
        clippy::wrong_self_convention,
        reason = "tests read: an observation from one time to another"
    )]
    pub fn from_to(self, start: Timestamp, end: Timestamp) -> Self {
        self.start(start).end(end)
    }

    #[must_use]
    pub fn environment(self, text: &str) -> Self {
        let text: Box<str> = text.into();
        self.set(|state, stamp| state.facts.environment = First::set(stamp, text))
    }

    #[must_use]
    pub fn parent(self, id: &str) -> Self {
        let id = ObservationId::new(id).unwrap();
        self.set(|state, stamp| state.facts.parent_observation_id = Latest::set(stamp, id))
    }

    #[must_use]
    pub fn latency(self, seconds: f64) -> Self {
        self.set(move |state, stamp| state.facts.latency_s = Latest::set(stamp, Real(seconds)))
    }

    #[must_use]
    pub fn time_to_first_token(self, seconds: f64) -> Self {
        self.set(move |state, stamp| {
            state.facts.time_to_first_token_s = Latest::set(stamp, Real(seconds));
        })
    }

    /// Input and output tokens.
    #[must_use]
    pub fn usage(self, input: u64, output: u64) -> Self {
        self.buckets([("input", input), ("output", output)])
    }

    /// Units by bucket.
    #[must_use]
    pub fn buckets<const N: usize>(self, buckets: [(&str, u64); N]) -> Self {
        let usage = Usage(
            buckets
                .into_iter()
                .map(|(bucket, units)| (bucket.into(), units))
                .collect(),
        );
        self.set(|state, stamp| state.facts.usage = Latest::set(stamp, usage))
    }

    /// US dollars by bucket.
    #[must_use]
    pub fn cost<const N: usize>(self, buckets: [(&str, &str); N]) -> Self {
        let amounts = buckets
            .into_iter()
            .map(|(bucket, usd)| (bucket.into(), Usd::parse(usd).unwrap()));
        let cost = Cost(amounts.collect());
        self.set(|state, stamp| state.facts.cost = Latest::set(stamp, cost))
    }

    /// US dollars of one unit of input, output and either.
    #[must_use]
    pub fn unit_prices(self, input: &str, output: &str, total: &str) -> Self {
        let [input, output, total] = [input, output, total].map(|usd| Usd::parse(usd).unwrap());
        self.set(move |state, stamp| {
            state.facts.input_price = Latest::set(stamp, input);
            state.facts.output_price = Latest::set(stamp, output);
            state.facts.total_price = Latest::set(stamp, total);
        })
    }

    #[must_use]
    pub fn metadata(self, text: &str) -> Self {
        let text: Box<str> = text.into();
        self.set(move |state, stamp| state.content.metadata = metadata(stamp, &text))
    }

    /// An explicit null.
    #[must_use]
    pub fn without_model(self) -> Self {
        self.set(|state, stamp| state.facts.model = Latest::cleared(stamp))
    }

    /// An explicit null.
    #[must_use]
    pub fn without_cost(self) -> Self {
        self.set(|state, stamp| state.facts.cost = Latest::cleared(stamp))
    }

    fn set(mut self, set: impl FnOnce(&mut ObservationState, Stamp) + Send + 'static) -> Self {
        self.sets.push(Box::new(set));
        self
    }

    pub fn state(self) -> ObservationState {
        let mut state = ObservationState::default();
        state.facts.created_at = Some(self.stamp.time);
        state.facts.updated_at = Some(self.stamp.time);
        for set in self.sets {
            set(&mut state, self.stamp);
        }
        state
    }
}

impl From<ObservationPatch> for Write {
    fn from(patch: ObservationPatch) -> Self {
        Self::Observation {
            key: patch.key.clone(),
            patch: Box::new(patch.state()),
        }
    }
}
