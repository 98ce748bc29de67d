//! Payloads of many traces or observations, within a limit on their bytes.

use xtrace_model::{JsonText, ObservationKey, TraceId};
use xtrace_store::{Engine, ObservationPayload, ProjectScope, TracePayload};

use crate::error::{ApiError, ApiResult};

/// Most bytes of payloads in one answer: 64 MiB.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How many payloads are read at once: what the limit may be exceeded by before it shows.
pub const PAYLOADS_AT_ONCE: usize = 50;

/// In the order of `ids`.
///
/// # Errors
/// They have more than [`PAYLOAD_BYTES_MAX`], or the store fails.
pub async fn of_traces(
    engine: &dyn Engine,
    scope: &ProjectScope,
    ids: &[TraceId],
) -> ApiResult<Vec<TracePayload>> {
    let mut payloads = Vec::with_capacity(ids.len());
    let mut bytes = 0;
    for some in ids.chunks(PAYLOADS_AT_ONCE) {
        let read = engine.trace_payloads(scope, some).await?;
        bytes += read.iter().map(trace_bytes).sum::<usize>();
        ensure_within(bytes)?;
        payloads.extend(read);
    }
    Ok(payloads)
}

/// In the order of `keys`.
///
/// # Errors
/// They have more than [`PAYLOAD_BYTES_MAX`], or the store fails.
pub async fn of_observations(
    engine: &dyn Engine,
    scope: &ProjectScope,
    keys: &[ObservationKey],
) -> ApiResult<Vec<ObservationPayload>> {
    let mut payloads = Vec::with_capacity(keys.len());
    let mut bytes = 0;
    for some in keys.chunks(PAYLOADS_AT_ONCE) {
        let read = engine.observation_payloads(scope, some).await?;
        bytes += read.iter().map(observation_bytes).sum::<usize>();
        ensure_within(bytes)?;
        payloads.extend(read);
    }
    Ok(payloads)
}

pub fn trace_bytes(payload: &TracePayload) -> usize {
    bytes([&payload.input, &payload.output, &payload.metadata])
}

pub fn observation_bytes(payload: &ObservationPayload) -> usize {
    let ObservationPayload {
        input,
        output,
        model_parameters,
        metadata,
    } = payload;
    bytes([input, output, model_parameters, metadata])
}

fn bytes<const N: usize>(parts: [&Option<JsonText>; N]) -> usize {
    let present = parts.into_iter().flatten();
    present.map(|text| text.as_str().len()).sum()
}

fn ensure_within(bytes: usize) -> ApiResult<()> {
    if bytes > PAYLOAD_BYTES_MAX {
        let mebibytes = PAYLOAD_BYTES_MAX / (1024 * 1024);
        return Err(ApiError::bad_request(format!(
            "input, output and metadata of this page exceed {mebibytes} MiB; ask for fewer items by limit, or \
             leave them out by fields=core"
        )));
    }
    Ok(())
}
