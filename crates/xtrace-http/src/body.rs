//! Request bodies: decoded, bounded, in time, and taking room in the queue as they come.

use std::io::Error as IoError;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use bytes::BytesMut;
use tokio::io::AsyncReadExt as _;
use xtrace_ingest::Admitted;

use crate::app::App;
use crate::error::ApiError;

mod coding;
mod remainder;

use remainder::Remainder;

/// Room for a body that does not say how large it is, at first.
const FIRST_BYTES: usize = 4 * 1024;
/// Most room made for what a body only says it has.
const ANNOUNCED_BYTES_MAX: usize = 1024 * 1024;

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
        tokio::time::timeout(timeout, read(request, app))
            .await
            .unwrap_or_else(|_| {
                let message = format!("the body did not arrive within {} s", timeout.as_secs());
                Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, message))
            })
    }
}

/// Room is taken for what the body unfolds to, while it unfolds.
async fn read(request: Request, app: &App) -> Result<AdmittedJson, ApiError> {
    let limit = app.options().request_bytes_max;
    let (parts, body) = request.into_parts();
    let body = Remainder::new(body, parts.headers.contains_key(EXPECT));
    let announced = announced_bytes(&parts.headers);
    if announced > limit {
        return Err(too_large(limit));
    }
    let mut admitted = app
        .ingest()
        .admit(0)
        .inspect_err(|error| refuse(app, error.reason()))?;
    let mut reader = coding::decoded(&parts.headers, body).await?;
    // One byte more than announced, so that the end is found without more room.
    let room = (announced + 1).clamp(FIRST_BYTES, ANNOUNCED_BYTES_MAX);
    let mut bytes = BytesMut::with_capacity(room);
    loop {
        if bytes.len() == bytes.capacity() {
            bytes.reserve(bytes.len());
        }
        let read = reader
            .read_buf(&mut bytes)
            .await
            .map_err(|error| unreadable(&error))?;
        if read == 0 {
            return Ok(AdmittedJson {
                bytes: bytes.freeze(),
                admitted,
            });
        }
        if bytes.len() > limit {
            return Err(too_large(limit));
        }
        admitted
            .grow(read)
            .inspect_err(|error| refuse(app, error.reason()))?;
    }
}

/// What the sender says it will send; nothing where it does not say.
fn announced_bytes(headers: &HeaderMap) -> usize {
    let text = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// A request that found no room: how many items it had will never be known.
fn refuse(app: &App, reason: &str) {
    app.figures().ingest().count_refused(reason, 1);
}

fn too_large(limit: usize) -> ApiError {
    let message = format!(
        "the body has more than {limit} bytes, counted after decompression; \
         send it in parts, or raise XTRACE_MAX_REQUEST_BODY_BYTES"
    );
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

fn unreadable(error: &IoError) -> ApiError {
    ApiError::bad_request(format!("the body cannot be read: {error}"))
}

/// JSON, or nothing said. Parameters such as a charset do not matter.
fn ensure_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let text = value.to_str().unwrap_or("").to_ascii_lowercase();
    let essence = text.split(';').next().unwrap_or("").trim();
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(());
    }
    let message =
        format!("the content type is {essence:?}; send \"Content-Type: application/json\"");
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
}
