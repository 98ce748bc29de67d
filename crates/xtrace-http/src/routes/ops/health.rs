//! `GET /healthz` and `GET /readyz`.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::code_of;
use crate::failure_log::Failure;

/// A store that takes longer to answer is not ready.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether requests can be served now.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    #[schema(example = "ready")]
    status: &'static str,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Is the process alive?
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "operating", security(()),
    responses((status = 200, description = "The process is alive; the body is empty.")))]
pub async fn healthz() -> StatusCode {
    StatusCode::OK
}

/// Can requests be served now?
///
/// The store answers, the queue has room, and the server is not shutting down.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "operating", security(()),
    responses((status = 200, description = "Ready.", body = Readiness),
        (status = 503, description = "Not ready, and why.", body = Readiness)))]
pub async fn readyz(State(app): State<App>) -> Response {
    match why_not(&app).await {
        None => Json(Readiness {
            status: "ready",
            reason: None,
        })
        .into_response(),
        Some(reason) => {
            let body = Readiness {
                status: "not_ready",
                reason: Some(reason),
            };
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn why_not(app: &App) -> Option<String> {
    if app.ingest().is_closed() {
        return Some("the server is shutting down".to_owned());
    }
    let depth = app.ingest().depth();
    if depth.bytes >= depth.bytes_max {
        return Some(format!(
            "the ingest queue is full ({} bytes)",
            depth.bytes_max
        ));
    }
    match tokio::time::timeout(PROBE_TIMEOUT, app.engine().probe()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let message = "the store is not ready";
            app.log(&Failure::new(
                status,
                code_of(status),
                message,
                error.into(),
            ));
            Some("the store does not work; the log says why".to_owned())
        }
        Err(_) => Some(format!("the store did not answer within {PROBE_TIMEOUT:?}")),
    }
}

#[cfg(test)]
mod tests;
