//! `GET /metrics` — own figures as Prometheus text.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::error::{ApiError, ApiResult};

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Own figures
///
/// Items received, accepted, duplicate and rejected by reason; queue depth; latencies; size of the store.
#[utoipa::path(get, path = "/metrics", operation_id = "figures", tag = "operating", security(()),
    responses((status = 200, description = "Figures in Prometheus text.", content_type = "text/plain", body = String)))]
pub async fn read(State(app): State<App>) -> ApiResult<Response> {
    let text = app.figures().to_text().await.map_err(ApiError::internal)?;
    Ok(([(CONTENT_TYPE, TEXT)], text).into_response())
}

#[cfg(test)]
mod tests;
