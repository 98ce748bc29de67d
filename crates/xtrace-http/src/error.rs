//! The one error type of the API: what clients see, apart from what only the log sees.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use xtrace_ingest::IngestError;
use xtrace_ingest::native::BodyError;
use xtrace_model::Timestamp;
use xtrace_store::{BoxError, ErrorKind, StoreError};

use crate::failure_log::{Chain, Failure};
use crate::rate_limit::rejection;

pub type ApiResult<T> = Result<T, ApiError>;

/// A failure: a public message with a stable code, and an internal cause that is never sent.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
    /// One more header of the answer.
    header: Option<Box<(HeaderName, HeaderValue)>>,
    cause: Option<BoxError>,
    /// When a rejected read was asked, for the time in its answer.
    rate_limited_at: Option<Timestamp>,
}

/// The body of every failure.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What is wrong, and what to do about it.
    pub message: String,
    /// Stable name of the failure.
    #[schema(example = "BAD_REQUEST")]
    pub code: String,
}

/// The stable code of a status.
pub fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "BAD_REQUEST",
        StatusCode::UNAUTHORIZED => "UNAUTHORIZED",
        StatusCode::FORBIDDEN => "FORBIDDEN",
        StatusCode::NOT_FOUND => "NOT_FOUND",
        StatusCode::METHOD_NOT_ALLOWED => "METHOD_NOT_ALLOWED",
        StatusCode::REQUEST_TIMEOUT => "REQUEST_TIMEOUT",
        StatusCode::CONFLICT => "CONFLICT",
        StatusCode::PAYLOAD_TOO_LARGE => "PAYLOAD_TOO_LARGE",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "UNSUPPORTED_MEDIA_TYPE",
        StatusCode::UNPROCESSABLE_ENTITY => "UNPROCESSABLE_ENTITY",
        StatusCode::TOO_MANY_REQUESTS => "TOO_MANY_REQUESTS",
        StatusCode::NOT_IMPLEMENTED => "NOT_IMPLEMENTED",
        StatusCode::SERVICE_UNAVAILABLE => "SERVICE_UNAVAILABLE",
        StatusCode::GATEWAY_TIMEOUT => "TIMEOUT",
        _ if status.is_client_error() => "BAD_REQUEST",
        _ => "INTERNAL_ERROR",
    }
}

impl ApiError {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code_of(status),
            message: message.into(),
            retry_after: None,
            header: None,
            cause: None,
            rate_limited_at: None,
        }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Missing or wrong credentials; nothing says which.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized")
    }

    /// Good credentials that may not do this.
    pub fn forbidden(message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub fn not_found(what: &str, id: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{what} {id} not found"))
    }

    /// Too many reads; the answer says when there will be one again.
    pub fn rate_limited(wait: Duration, now: Timestamp) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").retry_after(wait);
        Self {
            rate_limited_at: Some(now),
            ..error
        }
    }

    /// A defect of ours: the cause goes to the log.
    pub fn internal(cause: impl Into<BoxError>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Error").caused_by(cause)
    }

    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some(Box::new((name, value)));
        self
    }

    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<BoxError>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

/// Whole seconds, at least one (contracts/xtrace.md §1.2).
pub fn retry_after_seconds(wait: Duration) -> HeaderValue {
    HeaderValue::from(
        wait.as_millis()
            .div_ceil(1000)
            .max(1)
            .try_into()
            .unwrap_or(u64::MAX),
    )
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let (Some(now), Some(wait)) = (self.rate_limited_at, self.retry_after) {
            return rejection(wait, now);
        }
        // The cause goes with the answer to the edge, which has the log and the request's id.
        let failure = self
            .cause
            .map(|cause| Failure::new(self.status, self.code, &self.message, cause));
        let body = ErrorBody {
            message: self.message,
            code: self.code.to_owned(),
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(wait) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, retry_after_seconds(wait));
        }
        if let Some(header) = self.header {
            response.headers_mut().insert(header.0, header.1);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let schemes = HeaderValue::from_static("Bearer, Basic realm=\"xtrace\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, schemes);
        }
        if let Some(failure) = failure {
            response.extensions_mut().insert(failure);
        }
        response
    }
}

/// The one table from kinds of the store to statuses.
fn status_of(kind: ErrorKind) -> (StatusCode, &'static str) {
    match kind {
        ErrorKind::Invalid => (
            StatusCode::BAD_REQUEST,
            "the store cannot do what was asked",
        ),
        ErrorKind::Unsupported => (
            StatusCode::BAD_REQUEST,
            "this store does not support what was asked",
        ),
        ErrorKind::Conflict => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store was busy with the same data; try again",
        ),
        ErrorKind::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store is not available; nothing was stored, try again",
        ),
        ErrorKind::Timeout => (
            StatusCode::GATEWAY_TIMEOUT,
            "the store did not answer in time; ask for less, or try again",
        ),
        ErrorKind::TooLarge => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "the answer would be too large; ask for less",
        ),
        ErrorKind::Corrupt | ErrorKind::Internal => {
            (StatusCode::INTERNAL_SERVER_ERROR, "Internal Error")
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let (status, message) = status_of(error.kind);
        let retry_after = error.retry_after();
        let is_callers = matches!(error.kind, ErrorKind::Invalid | ErrorKind::Unsupported);
        if is_callers {
            return Self::new(status, format!("{message}: {}", Chain(&error)));
        }
        Self {
            retry_after,
            ..Self::new(status, message).caused_by(error)
        }
    }
}

/// Unreadable is 400; readable but not what is asked for is 422 (contracts/xtrace.md §1.0).
impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        let status = match &error {
            BodyError::NotUtf8(_) | BodyError::NotJson(_) => StatusCode::BAD_REQUEST,
            BodyError::WrongShape { .. }
            | BodyError::TooMany { .. }
            | BodyError::Refused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, error.to_string())
    }
}

impl From<IngestError> for ApiError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::QueueFull { retry_after, .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string()).retry_after(retry_after)
            }
            IngestError::ShuttingDown { retry_after } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
                    .retry_after(retry_after)
            }
            IngestError::Store(error) => {
                let (status, message) = status_of(error.kind);
                Self {
                    retry_after: error.retry_after(),
                    ..Self::new(status, message).caused_by(error)
                }
            }
        }
    }
}
