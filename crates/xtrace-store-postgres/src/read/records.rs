//! Records from what is stored: rows are derived from the states, as they were when they were written.

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use xtrace_model::derive::{observation_row, trace_row};
use xtrace_model::{JsonText, ObservationId, ObservationKey, TraceId};
use xtrace_store::{
    BoxError, ErrorKind, ObservationPayload, ObservationRecord, StoreError, StoreResult,
    TracePayload, TraceRecord,
};

use crate::errors::InOperation as _;
use crate::states::{ObservationKept, TraceContentKept, TraceKept, decode};

/// From the columns `state`, and of the payload `input`, `output` and `payload_state`.
pub fn trace(row: &PgRow, id: &TraceId, op: &'static str) -> StoreResult<TraceRecord> {
    let kept: TraceKept = decode(row.try_get("state").during(op)?, op)?;
    Ok(TraceRecord {
        row: trace_row(id.clone(), &kept.facts, kept.summary),
        payload: trace_payload(row, op)?,
    })
}

/// From the columns `input`, `output` and `payload_state`.
pub fn trace_payload(row: &PgRow, op: &'static str) -> StoreResult<TracePayload> {
    let state: Option<&[u8]> = row.try_get("payload_state").during(op)?;
    let kept: TraceContentKept = state
        .map(|state| decode(state, op))
        .transpose()?
        .unwrap_or_default();
    Ok(TracePayload {
        input: text(row, "input", op)?,
        output: text(row, "output", op)?,
        metadata: kept.metadata.to_json(),
    })
}

/// From the columns of its key, `state`, and of the payload `input`, `output` and `model_parameters`.
pub fn observation(
    row: &PgRow,
    with_payload: bool,
    op: &'static str,
) -> StoreResult<ObservationRecord> {
    let kept: ObservationKept = decode(row.try_get("state").during(op)?, op)?;
    let payload = if with_payload {
        Some(payload_of(row, &kept, op)?)
    } else {
        None
    };
    Ok(ObservationRecord {
        row: observation_row(observation_key(row, op)?, &kept.facts, &kept.costing),
        payload,
    })
}

/// From the columns `state`, `input`, `output` and `model_parameters`.
pub fn observation_payload(row: &PgRow, op: &'static str) -> StoreResult<ObservationPayload> {
    let kept: ObservationKept = decode(row.try_get("state").during(op)?, op)?;
    payload_of(row, &kept, op)
}

fn payload_of(
    row: &PgRow,
    kept: &ObservationKept,
    op: &'static str,
) -> StoreResult<ObservationPayload> {
    Ok(ObservationPayload {
        input: text(row, "input", op)?,
        output: text(row, "output", op)?,
        model_parameters: text(row, "model_parameters", op)?,
        metadata: kept.metadata.to_json(),
    })
}

/// From the columns `trace_id` and `id`.
pub fn observation_key(row: &PgRow, op: &'static str) -> StoreResult<ObservationKey> {
    let corrupt = |error: BoxError| StoreError::new(ErrorKind::Corrupt, op, error);
    let trace_id: String = row.try_get("trace_id").during(op)?;
    let id: String = row.try_get("id").during(op)?;
    Ok(ObservationKey {
        trace_id: TraceId::new(trace_id).map_err(|error| corrupt(Box::new(error)))?,
        id: ObservationId::new(id).map_err(|error| corrupt(Box::new(error)))?,
    })
}

fn text(row: &PgRow, column: &str, op: &'static str) -> StoreResult<Option<JsonText>> {
    let text: Option<String> = row.try_get(column).during(op)?;
    Ok(text.map(JsonText::from_stored))
}
