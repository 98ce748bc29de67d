//! `GET /api/public/metrics/query` — the series of one metric in buckets of time.

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
use crate::params::metric::{QUERY_PARAMS, metric_plan};
use crate::params::{QueryString, document};

/// Series of one metric.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = MetricQueryResponse)]
pub struct QueryResponse {
    /// In order of their labels.
    pub data: Vec<Series>,
    pub meta: QueryMeta,
}

/// One series.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = MetricSeries)]
pub struct Series {
    /// All labels; with `group_by` only those keys, null where a series has no such label.
    pub labels: BTreeMap<Box<str>, Option<Box<str>>>,
    /// In order of time; empty buckets are left out.
    pub values: Vec<SeriesPoint>,
}

/// The value of one bucket.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = MetricSeriesPoint)]
pub struct SeriesPoint {
    /// Where the bucket begins.
    pub timestamp: MetricInstant,
    pub value: f64,
}

/// About the answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = MetricQueryMeta)]
pub struct QueryMeta {
    /// Time of the newest raw point that matches, cut or not; left out when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_ts: Option<MetricInstant>,
    /// Series in this answer.
    pub series_count: usize,
    /// Series or points were left out because there are too many; the newest are kept.
    pub truncated: bool,
    /// Series that match, left out or not.
    pub series_total: u64,
}

/// Parameters of the route.
pub struct Params;

impl IntoParams for Params {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document::parameters(&QUERY_PARAMS, &[])
    }
}

/// Query a metric
///
/// The series of one metric in buckets of time. Aggregates are exact over all raw points of a bucket.
#[utoipa::path(
    get,
    path = "/api/public/metrics/query",
    operation_id = "queryMetric",
    tag = "metrics",
    params(Params),
    responses((status = 200, description = "The series.", body = QueryResponse))
)]
pub async fn query(
    auth: ProjectAuth<Read>,
    State(app): State<App>,
    query: QueryString,
) -> ApiResult<Json<QueryResponse>> {
    let plan = metric_plan(&query, app.now(), app.metric_caps())?;
    let answer = app.engine().query_metric(auth.scope(), &plan).await?;
    Ok(Json(map::metric::answer(answer)))
}
