//! `GET /api/internal/rate_limit_stats` — how the rate limiter has decided since the start.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Operate, ProjectAuth};

/// Credentials named in the answer: those that were rejected most.
const REJECTED_MAX: usize = 20;

/// Counts since the start of the process.
#[derive(Serialize, ToSchema)]
pub struct RateLimitStats {
    rate_limit_qps: u32,
    rate_limit_burst: u32,
    total_allowed: u64,
    total_rejected: u64,
    /// Between 0 and 1.
    rejection_rate: f64,
    top_rejected_tokens: Vec<Rejected>,
}

/// Rejections of one credential.
#[derive(Serialize, ToSchema)]
pub struct Rejected {
    /// The setting that the credential comes from; nothing of the credential itself.
    #[schema(example = "API_BEARER_TOKEN")]
    token: String,
    count: u64,
}

/// Decisions of the rate limiter
#[utoipa::path(get, path = "/api/internal/rate_limit_stats", operation_id = "rateLimitStats", tag = "operating",
    responses((status = 200, description = "Counts since the start.", body = RateLimitStats)))]
pub async fn stats(_: ProjectAuth<Operate>, State(app): State<App>) -> Json<RateLimitStats> {
    let decisions = app.limiter().decisions();
    let total_rejected: u64 = decisions.rejected.values().sum();
    let total = decisions.allowed + total_rejected;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rejection_rate = if total == 0 {
        0.0
    } else {
        total_rejected as f64 / total as f64
    };
    let rejected = decisions.rejected.into_iter();
    let mut top: Vec<Rejected> = rejected
        .map(|(caller, count)| Rejected {
            token: app.options().credentials.name(caller).to_owned(),
            count,
        })
        .collect();
    top.sort_by_key(|rejected| std::cmp::Reverse(rejected.count));
    top.truncate(REJECTED_MAX);
    Json(RateLimitStats {
        rate_limit_qps: decisions.limits.per_second.get(),
        rate_limit_burst: decisions.limits.burst.get(),
        total_allowed: decisions.allowed,
        total_rejected,
        rejection_rate,
        top_rejected_tokens: top,
    })
}
