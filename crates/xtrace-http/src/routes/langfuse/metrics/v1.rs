//! `GET /api/public/metrics` — metrics of traces and observations.

use axum::Json;
use axum::extract::State;

use super::answer::Metrics;
use super::read::{self, Params};
use super::vocabulary::Version;
use crate::app::App;
use crate::auth::{ProjectAuth, Read};
use crate::error::ApiResult;
use crate::params::QueryString;

/// Ask for metrics
///
/// Views: `traces` and `observations`. Of traces, dimensions are id, name, tags, userId, sessionId, release, version,
/// environment, timestampMonth; measures count, observationsCount, uniqueUserIds, uniqueSessionIds, latency,
/// totalTokens, totalCost, errorCount. Of observations, dimensions are id, traceId, traceName, environment,
/// parentObservationId, type, name, level, version, tags, providedModelName, promptName, promptVersion, userId,
/// sessionId, traceRelease, traceVersion, startTimeMonth; measures count, latency, streamingLatency, inputTokens,
/// outputTokens, totalTokens, outputTokensPerSecond, tokensPerSecond, inputCost, outputCost, totalCost,
/// timeToFirstToken. Durations are in milliseconds, costs in USD. Aggregations: sum, avg, count, max, min, p50, p75,
/// p90, p95, p99, histogram, uniq; all are exact.
///
/// Tags are one dimension: all tags of a trace together. Where all traces are one row, it has `error_count` as well:
/// traces with an observation of level ERROR. An answer without `row_limit` has at most 50,000 rows.
#[utoipa::path(
    get,
    path = "/api/public/metrics",
    operation_id = "askMetrics",
    tag = "metrics",
    params(Params),
    responses((status = 200, description = "A row for each group.", body = Metrics))
)]
pub async fn ask(
    auth: ProjectAuth<Read>,
    State(app): State<App>,
    query: QueryString,
) -> ApiResult<Json<Metrics>> {
    let question = read::question(&query, Version::V1)?;
    let answer = read::answer(app.engine(), auth.scope(), &question).await?;
    Ok(Json(answer))
}
