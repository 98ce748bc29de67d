//! `[query]`: caps of answers.

use super::kinds::{parse_positive, show};
use super::reader::{Reader, Setting};

#[derive(Clone, Debug)]
pub struct QueryConfig {
    pub metric_series_max: usize,
    pub metric_points_max: usize,
}

const METRIC_SERIES_MAX: Setting<usize> = Setting {
    key: "query.metric_series_max",
    env: &["XTRACE_METRICS_QUERY_MAX_SERIES"],
    expected: "a whole number of at least 1",
    doc: "Series of one metrics answer; those with the newest points are kept.",
    parse: parse_positive,
    show,
};

const METRIC_POINTS_MAX: Setting<usize> = Setting {
    key: "query.metric_points_max",
    env: &["XTRACE_METRICS_QUERY_MAX_POINTS"],
    expected: "a whole number of at least 1",
    doc: "Points per series of one metrics answer; the newest are kept.",
    parse: parse_positive,
    show,
};

impl QueryConfig {
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            metric_series_max: reader.value(&METRIC_SERIES_MAX, 50),
            metric_points_max: reader.value(&METRIC_POINTS_MAX, 1000),
        }
    }
}
