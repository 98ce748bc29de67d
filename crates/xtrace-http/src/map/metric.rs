//! Time series for the wire.

use xtrace_query::{LatestPoint, MetricAnswer, MetricSeries};

use super::scalar::MetricInstant;
use crate::routes::native::metrics::latest::{LatestItem, LatestMeta, LatestResponse};
use crate::routes::native::metrics::query::{QueryMeta, QueryResponse, Series, SeriesPoint};

pub fn answer(answer: MetricAnswer) -> QueryResponse {
    let meta = QueryMeta {
        latest_ts: answer.latest.map(MetricInstant),
        series_count: answer.series.len(),
        truncated: answer.is_truncated,
        series_total: answer.series_total,
    };
    QueryResponse {
        data: answer.series.into_iter().map(series).collect(),
        meta,
    }
}

fn series(series: MetricSeries) -> Series {
    let points = series.points.into_iter();
    let to_point = |(timestamp, value)| SeriesPoint {
        timestamp: MetricInstant(timestamp),
        value,
    };
    Series {
        labels: series.labels,
        values: points.map(to_point).collect(),
    }
}

/// `truncated`: some metric has more series than were read.
pub fn latest(points: Vec<LatestPoint>, truncated: bool) -> LatestResponse {
    let newest = points.iter().map(|point| point.timestamp).max();
    let meta = LatestMeta {
        latest_ts: newest.map(MetricInstant),
        series_count: points.len(),
        truncated,
    };
    let to_item = |point: LatestPoint| LatestItem {
        name: point.name,
        labels: point.labels,
        timestamp: MetricInstant(point.timestamp),
        value: point.value,
    };
    LatestResponse {
        data: points.into_iter().map(to_item).collect(),
        meta,
    }
}
