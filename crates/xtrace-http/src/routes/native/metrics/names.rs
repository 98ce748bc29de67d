//! `GET /api/public/metrics/names` — the names of all metrics.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{ProjectAuth, Read};
use crate::error::ApiResult;

/// Names, sorted.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct NamesResponse {
    pub data: Vec<Box<str>>,
}

/// List metric names
#[utoipa::path(
    get,
    path = "/api/public/metrics/names",
    operation_id = "listMetricNames",
    tag = "metrics",
    responses((status = 200, description = "All names, sorted.", body = NamesResponse))
)]
pub async fn list(
    auth: ProjectAuth<Read>,
    State(app): State<App>,
) -> ApiResult<Json<NamesResponse>> {
    let data = app.engine().metric_names(auth.scope()).await?;
    Ok(Json(NamesResponse { data }))
}
