//! Points of series.

use std::collections::BTreeMap;
use std::sync::Arc;

use xtrace_model::{SeriesKey, Timestamp};
use xtrace_store::Write;

use super::after;

/// Points of one series.
#[derive(Clone, Debug)]
pub struct PointsPatch {
    series: SeriesKey,
    points: Vec<(Timestamp, f64)>,
}

/// A series without labels and, so far, without points.
pub fn a_series(name: &str) -> PointsPatch {
    PointsPatch {
        series: SeriesKey {
            name: name.into(),
            labels: BTreeMap::new(),
        },
        points: Vec::new(),
    }
}

impl PointsPatch {
    #[must_use]
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.series.labels.insert(name.into(), value.into());
        self
    }

    /// A value so many seconds after noon.
    #[must_use]
    pub fn point(self, seconds: f64, value: f64) -> Self {
        self.point_at(after(seconds), value)
    }

    #[must_use]
    pub fn point_at(mut self, time: Timestamp, value: f64) -> Self {
        self.points.push((time, value));
        self
    }

    /// Values by seconds after noon.
    #[must_use]
    pub fn points(self, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        points.into_iter().fold(self, |series, (seconds, value)| {
            series.point(seconds, value)
        })
    }
}

impl From<PointsPatch> for Write {
    fn from(patch: PointsPatch) -> Self {
        Self::Points {
            series: Arc::new(patch.series),
            points: patch.points,
        }
    }
}
