//! `GET /api/public/observations` — a page of observations.

use axum::Json;
use axum::extract::State;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use xtrace_model::{ObservationKey, ObservationRow};
use xtrace_query::View;

use super::filters::FILTERS;
use super::wire::Observation;
use crate::app::App;
use crate::auth::{ProjectAuth, Read};
use crate::error::{ApiError, ApiResult};
use crate::map::cells::Cells;
use crate::map::{observation, observation_row};
use crate::params::groups::OBSERVATION_FIELDS;
use crate::params::order::ORDER_BY;
use crate::params::page::{LIMIT, PAGE};
use crate::params::{FieldGroups, ListQuery, QueryString, document};
use crate::routes::native::listing::{self, Paged};
use crate::routes::native::payloads;

/// Parameters of the route.
pub struct Params;

impl IntoParams for Params {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document::parameters(&[PAGE, LIMIT, ORDER_BY, OBSERVATION_FIELDS], &FILTERS)
    }
}

/// List observations
///
/// A page of observations of all traces, latest start first. Every filter restricts the list; all must hold.
#[utoipa::path(
    get,
    path = "/api/public/observations",
    operation_id = "listObservations",
    tag = "observations",
    params(Params),
    responses((status = 200, description = "A page of observations.", body = Paged<Observation>))
)]
pub async fn list(
    auth: ProjectAuth<Read>,
    State(app): State<App>,
    query: QueryString,
) -> ApiResult<Json<Paged<Observation>>> {
    let groups = FieldGroups::parse(&query)?;
    let list = ListQuery::parse(View::Observations, &FILTERS, &query)?;
    let (engine, scope) = (app.engine(), auth.scope());
    let fields = View::Observations.def().fields;
    let (table, meta) = listing::fetch(engine, scope, &list, fields).await?;
    let rows: Result<Vec<ObservationRow>, _> = Cells::rows(fields, &table)
        .map(|cells| observation_row::from_cells(&cells))
        .collect();
    let rows = rows.map_err(ApiError::internal)?;
    let to_wire = |row| observation::from_row(row, scope.project());
    let mut data: Vec<Observation> = rows.iter().map(to_wire).collect();
    if groups.io {
        let keys: Vec<ObservationKey> = rows.into_iter().map(|row| row.key).collect();
        let read = payloads::of_observations(engine, scope, &keys).await?;
        for (item, payload) in data.iter_mut().zip(read) {
            observation::fill(item, payload);
        }
    }
    Ok(Json(Paged { data, meta }))
}
