//! Payloads under random writes, joins, deletions, sweeps and reopenings equal those of a model.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_oneof};
use proptest::{option, proptest};
use xtrace_model::{JsonText, Latest, ObservationKey, ObservationState, Stamp, TraceId};
use xtrace_payload::split;
use xtrace_store::{TelemetryReader, TelemetryWriter, Write, WriteItem};
use xtrace_store_embedded::EmbeddedEngine;

use crate::payloads::{history, message};
use crate::support::{at, commit, key, open, scope, trace_id};

const WEEK: i64 = 7 * 86_400;

#[derive(Clone, Debug)]
struct Call {
    trace: usize,
    id: usize,
    /// Few, so that they are often the same.
    stamp: i64,
    input: Option<Text>,
    output: Option<Text>,
}

/// Messages from one number to another, or one alone, or something short, or an explicit null.
#[derive(Clone, Debug)]
enum Text {
    History(usize, usize),
    Message(usize),
    Short(u8),
    Clear,
}

#[derive(Clone, Debug)]
enum Step {
    /// In a week, all at once.
    Commit(i64, Vec<Call>),
    Delete(usize),
    Sweep,
    Dictionary(usize),
    Reopen,
}

fn a_text() -> impl Strategy<Value = Text> {
    prop_oneof![
        4 => (0..4_usize, 1..24_usize).prop_map(|(from, count)| Text::History(from, count)),
        2 => (0..12_usize).prop_map(Text::Message),
        1 => (0..3_u8).prop_map(Text::Short),
        1 => proptest::strategy::Just(Text::Clear),
    ]
}

fn a_call() -> impl Strategy<Value = Call> {
    let texts = (option::of(a_text()), option::of(a_text()));
    (0..3_usize, 0..3_usize, 0..4_i64, texts).prop_map(|(trace, id, stamp, (input, output))| Call {
        trace,
        id,
        stamp,
        input,
        output,
    })
}

fn a_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..2_i64, vec(a_call(), 1..4)).prop_map(|(week, calls)| Step::Commit(week, calls)),
        3 => (0..3_usize).prop_map(Step::Delete),
        2 => proptest::strategy::Just(Step::Sweep),
        1 => (0..12_usize).prop_map(Step::Dictionary),
        1 => proptest::strategy::Just(Step::Reopen),
    ]
}

impl Text {
    fn at(&self, stamp: Stamp) -> Latest<JsonText> {
        let text = match self {
            Self::History(from, count) => history(*from..from + count),
            Self::Message(number) => message(*number),
            Self::Short(number) => number.to_string(),
            Self::Clear => return Latest::cleared(stamp),
        };
        Latest::set(stamp, JsonText::parse(&text).unwrap())
    }
}

impl Call {
    fn patch(&self, week: i64) -> ObservationState {
        let stamp = Stamp::new(at(self.stamp), 0);
        let set =
            |text: &Option<Text>| text.as_ref().map(|text| text.at(stamp)).unwrap_or_default();
        let mut patch = ObservationState::default();
        patch.facts.created_at = Some(at(week * WEEK));
        patch.facts.updated_at = Some(at(week * WEEK));
        patch.content.input = set(&self.input);
        patch.content.output = set(&self.output);
        patch
    }
}

/// What is to be there: the joined state of each observation, and the week its payload lies in.
#[derive(Default)]
struct Model {
    rows: BTreeMap<(usize, usize), (ObservationState, Option<i64>)>,
}

impl Model {
    fn join(&mut self, week: i64, call: &Call) {
        let patch = call.patch(week);
        let (state, of_week) = self.rows.entry((call.trace, call.id)).or_default();
        if !patch.content.is_absent() {
            of_week.get_or_insert(week);
        }
        state.join(patch);
    }

    fn parts(&self) -> BTreeSet<(i64, xtrace_payload::PartId)> {
        let mut parts = BTreeSet::new();
        for (state, week) in self.rows.values() {
            let texts = [&state.content.input, &state.content.output];
            for text in texts.into_iter().filter_map(|text| text.get()) {
                let split = split(text.as_str());
                parts.extend(split.parts().map(|part| (week.unwrap(), part.id)));
            }
        }
        parts
    }
}

async fn check(engine: &EmbeddedEngine, model: &Model) {
    let ids: Vec<(usize, usize)> = (0..9).map(|n| (n / 3, n % 3)).collect();
    let keys: Vec<ObservationKey> = ids.iter().map(|(trace, id)| key(*trace, *id)).collect();
    let read = engine.observation_payloads(&scope(), &keys).await.unwrap();
    for (id, payload) in ids.iter().zip(read) {
        let content = model.rows.get(id).map(|(state, _)| &state.content);
        let input = content.and_then(|content| content.input.get());
        let output = content.and_then(|content| content.output.get());
        assert_eq!(payload.input.as_ref(), input, "input of {id:?}");
        assert_eq!(payload.output.as_ref(), output, "output of {id:?}");
    }
}

async fn run(steps: Vec<Step>) {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = open(&dir);
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Commit(week, calls) => {
                calls.iter().for_each(|call| model.join(week, call));
                let item = |call: &Call| WriteItem {
                    scope: scope(),
                    write: Write::Observation {
                        key: key(call.trace, call.id),
                        patch: Box::new(call.patch(week)),
                    },
                };
                commit(&engine, calls.iter().map(item).collect()).await;
            }
            Step::Delete(trace) => {
                model.rows.retain(|(of, _), _| *of != trace);
                let ids: [TraceId; 1] = [trace_id(trace)];
                engine.delete_traces(&scope(), &ids).await.unwrap();
            }
            Step::Sweep => engine.sweep_now().unwrap(),
            Step::Dictionary(number) => {
                let bytes = message(number).into_bytes();
                engine.keep_dictionary(bytes).unwrap();
            }
            Step::Reopen => {
                drop(engine);
                engine = open(&dir);
            }
        }
        check(&engine, &model).await;
    }
    engine.sweep_now().unwrap();
    check(&engine, &model).await;
    let base = i64::from(engine.part_keys().unwrap().first().map_or(0, |part| part.0));
    let parts = engine.part_keys().unwrap();
    let expected = model.parts();
    let first_week = expected.first().map_or(0, |part| part.0);
    let weeks = parts
        .iter()
        .map(|(partition, _, id)| (i64::from(*partition) - base + first_week, *id));
    assert_eq!(weeks.collect::<BTreeSet<_>>(), expected);
    assert!(engine.marked_keys().unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_payload_reads_back_and_no_part_is_missing_or_left(steps in vec(a_step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}
