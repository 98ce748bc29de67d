//! `GET /api/public/observations/{observationId}` — one observation.

use axum::Json;
use axum::extract::{Path, State};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use xtrace_model::{ObservationId, ObservationKey};
use xtrace_query::{Condition, Order, OrderBy, Plan, Select, Value, View, observations};
use xtrace_store::{Engine, ProjectScope};

use super::wire::Observation;
use crate::app::App;
use crate::auth::{ProjectAuth, Read};
use crate::error::{ApiError, ApiResult};
use crate::map::cells::Cells;
use crate::map::observation_row;
use crate::params::document::{ParamDoc, Shape};
use crate::params::{QueryString, document};
use crate::routes::native::ids;
use crate::routes::native::traces::detail::to_observation;

const TRACE_ID: ParamDoc = ParamDoc::new(
    "traceId",
    Shape::Text,
    "The trace it belongs to. Ids of observations are unique within a trace; without this parameter the one that \
     began last is meant.",
);

/// Query parameters of the route.
pub struct Params;

impl IntoParams for Params {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document::parameters(&[TRACE_ID], &[])
    }
}

/// Read an observation
#[utoipa::path(
    get,
    path = "/api/public/observations/{observationId}",
    operation_id = "readObservation",
    tag = "observations",
    params(("observationId" = String, Path, description = "Id of the observation."), Params),
    responses((status = 200, description = "The observation.", body = Observation))
)]
pub async fn read(
    auth: ProjectAuth<Read>,
    State(app): State<App>,
    Path(id): Path<String>,
    query: QueryString,
) -> ApiResult<Json<Observation>> {
    let id = ids::observation(id)?;
    let (engine, scope) = (app.engine(), auth.scope());
    let not_found = || ApiError::not_found("observation", id.as_str());
    let key = match query.one("traceId")? {
        Some(trace) => {
            let (trace_id, id) = (ids::trace(trace.to_owned())?, id.clone());
            ObservationKey { trace_id, id }
        }
        None => newest(engine, scope, &id).await?.ok_or_else(not_found)?,
    };
    let record = engine.observation(scope, &key).await?;
    let record = record.ok_or_else(not_found)?;
    Ok(Json(to_observation(record, scope.project())))
}

/// The key of the observation with that id: where several traces have one, of that which began last.
async fn newest(
    engine: &dyn Engine,
    scope: &ProjectScope,
    id: &ObservationId,
) -> ApiResult<Option<ObservationKey>> {
    let mut keys = engine.observation_keys(scope, id).await?;
    if keys.len() < 2 {
        return Ok(keys.pop());
    }
    let fields: &[_] = &[&observations::TRACE_ID, &observations::ID];
    let plan = Plan {
        view: View::Observations,
        select: Select::Rows(fields.to_vec()),
        conditions: vec![Condition::equal(
            &observations::ID,
            Value::text(id.as_str()),
        )],
        order: vec![Order {
            by: OrderBy::Field(&observations::START_TIME),
            descending: true,
        }],
        limit: 1,
        offset: 0,
    };
    let table = engine.query(scope, &plan).await?;
    let newest = Cells::rows(fields, &table).next();
    let key = newest.map(|cells| observation_row::key(&cells));
    key.transpose().map_err(ApiError::internal)
}
