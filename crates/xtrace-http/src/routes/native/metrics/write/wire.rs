//! What senders may write, for the document alone: reading is `xtrace_ingest::native`'s, point by point.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// Points of any series.
#[derive(Serialize, ToSchema)]
pub struct PointsBody {
    metrics: Vec<PointItem>,
}

/// A point. Its series is its name with its labels.
#[derive(Serialize, ToSchema)]
pub struct PointItem {
    #[schema(example = "gpu_utilization")]
    name: String,
    labels: Option<BTreeMap<String, String>>,
    /// Finite.
    #[schema(example = 93.5)]
    value: f64,
    /// RFC 3339 with any offset.
    #[schema(format = DateTime)]
    timestamp: String,
}
