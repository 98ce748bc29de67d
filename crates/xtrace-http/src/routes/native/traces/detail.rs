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

/// What one answer holds at most, and how it is read.
#[derive(Clone, Copy, Debug)]
pub struct DetailLimits {
    pub observations: usize,
    pub payload_bytes: usize,
    /// How many observations are read at once.
    pub at_once: usize,
}

pub const LIMITS: DetailLimits = DetailLimits {
    observations: 10_000,
    payload_bytes: PAYLOAD_BYTES_MAX,
    at_once: 500,
};

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
    let (observations, observations_truncated) = if groups.observations {
        observations_of(engine, scope, &id, groups.io, LIMITS).await?
    } else {
        (Vec::new(), false)
    };
    Ok(Json(TraceDetail {
        trace,
        observations,
        observations_truncated,
        scores: Vec::new(),
    }))
}

/// As many observations as one answer holds, and whether there are more. The first ones are read whole, since most
/// traces have no more; of a longer trace, the rows are read at once and the payloads bit by bit, so that it costs by
/// its length, and no more payloads are in memory than are answered with.
async fn observations_of(
    engine: &dyn Engine,
    scope: &ProjectScope,
    id: &TraceId,
    payloads: bool,
    limits: DetailLimits,
) -> ApiResult<(Vec<Observation>, bool)> {
    let first = if payloads { limits.at_once } else { 0 };
    let mut records = Vec::new();
    if payloads {
        let window = TraceWindow {
            payloads,
            limit: first,
            offset: 0,
        };
        records = engine.trace_observations(scope, id, window).await?;
    }
    if records.len() == first {
        let window = TraceWindow {
            payloads: false,
            limit: (limits.observations + 1).saturating_sub(first),
            offset: first,
        };
        records.extend(engine.trace_observations(scope, id, window).await?);
    }
    let is_cut = records.len() > limits.observations;
    records.truncate(limits.observations);
    let fitting = if payloads {
        fill(engine, scope, &mut records, limits).await?
    } else {
        records.len()
    };
    let is_cut = is_cut || fitting < records.len();
    records.truncate(fitting);
    let observations = records
        .into_iter()
        .map(|record| to_observation(record, scope.project()));
    Ok((observations.collect(), is_cut))
}

/// Adds the payloads that are missing, in order, as long as all fit; how many records do.
async fn fill(
    engine: &dyn Engine,
    scope: &ProjectScope,
    records: &mut [ObservationRecord],
    limits: DetailLimits,
) -> ApiResult<usize> {
    let (mut fitting, mut bytes) = (0, 0);
    for records in records.chunks_mut(limits.at_once) {
        let is_missing = |record: &&mut ObservationRecord| record.payload.is_none();
        let missing: Vec<_> = records.iter_mut().filter(is_missing).collect();
        let keys: Vec<_> = missing
            .iter()
            .map(|record| record.row.key.clone())
            .collect();
        if !keys.is_empty() {
            let read = engine.observation_payloads(scope, &keys).await?;
            for (record, payload) in missing.into_iter().zip(read) {
                record.payload = Some(payload);
            }
        }
        for record in records {
            bytes += record.payload.as_ref().map_or(0, observation_bytes);
            if bytes > limits.payload_bytes {
                return Ok(fitting);
            }
            fitting += 1;
        }
    }
    Ok(fitting)
}

/// From a record with or without payloads.
pub fn to_observation(record: ObservationRecord, project: &ProjectId) -> Observation {
    let mut observation = map::observation::from_row(&record.row, project);
    if let Some(payload) = record.payload {
        map::observation::fill(&mut observation, payload);
    }
    observation
}

#[cfg(test)]
mod tests {
    use xtrace_store::TelemetryWriter as _;
    use xtrace_store_tests::builders::{after, an_observation, batch, project, trace_id};
    use xtrace_store_tests::model::Reference;

    use super::*;

    /// How many of 25 observations with 10 bytes of input each are in the answer, and whether it is cut.
    async fn read(payloads: bool, observations: usize, payload_bytes: usize) -> (usize, bool) {
        let engine = Reference::empty();
        let some = (0..25).map(|number| {
            let id = format!("o{number:02}");
            an_observation("t", &id)
                .start(after(f64::from(number)))
                .input("\"12345678\"")
        });
        engine.commit(batch().with_all(some).build()).await.unwrap();
        let limits = DetailLimits {
            observations,
            payload_bytes,
            at_once: 10,
        };
        let (scope, id) = (project("project"), trace_id("t"));
        let answer = observations_of(&engine, &scope, &id, payloads, limits);
        let (read, is_cut) = answer.await.unwrap();
        let in_order: Vec<String> = (0..read.len())
            .map(|number| format!("o{number:02}"))
            .collect();
        let ids: Vec<&str> = read.iter().map(|observation| &*observation.id).collect();
        assert_eq!(ids, in_order);
        (read.len(), is_cut)
    }

    #[tokio::test]
    async fn a_trace_of_many_observations_says_that_it_is_cut() {
        assert_eq!(read(true, 100, 1_000).await, (25, false));
        assert_eq!(read(true, 25, 250).await, (25, false));
        assert_eq!(read(true, 24, 1_000).await, (24, true));
        assert_eq!(read(true, 20, 1_000).await, (20, true));
        assert_eq!(read(true, 100, 100).await, (10, true));
        assert_eq!(read(true, 100, 99).await, (9, true));
        assert_eq!(read(false, 100, 0).await, (25, false));
    }
}
