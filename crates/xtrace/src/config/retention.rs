//! `[retention]`: how long telemetry is kept.

use std::time::Duration;

use super::kinds::{parse_number, parse_positive, show};
use super::reader::{Reader, Setting};

#[derive(Clone, Debug)]
pub struct RetentionConfig {
    /// 0 keeps everything.
    pub traces_days: u32,
    /// 0 keeps everything.
    pub metrics_days: u32,
    pub interval_hours: u32,
}

const TRACES_DAYS: Setting<u32> = Setting {
    key: "retention.traces_days",
    env: &["TRACES_RETENTION_DAYS"],
    expected: "a whole number of days; 0 keeps everything",
    doc: "Days after its last activity that a trace is kept; 0 keeps everything.",
    parse: parse_number,
    show,
};

const METRICS_DAYS: Setting<u32> = Setting {
    key: "retention.metrics_days",
    env: &["METRICS_RETENTION_DAYS"],
    expected: "a whole number of days; 0 keeps everything",
    doc: "Days that metric points are kept; 0 keeps everything.",
    parse: parse_number,
    show,
};

const INTERVAL_HOURS: Setting<u32> = Setting {
    key: "retention.interval_hours",
    env: &["RETENTION_INTERVAL_HOURS"],
    expected: "a whole number of hours of at least 1",
    doc: "Hours between two rounds of retention.",
    parse: parse_positive,
    show,
};

impl RetentionConfig {
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            traces_days: reader.value(&TRACES_DAYS, 0),
            metrics_days: reader.value(&METRICS_DAYS, 0),
            interval_hours: reader.value(&INTERVAL_HOURS, 24),
        }
    }

    pub fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.interval_hours) * 3600)
    }
}
