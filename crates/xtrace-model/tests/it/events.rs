//! Random events: patches that set some fields, from few values and stamps, so that they collide often.

use std::collections::BTreeSet;

use proptest::prelude::*;
use xtrace_model::{
    Cost, First, JsonText, Latest, Level, Metadata, ObservationId, ObservationState,
    ObservationType, Real, Stamp, Timestamp, TraceState, Usage, Usd,
};

/// A field by number, and a number that its value is made from.
pub(crate) type Setting = (usize, u8);

/// When it happened, and what it set.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) stamp: Stamp,
    pub(crate) settings: Vec<Setting>,
    pub(crate) metadata: Option<String>,
}

pub(crate) const TRACE_FIELDS: usize = 17;
pub(crate) const OBSERVATION_FIELDS: usize = 34;

pub(crate) fn events(fields: usize) -> impl Strategy<Value = Vec<Event>> {
    let stamp = (0..4_i64, 0..2_u32)
        .prop_map(|(time, rank)| Stamp::new(Timestamp::from_micros(time), rank));
    let settings = prop::collection::vec((0..fields, 0..4_u8), 0..6);
    let event = (stamp, settings, prop::option::of(object(3)));
    let event = event.prop_map(|(stamp, settings, metadata)| Event {
        stamp,
        settings,
        metadata,
    });
    prop::collection::vec(event, 1..8)
}

/// A JSON object of few keys, some of them objects again.
fn object(depth: u32) -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["1", "2.50", "null", "\"x\"", "[1]", "[]", "{}"])
        .prop_map(str::to_owned);
    let value = leaf.prop_recursive(depth, 12, 3, |inner| {
        prop::collection::btree_map("[ab]", inner, 0..3).prop_map(|members| braced(&members))
    });
    prop::collection::btree_map("[abc]", value, 0..3).prop_map(|members| braced(&members))
}

fn braced(members: &std::collections::BTreeMap<String, String>) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(key, value)| format!("\"{key}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

impl Event {
    pub(crate) fn trace(&self) -> TraceState {
        let mut state = TraceState::default();
        for setting in &self.settings {
            set_trace(&mut state, self.stamp, *setting);
        }
        state.content.metadata = self.sent_metadata();
        state.facts.created_at = Some(self.stamp.time);
        state.facts.updated_at = Some(self.stamp.time);
        state
    }

    pub(crate) fn observation(&self) -> ObservationState {
        let mut state = ObservationState::default();
        for setting in &self.settings {
            set_observation(&mut state, self.stamp, *setting);
        }
        state.content.metadata = self.sent_metadata();
        state.facts.created_at = Some(self.stamp.time);
        state.facts.updated_at = Some(self.stamp.time);
        state
    }

    fn sent_metadata(&self) -> Metadata {
        let Some(text) = &self.metadata else {
            return Metadata::default();
        };
        Metadata::sent(self.stamp, &JsonText::parse(text).unwrap().to_raw())
    }
}

/// Some values are an explicit clear.
fn latest<T: Ord>(stamp: Stamp, value: u8, make: impl FnOnce(u8) -> T) -> Latest<T> {
    if value == 3 {
        Latest::cleared(stamp)
    } else {
        Latest::set(stamp, make(value))
    }
}

fn text(value: u8) -> Box<str> {
    format!("v{value}").into()
}

/// Further apart than a bucket of a rollup is long.
fn time(value: u8) -> Timestamp {
    Timestamp::from_micros(i64::from(value) * 1_000_000_000)
}

fn real(value: u8) -> Real {
    Real(f64::from(value) / 4.0)
}

fn usd(value: u8) -> Usd {
    Usd::from_units(i128::from(value) * 7)
}

fn json(value: u8) -> JsonText {
    JsonText::parse(&format!("{{\"v\":{value}.0}}")).unwrap()
}

fn set_trace(state: &mut TraceState, stamp: Stamp, (field, value): Setting) {
    let (facts, content) = (&mut state.facts, &mut state.content);
    match field {
        0 => facts.timestamp = First::set(stamp, time(value)),
        1 => facts.name = latest(stamp, value, text),
        2 => facts.user_id = latest(stamp, value, text),
        3 => facts.session_id = latest(stamp, value, text),
        4 => facts.release = latest(stamp, value, text),
        5 => facts.version = latest(stamp, value, text),
        6 => facts.environment = First::set(stamp, text(value)),
        7 => facts.external_id = latest(stamp, value, text),
        8 => facts.public = latest(stamp, value, |value| value == 1),
        9 => facts.bookmarked = latest(stamp, value, |value| value == 1),
        10 => facts.latency_s = latest(stamp, value, real),
        11 => facts.total_cost = latest(stamp, value, usd),
        12 => facts.tags = BTreeSet::from([text(value)]),
        13 => facts.steps.turn_id = latest(stamp, value, text),
        14 => facts.steps.run_state = latest(stamp, value, text),
        15 => content.input = latest(stamp, value, json),
        _ => content.output = latest(stamp, value, json),
    }
}

fn set_observation(state: &mut ObservationState, stamp: Stamp, (field, value): Setting) {
    let (facts, content) = (&mut state.facts, &mut state.content);
    match field {
        0 => facts.kind = latest(stamp, value, |value| ObservationType::ALL[value as usize]),
        1 => facts.name = latest(stamp, value, text),
        2 => facts.start_time = First::set(stamp, time(value)),
        3 => facts.end_time = latest(stamp, value, time),
        4 => facts.completion_start_time = latest(stamp, value, time),
        5 => facts.level = latest(stamp, value, |value| Level::ALL[value as usize]),
        6 => facts.status_message = latest(stamp, value, text),
        7 => {
            facts.parent_observation_id = latest(stamp, value, |value| {
                ObservationId::new(text(value)).unwrap()
            });
        }
        8 => facts.version = latest(stamp, value, text),
        9 => facts.environment = First::set(stamp, text(value)),
        10 => facts.session_id = latest(stamp, value, text),
        11 => facts.model = latest(stamp, value, text),
        12 => facts.model_id = latest(stamp, value, text),
        13 => facts.prompt_name = latest(stamp, value, text),
        14 => facts.unit = latest(stamp, value, text),
        15 => {
            facts.usage = latest(stamp, value, |value| {
                Usage([("input".into(), u64::from(value))].into())
            });
        }
        16 => facts.tokens.input = latest(stamp, value, u64::from),
        17 => facts.tokens.output = latest(stamp, value, u64::from),
        18 => facts.tokens.total = latest(stamp, value, u64::from),
        19 => {
            facts.cost = latest(stamp, value, |value| {
                Cost([("total".into(), usd(value))].into())
            });
        }
        20 => facts.input_price = latest(stamp, value, usd),
        21 => facts.output_price = latest(stamp, value, usd),
        22 => facts.total_price = latest(stamp, value, usd),
        23 => facts.latency_s = latest(stamp, value, real),
        24 => facts.time_to_first_token_s = latest(stamp, value, real),
        25 => {
            facts.price_attributes =
                latest(stamp, value, |value| [("speed".into(), text(value))].into());
        }
        26 => facts.steps.run_id = latest(stamp, value, text),
        27 => facts.steps.step_id = latest(stamp, value, text),
        28 => facts.steps.parent_step_id = latest(stamp, value, text),
        29 => facts.steps.step_type = latest(stamp, value, text),
        30 => facts.steps.step_index = latest(stamp, value, i64::from),
        31 => facts.steps.attempt = latest(stamp, value, i64::from),
        32 => content.input = latest(stamp, value, json),
        _ => content.model_parameters = latest(stamp, value, json),
    }
}
