//! `GET /api/public/v2/metrics` — metrics of observations.

use axum::Json;
use axum::extract::State;

use super::answer::Metrics;
use super::read::{self, Params};
use super::vocabulary::Version;
use crate::app::App;
use crate::auth::{ProjectAuth, Read};
use crate::error::ApiResult;
use crate::params::QueryString;

/// Rows of an answer where `row_limit` was not sent.
const ROW_LIMIT_DEFAULT: u64 = 100;

/// Ask for metrics of observations
///
/// As the first version, with one view: `observations`, which has the dimensions isRootObservation and release and the
/// measures traceId (uniq), uniqueUserIds and uniqueSessionIds as well. An answer has 100 rows where `row_limit` was not
/// sent. Dimensions with many values (id, traceId, userId, sessionId, parentObservationId) need `row_limit`, an
/// `orderBy` of a metric with direction desc, and no `timeDimension`.
#[utoipa::path(
    get,
    path = "/api/public/v2/metrics",
    operation_id = "askMetricsV2",
    tag = "metrics",
    params(Params),
    responses((status = 200, description = "A row for each group.", body = Metrics))
)]
pub async fn ask(
    auth: ProjectAuth<Read>,
    State(app): State<App>,
    query: QueryString,
) -> ApiResult<Json<Metrics>> {
    let mut question = read::question(&query, Version::V2)?;
    question.row_limit.get_or_insert(ROW_LIMIT_DEFAULT);
    let answer = read::answer(app.engine(), auth.scope(), &question).await?;
    Ok(Json(answer))
}
