//! Ids in paths.

use xtrace_model::{ObservationId, TraceId};

use crate::error::{ApiError, ApiResult};

/// # Errors
/// The text is no id.
pub fn trace(text: String) -> ApiResult<TraceId> {
    TraceId::new(text).map_err(|reason| ApiError::bad_request(format!("trace id {reason}")))
}

/// # Errors
/// The text is no id.
pub fn observation(text: String) -> ApiResult<ObservationId> {
    ObservationId::new(text)
        .map_err(|reason| ApiError::bad_request(format!("observation id {reason}")))
}
