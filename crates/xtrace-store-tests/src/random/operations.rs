//! Random writes, duplicates, deletions, expiry and restarts.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use xtrace_model::{Level, ObservationType};
use xtrace_store::{Expiry, TelemetryReader as _, Upkeep as _, Write};

use crate::builders::{
    ObservationPatch, TracePatch, a_series, a_trace, after, an_observation, batch, noon,
};
use crate::plans::a_metric;
use crate::random::rollups;
use crate::stage::Stage;

/// A day, the unit of times here: retention and partitions then have something to do.
const DAY: f64 = 86_400.0;
const NAMES: [&str; 5] = ["a", "B", "it's", "日本", ""];
const AMOUNTS: [&str; 4] = ["0.1", "0.000000000001", "12345.678901234567", "0"];
const METADATA: [&str; 4] = [
    r#"{"a":1}"#,
    r#"{"a":{"b":1.50,"c":[]}}"#,
    r#"{"a":{"b":null},"z":"\u0000"}"#,
    "7",
];
const PAYLOADS: [&str; 4] = ["1.0", "\"\"", r#"{"z":1,"a":[1e400]}"#, "null"];

/// One step. Numbers are indices into small sets, so that steps meet each other.
#[derive(Clone, Debug)]
pub enum Operation {
    Commit(Vec<Item>),
    /// What the commit of that number sent, once more.
    Resend(usize),
    Delete(Vec<u8>),
    /// Of what lies more than so many days before noon.
    Expire {
        traces: Option<u8>,
        points: Option<u8>,
    },
    Reopen,
    ReopenWithoutClosing,
    WorkInBackground,
}

#[derive(Clone, Debug)]
pub enum Item {
    Trace(TraceItem),
    Observation(ObservationItem),
    Points { series: u8, points: Vec<(u8, i8)> },
}

#[derive(Clone, Debug)]
pub struct TraceItem {
    pub id: u8,
    pub sent: (u8, u8),
    pub name: Option<usize>,
    pub user: Option<usize>,
    pub clears_name: bool,
    pub day: Option<u8>,
    pub tags: Vec<usize>,
    pub cost: Option<usize>,
    pub latency: Option<u8>,
    pub input: Option<usize>,
    pub metadata: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct ObservationItem {
    pub trace: u8,
    pub id: u8,
    pub sent: (u8, u8),
    pub start: Option<u8>,
    pub end: Option<u8>,
    pub name: Option<usize>,
    pub model: Option<usize>,
    pub clears_model: bool,
    pub level: Option<usize>,
    pub kind: Option<usize>,
    pub usage: Option<(u8, u8)>,
    pub cost: Option<usize>,
    pub output: Option<usize>,
    pub metadata: Option<usize>,
}

pub fn sequences() -> impl Strategy<Value = Vec<Operation>> {
    vec(operations(), 1..14)
}

fn operations() -> impl Strategy<Value = Operation> {
    prop_oneof![
        12 => vec(items(), 1..7).prop_map(Operation::Commit),
        2 => (0..8_usize).prop_map(Operation::Resend),
        2 => vec(0..5_u8, 1..3).prop_map(Operation::Delete),
        1 => (option::of(0..9_u8), option::of(0..9_u8))
            .prop_map(|(traces, points)| Operation::Expire { traces, points }),
        1 => Just(Operation::Reopen),
        1 => Just(Operation::ReopenWithoutClosing),
        1 => Just(Operation::WorkInBackground),
    ]
}

fn items() -> impl Strategy<Value = Item> {
    prop_oneof![
        3 => traces().prop_map(Item::Trace),
        5 => observations().prop_map(Item::Observation),
        2 => (0..4_u8, vec((0..20_u8, any::<i8>()), 1..6))
            .prop_map(|(series, points)| Item::Points { series, points }),
    ]
}

fn sent() -> impl Strategy<Value = (u8, u8)> {
    (0..8_u8, 0..2_u8)
}

fn traces() -> impl Strategy<Value = TraceItem> {
    let texts = (
        option::of(0..NAMES.len()),
        option::of(0..NAMES.len()),
        proptest::bool::weighted(0.1),
    );
    let numbers = (
        option::of(0..9_u8),
        option::of(0..AMOUNTS.len()),
        option::of(0..16_u8),
    );
    let rest = (
        vec(0..NAMES.len(), 0..3),
        option::of(0..PAYLOADS.len()),
        option::of(0..METADATA.len()),
    );
    (0..4_u8, sent(), texts, numbers, rest).prop_map(|(id, sent, texts, numbers, rest)| TraceItem {
        id,
        sent,
        name: texts.0,
        user: texts.1,
        clears_name: texts.2,
        day: numbers.0,
        cost: numbers.1,
        latency: numbers.2,
        tags: rest.0,
        input: rest.1,
        metadata: rest.2,
    })
}

fn observations() -> impl Strategy<Value = ObservationItem> {
    let times = (option::of(0..72_u8), option::of(0..72_u8));
    let texts = (
        option::of(0..NAMES.len()),
        option::of(0..NAMES.len()),
        proptest::bool::weighted(0.1),
    );
    let choices = (
        option::of(0..Level::ALL.len()),
        option::of(0..ObservationType::ALL.len()),
    );
    let numbers = (option::of((0..9_u8, 0..9_u8)), option::of(0..AMOUNTS.len()));
    let rest = (option::of(0..PAYLOADS.len()), option::of(0..METADATA.len()));
    (
        0..4_u8,
        0..3_u8,
        sent(),
        times,
        texts,
        choices,
        numbers,
        rest,
    )
        .prop_map(
            |(trace, id, sent, times, texts, choices, numbers, rest)| ObservationItem {
                trace,
                id,
                sent,
                start: times.0,
                end: times.1,
                name: texts.0,
                model: texts.1,
                clears_model: texts.2,
                level: choices.0,
                kind: choices.1,
                usage: numbers.0,
                cost: numbers.1,
                output: rest.0,
                metadata: rest.1,
            },
        )
}

/// Sets what there is to set.
fn set<P, T>(patch: P, value: Option<T>, set: impl FnOnce(P, T) -> P) -> P {
    match value {
        Some(value) => set(patch, value),
        None => patch,
    }
}

/// Hours before noon, counted from nine days ago.
fn hour(number: u8, per_day: f64) -> xtrace_model::Timestamp {
    after((f64::from(number) / per_day - 9.0) * DAY)
}

impl TraceItem {
    fn patch(&self) -> TracePatch {
        let (seconds, rank) = self.sent;
        let patch = a_trace(&format!("t{}", self.id))
            .sent(f64::from(seconds))
            .rank(u32::from(rank));
        let patch = set(patch, self.name, |patch, name| patch.name(NAMES[name]));
        let patch = set(patch, self.clears_name.then_some(()), |patch, ()| {
            patch.without_name()
        });
        let patch = set(patch, self.user, |patch, name| patch.user(NAMES[name]));
        let patch = set(patch, self.day, |patch, day| {
            patch.timestamp(hour(day, 1.0))
        });
        let patch = set(patch, self.cost, |patch, amount| {
            patch.cost(AMOUNTS[amount])
        });
        let patch = set(patch, self.latency, |patch, eighths| {
            patch.latency(f64::from(eighths) / 8.0)
        });
        let patch = set(patch, self.input, |patch, text| patch.input(PAYLOADS[text]));
        let patch = set(patch, self.metadata, |patch, text| {
            patch.metadata(METADATA[text])
        });
        self.tags
            .iter()
            .fold(patch, |patch, tag| patch.tags([NAMES[*tag]]))
    }
}

impl ObservationItem {
    fn patch(&self) -> ObservationPatch {
        let (seconds, rank) = self.sent;
        let (trace, id) = (format!("t{}", self.trace), format!("o{}", self.id));
        let patch = an_observation(&trace, &id)
            .sent(f64::from(seconds))
            .rank(u32::from(rank));
        let patch = set(patch, self.start, |patch, number| {
            patch.start(hour(number, 8.0))
        });
        let patch = set(patch, self.end, |patch, number| {
            patch.end(hour(number, 8.0))
        });
        let patch = set(patch, self.name, |patch, name| patch.name(NAMES[name]));
        let patch = set(patch, self.model, |patch, name| patch.model(NAMES[name]));
        let patch = set(patch, self.clears_model.then_some(()), |patch, ()| {
            patch.without_model()
        });
        let patch = set(patch, self.level, |patch, level| {
            patch.level(Level::ALL[level])
        });
        let patch = set(patch, self.kind, |patch, kind| {
            patch.kind(ObservationType::ALL[kind])
        });
        let patch = set(patch, self.usage, |patch, (input, output)| {
            patch.usage(input.into(), output.into())
        });
        let patch = set(patch, self.cost, |patch, amount| {
            patch.cost([("total", AMOUNTS[amount])])
        });
        let patch = set(patch, self.output, |patch, text| {
            patch.output(PAYLOADS[text])
        });
        set(patch, self.metadata, |patch, text| {
            patch.metadata(METADATA[text])
        })
    }
}

impl Item {
    fn write(&self) -> Write {
        match self {
            Self::Trace(item) => item.patch().into(),
            Self::Observation(item) => item.patch().into(),
            Self::Points { series, points } => {
                let named = a_series(if *series < 3 { "gpu" } else { "cpu" })
                    .label("node", &series.to_string());
                let points = points
                    .iter()
                    .map(|(day, value)| (hour(*day, 2.0), f64::from(*value) / 8.0));
                points
                    .fold(named, |series, (time, value)| series.point_at(time, value))
                    .into()
            }
        }
    }
}

/// Takes all steps on engine and reference, comparing what they report and, now and then, all they have.
pub async fn perform(stage: &mut Stage, operations: &[Operation]) {
    let mut sent: Vec<&[Item]> = Vec::new();
    for (step, operation) in operations.iter().enumerate() {
        match operation {
            Operation::Commit(items) => {
                sent.push(items);
                commit(stage, items).await;
            }
            Operation::Resend(number) => {
                if let Some(items) = sent.get(*number) {
                    commit(stage, items).await;
                }
            }
            Operation::Delete(ids) => {
                for id in ids {
                    stage.delete([&*format!("t{id}")]).await;
                }
            }
            Operation::Expire { traces, points } => expire(stage, *traces, *points).await,
            Operation::Reopen => stage.reopen().await,
            Operation::ReopenWithoutClosing => stage.reopen_without_closing().await,
            Operation::WorkInBackground => stage.harness.work_in_background().await,
        }
        if step % 4 == 3 {
            compare(stage).await;
        }
    }
    compare(stage).await;
}

async fn commit(stage: &Stage, items: &[Item]) {
    let scope = stage.scope.clone();
    stage
        .commit(
            batch()
                .scope(&scope)
                .with_all(items.iter().map(Item::write)),
        )
        .await;
}

/// How much goes is not compared: other projects of the same store lose something as well.
async fn expire(stage: &Stage, traces: Option<u8>, points: Option<u8>) {
    let before = |days: u8| noon().saturating_add_micros(-i64::from(days) * 86_400_000_000);
    let expiry = Expiry {
        traces_before: traces.map(before),
        points_before: points.map(before),
    };
    stage.engine().expire(expiry).await.expect("expires");
    stage.reference.expire(expiry).await.expect("expires");
}

async fn compare(stage: &Stage) {
    stage.same_records().await;
    let days = xtrace_query::zone::utc_days();
    let mut rolled = rollups::totals().to_vec();
    rolled.extend(rollups::days(&days, &[]));
    rolled.push(rollups::calls_by_day(&days, &[]));
    for plan in rolled {
        stage.query(&plan).await;
    }
    for id in 0..4 {
        let id = format!("t{id}");
        let found = stage
            .engine()
            .trace(&stage.scope, &crate::builders::trace_id(&id))
            .await
            .expect("reads");
        let expected = stage
            .reference
            .trace(&stage.scope, &crate::builders::trace_id(&id))
            .await
            .expect("reads");
        assert_eq!(found, expected);
    }
    for id in 0..3 {
        stage.observation_keys(&format!("o{id}")).await;
    }
    stage.metric_names().await;
    for name in ["gpu", "cpu"] {
        stage.latest(name, []).await;
        let whole = a_metric(name)
            .between(after(-99.0 * DAY), after(DAY))
            .step(DAY);
        stage.query_metric(&whole.plan()).await;
    }
}
