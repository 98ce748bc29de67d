//! `GET /api/public/metrics/latest` — the last point of every series, for those who poll.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::{ProjectAuth, Read};
use crate::error::ApiResult;
use crate::map;
use crate::map::scalar::MetricInstant;
use crate::params::metric::{LATEST_PARAMS, latest_query};
use crate::params::{QueryString, document};

/// Most series of one metric in an answer.
pub const SERIES_MAX: usize = 1_000;

/// Last points.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = LatestMetricResponse)]
pub struct LatestResponse {
    /// By metric in the order asked for, then by labels.
    pub data: Vec<LatestItem>,
    pub meta: LatestMeta,
}

/// The last point of a series.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = LatestMetricPoint)]
pub struct LatestItem {
    pub name: Box<str>,
    pub labels: BTreeMap<Box<str>, Box<str>>,
    /// As sent, not that of a bucket.
    pub timestamp: MetricInstant,
    pub value: f64,
}

/// About the answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = LatestMetricMeta)]
pub struct LatestMeta {
    /// The newest of the times; left out when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_ts: Option<MetricInstant>,
    pub series_count: usize,
    /// A metric has more than 1,000 such series; the first by labels are here.
    pub truncated: bool,
}

/// Parameters of the route.
pub struct Params;

impl IntoParams for Params {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document::parameters(&LATEST_PARAMS, &[])
    }
}

/// Read the latest points
///
/// The last value of every series of one or several metrics, with its time. Cheap: made for schedulers that poll.
#[utoipa::path(
    get,
    path = "/api/public/metrics/latest",
    operation_id = "readLatestMetrics",
    tag = "metrics",
    params(Params),
    responses((status = 200, description = "The last points.", body = LatestResponse))
)]
pub async fn read(
    auth: ProjectAuth<Read>,
    State(app): State<App>,
    query: QueryString,
) -> ApiResult<Json<LatestResponse>> {
    let asked = latest_query(&query)?;
    let (engine, scope) = (app.engine(), auth.scope());
    let mut points = Vec::new();
    let mut truncated = false;
    for name in &asked.names {
        let limit = SERIES_MAX + 1;
        let mut found = engine
            .latest_points(scope, name, &asked.labels, limit)
            .await?;
        truncated |= found.len() > SERIES_MAX;
        found.truncate(SERIES_MAX);
        points.extend(found);
    }
    Ok(Json(map::metric::latest(points, truncated)))
}
