//! Records from what is stored: rows are derived from the states, as they were when they were written.

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use xtrace_model::derive::{observation_row, trace_row};
use xtrace_model::{JsonText, ObservationId, ObservationKey, TraceId};
use xtrace_store::{
    BoxError, ErrorKind, ObservationPayload, ObservationRecord, StoreError, StoreResult,
    TracePayload, TraceRecord,
};

use super::texts::Loaded;
use crate::errors::InOperation as _;
use crate::states::{ObservationKept, TraceContentKept, TraceKept, decode};

/// From the column `trace_state` and the payload.
pub fn trace(loaded: Loaded, id: &TraceId, op: &'static str) -> StoreResult<TraceRecord> {
    let kept = TraceKept::decode(loaded.row.try_get("trace_state").during(op)?, op)?;
    Ok(TraceRecord {
        row: trace_row(id.clone(), &kept.facts, kept.summary),
        payload: trace_payload(loaded, op)?,
    })
}

/// From the column `state`, which may be absent, and the texts.
pub fn trace_payload(loaded: Loaded, op: &'static str) -> StoreResult<TracePayload> {
    let state: Option<&[u8]> = loaded.row.try_get("state").during(op)?;
    let kept: TraceContentKept = state
        .map(|state| decode(state, op))
        .transpose()?
        .unwrap_or_default();
    let [input, output] = loaded.texts;
    Ok(TracePayload {
        input,
        output,
        metadata: kept.metadata.to_json(),
    })
}

/// From the columns of its key, `state` and `model_parameters`, and the texts.
pub fn observation(
    loaded: Loaded,
    with_payload: bool,
    op: &'static str,
) -> StoreResult<ObservationRecord> {
    let kept: ObservationKept = decode(loaded.row.try_get("state").during(op)?, op)?;
    let key = observation_key(&loaded.row, op)?;
    let row = observation_row(key, &kept.facts, &kept.costing);
    let payload = if with_payload {
        Some(payload_of(loaded, &kept, op)?)
    } else {
        None
    };
    Ok(ObservationRecord { row, payload })
}

/// From the columns `state` and `model_parameters`, and the texts.
pub fn observation_payload(loaded: Loaded, op: &'static str) -> StoreResult<ObservationPayload> {
    let kept: ObservationKept = decode(loaded.row.try_get("state").during(op)?, op)?;
    payload_of(loaded, &kept, op)
}

fn payload_of(
    loaded: Loaded,
    kept: &ObservationKept,
    op: &'static str,
) -> StoreResult<ObservationPayload> {
    let parameters: Option<String> = loaded.row.try_get("model_parameters").during(op)?;
    let [input, output] = loaded.texts;
    Ok(ObservationPayload {
        input,
        output,
        model_parameters: parameters.map(JsonText::from_stored),
        metadata: kept.metadata.to_json(),
    })
}

/// From the columns `trace_id` and `id`.
pub fn observation_id(row: &PgRow, op: &'static str) -> StoreResult<ObservationId> {
    let id: String = row.try_get("id").during(op)?;
    ObservationId::new(id).map_err(|error| StoreError::new(ErrorKind::Corrupt, op, error))
}

pub fn observation_key(row: &PgRow, op: &'static str) -> StoreResult<ObservationKey> {
    let corrupt = |error: BoxError| StoreError::new(ErrorKind::Corrupt, op, error);
    let trace_id: String = row.try_get("trace_id").during(op)?;
    Ok(ObservationKey {
        trace_id: TraceId::new(trace_id).map_err(|error| corrupt(Box::new(error)))?,
        id: observation_id(row, op)?,
    })
}
