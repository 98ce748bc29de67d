//! Questions about metric series.

use std::collections::BTreeMap;

use xtrace_model::Timestamp;

/// How the points of a bucket become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetricAggregation {
    Avg,
    Max,
    Min,
    Sum,
    /// The value with the greatest timestamp; of several series with that timestamp, the greatest value.
    Last,
    Count,
    /// Increase per second: the sum of rises between neighbouring points of each series (a fall is a
    /// reset: the new value is the rise) that end in the bucket, divided by the bucket's length. The first
    /// point from [`MetricPlan::scan_from`] on has no neighbour before it; a bucket where no rise ends is empty.
    Rate,
    /// Exact, interpolated; the number is the percentage.
    Percentile(u8),
}

impl MetricAggregation {
    pub const NAMES: &'static str = "avg, max, min, sum, last, count, rate, p50, p90, p95, p99";

    /// Any case, surrounding space ignored.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "avg" => Self::Avg,
            "max" => Self::Max,
            "min" => Self::Min,
            "sum" => Self::Sum,
            "last" => Self::Last,
            "count" => Self::Count,
            "rate" => Self::Rate,
            "p50" => Self::Percentile(50),
            "p90" => Self::Percentile(90),
            "p95" => Self::Percentile(95),
            "p99" => Self::Percentile(99),
            _ => return None,
        })
    }
}

/// How far before the window a rate looks at least for the point that the first rise begins with.
pub const RATE_LOOKBACK_MICROS: i64 = 300_000_000;

/// A question about the series of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricPlan {
    pub name: Box<str>,
    /// Labels a series must have; more do not matter.
    pub labels: BTreeMap<Box<str>, Box<str>>,
    /// Both ends included.
    pub from: Timestamp,
    pub to: Timestamp,
    /// Length of a bucket in microseconds; buckets are aligned to the epoch.
    pub step_micros: i64,
    pub aggregation: MetricAggregation,
    /// One series per combination of these labels' values, an absent label being a value of its own;
    /// `None`: one per stored series.
    pub group_by: Option<Vec<Box<str>>>,
    /// Of more series than this, those with the newest points are kept (then the order of labels).
    pub series_max: usize,
    /// Of more points per series than this, the newest are kept.
    pub points_max: usize,
}

impl MetricPlan {
    /// From when on points are looked at: from `from` on, for a rate one step earlier, or
    /// [`RATE_LOOKBACK_MICROS`] where that is more.
    pub fn scan_from(&self) -> Timestamp {
        match self.aggregation {
            MetricAggregation::Rate => {
                let lookback = self.step_micros.max(RATE_LOOKBACK_MICROS);
                self.from.saturating_add_micros(-lookback)
            }
            _ => self.from,
        }
    }
}

/// The answer, series in order of their labels, points ascending.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricAnswer {
    pub series: Vec<MetricSeries>,
    /// Timestamp of the newest raw point that the question matches, cut or not.
    pub latest: Option<Timestamp>,
    /// Something was cut by a cap.
    pub is_truncated: bool,
    /// Series there are, before the cap.
    pub series_total: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MetricSeries {
    /// With `group_by`, an absent label is `None`.
    pub labels: BTreeMap<Box<str>, Option<Box<str>>>,
    /// Bucket start and value; empty buckets are absent.
    pub points: Vec<(Timestamp, f64)>,
}

/// The last point of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct LatestPoint {
    pub name: Box<str>,
    pub labels: BTreeMap<Box<str>, Box<str>>,
    pub timestamp: Timestamp,
    pub value: f64,
}
