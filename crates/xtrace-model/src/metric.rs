//! Metric series and their points.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A series is one name with one full set of labels within a project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesKey {
    pub name: Box<str>,
    pub labels: BTreeMap<Box<str>, Box<str>>,
}

/// One measured value. (series, timestamp) is its identity: sent again, the later value stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    pub series: SeriesKey,
    pub timestamp: Timestamp,
    /// Finite.
    pub value: f64,
}
