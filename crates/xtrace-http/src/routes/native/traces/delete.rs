//! `DELETE /api/public/traces/{traceId}` and `DELETE /api/public/traces` — traces with all that belongs to them.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xtrace_model::TraceId;

use crate::app::App;
use crate::auth::{ProjectAuth, Write};
use crate::body::AdmittedJson;
use crate::error::{ApiError, ApiResult};
use crate::routes::native::ids;

/// Most traces of one request.
pub const TRACE_IDS_MAX: usize = 1_000;

/// Which traces to delete.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteTraces {
    /// 1 to 1,000 ids; unknown ones are no error.
    pub trace_ids: Vec<String>,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deleted {
    pub message: &'static str,
}

/// Delete a trace
///
/// Deletes the trace with its observations and payloads, at once and durably. An unknown id is no error.
#[utoipa::path(
    delete,
    path = "/api/public/traces/{traceId}",
    operation_id = "deleteTrace",
    tag = "traces",
    params(("traceId" = String, Path, description = "Id of the trace.")),
    responses((status = 200, description = "It is gone.", body = Deleted))
)]
pub async fn one(
    auth: ProjectAuth<Write>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Json<Deleted>> {
    let id = ids::trace(id)?;
    app.engine().delete_traces(auth.scope(), &[id]).await?;
    Ok(Json(Deleted {
        message: "Trace deleted successfully",
    }))
}

/// Delete traces
///
/// Deletes up to 1,000 traces with their observations and payloads, at once and durably.
#[utoipa::path(
    delete,
    path = "/api/public/traces",
    operation_id = "deleteTraces",
    tag = "traces",
    request_body = DeleteTraces,
    responses((status = 200, description = "They are gone.", body = Deleted))
)]
pub async fn many(
    auth: ProjectAuth<Write>,
    State(app): State<App>,
    AdmittedJson { bytes, .. }: AdmittedJson,
) -> ApiResult<Json<Deleted>> {
    let body: DeleteTraces = serde_json::from_slice(&bytes).map_err(unreadable)?;
    let sent = body.trace_ids.len();
    if !(1..=TRACE_IDS_MAX).contains(&sent) {
        return Err(ApiError::bad_request(format!(
            "traceIds has {sent} ids; expected 1 to {TRACE_IDS_MAX}"
        )));
    }
    let ids: Vec<TraceId> = body
        .trace_ids
        .into_iter()
        .map(ids::trace)
        .collect::<Result<_, _>>()?;
    app.engine().delete_traces(auth.scope(), &ids).await?;
    Ok(Json(Deleted {
        message: "Traces deleted successfully",
    }))
}

fn unreadable(error: serde_json::Error) -> ApiError {
    ApiError::bad_request(format!(
        "the body is not {{\"traceIds\": [\"…\"]}}: {error}"
    ))
}
