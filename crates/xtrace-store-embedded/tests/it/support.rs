//! Builders and an engine in a folder of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use tempfile::TempDir;
use xtrace_model::{
    First, JsonText, Latest, Level, ObservationId, ObservationKey, ObservationState, PriceBook,
    ProjectId, SeriesKey, Stamp, Timestamp, TraceId, TraceState, Usage,
};
use xtrace_query::{Condition, Field, Plan, Select, Table, Value, View};
use xtrace_store::{
    CommitBatch, CommitReport, ProjectScope, TelemetryReader, TelemetryWriter, Write, WriteItem,
};
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedOptions};

/// 2026-01-05T00:00:00Z
pub const START_MICROS: i64 = 1_767_571_200_000_000;

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(START_MICROS + seconds * 1_000_000)
}

pub fn scope() -> ProjectScope {
    ProjectScope::new(ProjectId::new("p").unwrap())
}

pub fn trace_id(number: usize) -> TraceId {
    TraceId::new(format!("t{number}")).unwrap()
}

pub fn key(trace: usize, observation: usize) -> ObservationKey {
    ObservationKey {
        trace_id: trace_id(trace),
        id: ObservationId::new(format!("o{observation}")).unwrap(),
    }
}

pub fn options(dir: &TempDir) -> EmbeddedOptions {
    EmbeddedOptions {
        query_threads: 2,
        ..EmbeddedOptions::new(dir.path())
    }
}

pub fn open(dir: &TempDir) -> EmbeddedEngine {
    EmbeddedEngine::open(options(dir)).unwrap()
}

/// A trace named at a time.
pub fn trace(number: usize, name: &str, seconds: i64) -> WriteItem {
    let stamp = Stamp::new(at(seconds), 0);
    let mut patch = TraceState::default();
    patch.facts.name = Latest::set(stamp, name.into());
    patch.facts.timestamp = First::set(stamp, at(seconds));
    patch.facts.created_at = Some(at(seconds));
    patch.facts.updated_at = Some(at(seconds));
    patch.content.input = Latest::set(
        stamp,
        JsonText::parse(&format!("{{\"asked\":\"{name}\"}}")).unwrap(),
    );
    WriteItem {
        scope: scope(),
        write: Write::Trace {
            id: trace_id(number),
            patch: Box::new(patch),
        },
    }
}

/// An observation with tokens, begun at a time and ended a second later.
pub fn observation(trace: usize, number: usize, seconds: i64, tokens: u64) -> WriteItem {
    let stamp = Stamp::new(at(seconds), 0);
    let mut patch = ObservationState::default();
    patch.facts.start_time = First::set(stamp, at(seconds));
    patch.facts.end_time = Latest::set(stamp, at(seconds + 1));
    patch.facts.model = Latest::set(stamp, "a-model".into());
    patch.facts.level = Latest::set(stamp, Level::Default);
    patch.facts.usage = Latest::set(stamp, Usage(BTreeMap::from([("input".into(), tokens)])));
    patch.facts.created_at = Some(at(seconds));
    patch.facts.updated_at = Some(at(seconds));
    let output = JsonText::parse(&format!("\"output of {number} {}\"", "x".repeat(600))).unwrap();
    patch.content.output = Latest::set(stamp, output);
    let write = Write::Observation {
        key: key(trace, number),
        patch: Box::new(patch),
    };
    WriteItem {
        scope: scope(),
        write,
    }
}

pub fn points(name: &str, label: &str, sent: &[(i64, f64)]) -> WriteItem {
    let labels = BTreeMap::from([("node".into(), label.into())]);
    let series = Arc::new(SeriesKey {
        name: name.into(),
        labels,
    });
    let points = sent
        .iter()
        .map(|(seconds, value)| (at(*seconds), *value))
        .collect();
    WriteItem {
        scope: scope(),
        write: Write::Points { series, points },
    }
}

pub async fn commit(engine: &EmbeddedEngine, items: Vec<WriteItem>) -> CommitReport {
    engine
        .commit(CommitBatch {
            items,
            prices: Arc::new(PriceBook::default()),
        })
        .await
        .unwrap()
}

pub fn plan(view: View, fields: Vec<&'static Field>, conditions: Vec<Condition>) -> Plan {
    Plan {
        view,
        select: Select::Rows(fields),
        conditions,
        order: Vec::new(),
        limit: 100_000,
        offset: 0,
    }
}

/// All rows of a view with all fields, in order of the key.
pub async fn everything(engine: &EmbeddedEngine, view: View) -> Table {
    engine
        .query(
            &scope(),
            &plan(view, view.def().fields.to_vec(), Vec::new()),
        )
        .await
        .unwrap()
}

pub async fn count(engine: &EmbeddedEngine, view: View) -> usize {
    engine
        .query(&scope(), &plan(view, view.def().key.to_vec(), Vec::new()))
        .await
        .unwrap()
        .rows
        .len()
}

pub fn texts(table: &Table, column: usize) -> Vec<String> {
    table
        .rows
        .iter()
        .map(|row| row[column].as_text().unwrap().to_owned())
        .collect()
}

pub fn ints(table: &Table, column: usize) -> Vec<i64> {
    let int = |row: &Vec<Value>| row[column].as_int().unwrap();
    table.rows.iter().map(int).collect()
}
