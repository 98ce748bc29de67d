use xtrace_model::derive::{observation_row, trace_row};
use xtrace_model::{Costing, ObservationRow, PriceBook, Timestamp, TraceRow, TraceSummary};

use super::*;

mod items;
mod observations;
mod points;
mod splitting;
mod traces;

fn decode(body: &str) -> Decoded {
    decode_batch(body.as_bytes(), received()).unwrap()
}

fn received() -> Timestamp {
    Timestamp::parse("2026-11-21T12:00:00Z").unwrap()
}

/// One line per item: where it stood, its id, and what became of it.
fn outcome(decoded: &Decoded) -> String {
    let lines = decoded.items.iter().map(|item| {
        let id = item.id.as_deref().unwrap_or("-");
        match &item.result {
            Ok(Patch::Trace { .. }) => format!("{} {id} trace", item.place),
            Ok(Patch::Observation { key, .. }) => {
                format!("{} {id} observation of {}", item.place, key.trace_id)
            }
            Err(error) => format!("{} {id} {}: {error}", item.place, error.fault.as_str()),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn check(body: &str, expected: &str) {
    assert_eq!(outcome(&decode(body)), expected, "{body}");
}

fn trace_state(item: &str) -> TraceState {
    let decoded = decode(&format!(r#"{{"trace": {item}}}"#));
    match decoded.items.into_iter().next().unwrap().result {
        Ok(Patch::Trace { patch, .. }) => *patch,
        other => panic!("{item}: {other:?}"),
    }
}

fn trace(item: &str) -> TraceRow {
    trace_row(
        TraceId::new("t").unwrap(),
        &trace_state(item).facts,
        TraceSummary::default(),
    )
}

fn observation_state(item: &str) -> ObservationState {
    let decoded = decode(&format!(r#"{{"observations": [{item}]}}"#));
    match decoded.items.into_iter().next().unwrap().result {
        Ok(Patch::Observation { patch, .. }) => *patch,
        other => panic!("{item}: {other:?}"),
    }
}

/// The row of an observation with these members.
fn observation(members: &str) -> ObservationRow {
    let facts = observation_state(&format!(r#"{{"id":"o","traceId":"t",{members}}}"#)).facts;
    let id = xtrace_model::ObservationId::new("o").unwrap();
    let key = ObservationKey {
        trace_id: TraceId::new("t").unwrap(),
        id,
    };
    let costing = Costing::of(&facts, &PriceBook::default());
    observation_row(key, &facts, &costing)
}

fn rejection(members: &str) -> String {
    let decoded = decode(&format!(
        r#"{{"observations": [{{"id":"o","traceId":"t",{members}}}]}}"#
    ));
    decoded.items[0].result.as_ref().unwrap_err().to_string()
}
