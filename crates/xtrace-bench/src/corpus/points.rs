//! Metric points of GPUs.

use std::fmt::Write as _;

use xtrace_model::Timestamp;

use super::{Corpus, mix};

/// GPUs: 50 nodes of 8.
const SERIES: u64 = 400;
/// From one point of a series to the next.
const STEP_MICROS: i64 = 15_000_000;

impl Corpus {
    /// A body of `POST /v1/metrics/batch`: points `from..from + count` of `total`, the last ones at the corpus' end.
    pub fn points(&self, from: u64, count: u64, total: u64) -> String {
        let mut body = String::from(r#"{"metrics":["#);
        for n in from..from + count {
            if n > from {
                body.push(',');
            }
            let series = n % SERIES;
            let back = (total / SERIES).saturating_sub(n / SERIES).cast_signed() * STEP_MICROS;
            let at = Timestamp::from_micros(self.end().as_micros() - back);
            _ = write!(
                body,
                r#"{{"name":"gpu_utilization","labels":{{"node_id":"node-{}","gpu_index":"{}"}},"value":{},"timestamp":"{at}"}}"#,
                series / 8,
                series % 8,
                (mix(n) % 10_000) as f64 / 100.0,
            );
        }
        body.push_str("]}");
        body
    }
}
