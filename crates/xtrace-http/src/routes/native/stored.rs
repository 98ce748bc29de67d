//! The answer to a write: 200 when all is stored, 207 when something is not, each with its reason.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// What became of a write.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    #[schema(example = "Request Successful.")]
    pub message: &'static str,
    /// Items stored by this request, new or changed.
    pub accepted: u64,
    /// Items that were there already.
    pub duplicate: u64,
    /// Items that were not stored.
    pub rejected: u64,
    /// What was left out of stored items, and why; left out itself where there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// Labels that stored points lost to a limit; left out where none did.
    #[serde(skip_serializing_if = "is_zero")]
    pub labels_dropped: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde asks for"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A part of a stored item that was left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct Warning {
    pub id: Option<Box<str>>,
    /// Where in the body the item stands.
    #[schema(example = "observations[3]")]
    pub item: String,
    /// Stable name of the reason.
    #[schema(example = "out_of_range")]
    pub code: String,
    #[schema(example = "usage.output")]
    pub field: Box<str>,
    pub message: String,
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
#[derive(Default)]
pub struct Outcome {
    pub accepted: u64,
    pub duplicate: u64,
    pub rejected: u64,
    pub successes: Option<Vec<Success>>,
    pub errors: Vec<Failure>,
    pub warnings: Vec<Warning>,
    pub labels_dropped: u64,
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        let message = match self.errors.len() {
            0 => "Request Successful.",
            _ => "Some items were not stored; errors says which, and why.",
        };
        let stored = Stored {
            message,
            accepted: self.accepted,
            duplicate: self.duplicate,
            rejected: self.rejected,
            warnings: self.warnings,
            labels_dropped: self.labels_dropped,
        };
        if self.errors.is_empty() {
            return Json(stored).into_response();
        }
        let body = PartlyStored {
            stored,
            successes: self.successes,
            errors: self.errors,
        };
        (StatusCode::MULTI_STATUS, Json(body)).into_response()
    }
}
