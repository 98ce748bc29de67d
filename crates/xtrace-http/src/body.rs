//! Request bodies: decompressed (by a layer of the router), bounded, taking room in the queue as they come.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use bytes::BytesMut;
use http_body_util::BodyExt as _;
use xtrace_ingest::Admitted;

use crate::app::App;
use crate::error::ApiError;

/// A whole JSON body with its room in the queue.
pub struct AdmittedJson {
    pub bytes: Bytes,
    pub admitted: Admitted,
}

impl FromRequest<App> for AdmittedJson {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        ensure_json(request.headers())?;
        let timeout = app.options().body_timeout;
        let reading = read(request.into_body(), app);
        tokio::time::timeout(timeout, reading).await.unwrap_or_else(|_| {
            let message = format!("the body did not arrive within {} s", timeout.as_secs());
            Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, message))
        })
    }
}

async fn read(mut body: Body, app: &App) -> Result<AdmittedJson, ApiError> {
    let limit = app.options().request_bytes_max;
    let mut admitted = app.ingest().admit(0).inspect_err(|_| refuse(app))?;
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| unreadable(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            let message = format!(
                "the body has more than {limit} bytes after decompression; send it in parts, or raise XTRACE_MAX_REQUEST_BODY_BYTES"
            );
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        admitted.grow(data.len()).inspect_err(|_| refuse(app))?;
        bytes.extend_from_slice(&data);
    }
    Ok(AdmittedJson { bytes: bytes.freeze(), admitted })
}

/// A request that found no room: how many items it had will never be known.
fn refuse(app: &App) {
    app.figures().ingest().count_refused("queue_full", 1);
}

fn unreadable(error: &axum::Error) -> ApiError {
    ApiError::bad_request(format!("the body cannot be read: {error}"))
}

/// JSON, or nothing said. Parameters such as a charset do not matter.
pub fn ensure_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or("").to_ascii_lowercase();
    let essence = text.split(';').next().unwrap_or("").trim();
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(());
    }
    let message = format!("the content type is {essence:?}; send \"Content-Type: application/json\"");
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
}
