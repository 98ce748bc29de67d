//! `GET /api/public/traces/{traceId}` — one trace with its observations.

use axum::Json;
use axum::extract::{Path, State};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use xtrace_model::{ProjectId, TraceId};
use xtrace_store::{Engine, ObservationRecord, ProjectScope, TraceWindow};

use super::wire::TraceDetail;
use crate::app::App;
use crate::auth::{ProjectAuth, Read};
use crate::error::{ApiError, ApiResult};
use crate::map;
use crate::params::groups::TRACE_FIELDS;
use crate::params::{FieldGroups, QueryString, document};
use crate::routes::native::ids;
use crate::routes::native::observations::wire::Observation;
use crate::routes::native::payloads::{PAYLOAD_BYTES_MAX, observation_bytes};

/// Most observations in one answer.
pub const OBSERVATIONS_MAX: usize = 10_000;

/// How many observations are read at once.
const OBSERVATIONS_AT_ONCE: usize = 500;

/// Query parameters of the route.
pub struct Params;

impl IntoParams for Params {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document::parameters(&[TRACE_FIELDS], &[])
    }
}

/// Read a trace
///
/// One trace with its observations in order of start time: all of them up to 10,000 observations or 64 MiB of
/// payloads. Where there are more, `observationsTruncated` is true, and
/// `/api/public/observations?traceId=…&orderBy=startTime.asc` lists all of them page by page.
#[utoipa::path(
    get,
    path = "/api/public/traces/{traceId}",
    operation_id = "readTrace",
    tag = "traces",
    params(("traceId" = String, Path, description = "Id of the trace."), Params),
    responses((status = 200, description = "The trace.", body = TraceDetail))
)]
pub async fn read(
    auth: ProjectAuth<Read>,
    State(app): State<App>,
    Path(id): Path<String>,
    query: QueryString,
) -> ApiResult<Json<TraceDetail>> {
    let groups = FieldGroups::parse(&query)?;
    let id = ids::trace(id)?;
    let (engine, scope) = (app.engine(), auth.scope());
    let record = engine.trace(scope, &id).await?;
    let record = record.ok_or_else(|| ApiError::not_found("trace", id.as_str()))?;
    let mut trace = map::trace::from_row(&record.row, scope.project(), groups);
    if groups.io {
        map::trace::fill(&mut trace, record.payload);
    }
    let mut observations = Vec::new();
    let mut observations_truncated = false;
    if groups.observations {
        (observations, observations_truncated) =
            observations_of(engine, scope, &id, groups).await?;
    }
    Ok(Json(TraceDetail {
        trace,
        observations,
        observations_truncated,
        scores: Vec::new(),
    }))
}

/// As many observations as one answer holds, and whether there are more.
async fn observations_of(
    engine: &dyn Engine,
    scope: &ProjectScope,
    id: &TraceId,
    groups: FieldGroups,
) -> ApiResult<(Vec<Observation>, bool)> {
    let mut observations = Vec::new();
    let mut bytes = 0;
    loop {
        let window = TraceWindow {
            payloads: groups.io,
            limit: OBSERVATIONS_AT_ONCE,
            offset: observations.len(),
        };
        let records = engine.trace_observations(scope, id, window).await?;
        let is_last = records.len() < OBSERVATIONS_AT_ONCE;
        for record in records {
            bytes += record.payload.as_ref().map_or(0, observation_bytes);
            if bytes > PAYLOAD_BYTES_MAX || observations.len() == OBSERVATIONS_MAX {
                return Ok((observations, true));
            }
            observations.push(to_observation(record, scope.project()));
        }
        if is_last {
            return Ok((observations, false));
        }
    }
}

/// From a record with or without payloads.
pub fn to_observation(record: ObservationRecord, project: &ProjectId) -> Observation {
    let mut observation = map::observation::from_row(&record.row, project);
    if let Some(payload) = record.payload {
        map::observation::fill(&mut observation, payload);
    }
    observation
}
