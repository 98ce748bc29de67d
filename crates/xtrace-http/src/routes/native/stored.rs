//! The answer to a write: 200 when all is stored, 207 when something is not, each with its reason.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// What became of a write.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stored {
    #[schema(example = "Request Successful.")]
    pub message: &'static str,
    /// Items stored by this request, new or changed.
    pub accepted: u64,
    /// Items that were there already.
    pub duplicate: u64,
    /// Items that were not stored: as many as `errors`.
    pub rejected: u64,
}

/// What became of a write of which something was not stored; everything else is.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartlyStored {
    #[serde(flatten)]
    pub stored: Stored,
    /// Stored items, in the order of the request; left out for metric points, which have no ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successes: Option<Vec<Success>>,
    pub errors: Vec<Failure>,
}

/// A stored item.
#[derive(Debug, Serialize, ToSchema)]
pub struct Success {
    pub id: Box<str>,
    /// `trace` or `observation`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub status: u16,
}

/// An item that was not stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct Failure {
    /// As sent; null where it could not be read.
    pub id: Option<Box<str>>,
    /// Where in the body the item stands.
    #[schema(example = "observations[3]")]
    pub item: String,
    pub status: u16,
    /// Stable name of the reason.
    #[schema(example = "too_long")]
    pub code: String,
    /// The field that is wrong; null where it is the item as a whole.
    pub field: Option<Box<str>>,
    /// The field, what is wrong with it, and the limit.
    pub message: String,
}

/// The answer, whichever it is.
pub struct Outcome {
    pub accepted: u64,
    pub duplicate: u64,
    pub successes: Option<Vec<Success>>,
    pub errors: Vec<Failure>,
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        let Self { accepted, duplicate, successes, errors } = self;
        let rejected = errors.len() as u64;
        if errors.is_empty() {
            let message = "Request Successful.";
            return Json(Stored { message, accepted, duplicate, rejected }).into_response();
        }
        let message = "Some items were not stored; errors says which, and why.";
        let stored = Stored { message, accepted, duplicate, rejected };
        (StatusCode::MULTI_STATUS, Json(PartlyStored { stored, successes, errors })).into_response()
    }
}
