//! The figures of a run, as a table for people and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::bare::Bare;
use crate::load::Load;
use crate::reads::Read;

#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub measured: Vec<Measured>,
}

/// All figures of the server on one engine.
#[derive(Debug, Serialize)]
pub struct Measured {
    pub engine: &'static str,
    pub bare: Vec<Bare>,
    pub closed: Load,
    pub open: Load,
    pub points: Load,
    pub reads: Vec<Read>,
    /// Resident memory: just started and empty, after the load, just started on the full store.
    pub idle_bytes: u64,
    pub loaded_bytes: u64,
    pub idle_full_bytes: u64,
    pub ready_full_ms: f64,
    pub disk_bytes: u64,
    pub sent_bytes: u64,
}

impl Report {
    pub fn to_json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    pub fn to_table(&self) -> String {
        let mut text = String::new();
        for measured in &self.measured {
            measured.write(&mut text);
        }
        text
    }
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

impl Measured {
    fn write(&self, text: &mut String) {
        _ = writeln!(text, "\n{}", self.engine);
        for bare in &self.bare {
            _ = writeln!(
                text,
                "  bare {:<12} {:>9.0} rows/s   worst commit {:>6.0} ms   {:>7.1} MB   ({}, {} rows)",
                bare.engine,
                bare.rows_per_second,
                bare.worst_commit_ms,
                mb(bare.disk_bytes),
                bare.how,
                bare.rows
            );
        }
        self.write_load(text, "observations, closed", &self.closed);
        for bare in &self.bare {
            let ratio = self.closed.items_per_second / bare.rows_per_second;
            _ = writeln!(text, "    {:.0} % of bare {}", ratio * 100.0, bare.engine);
        }
        self.write_load(text, "observations, open", &self.open);
        self.write_load(text, "metric points", &self.points);
        for read in &self.reads {
            let latency = read.latency;
            _ = writeln!(
                text,
                "  {:<34} p50 {:>8.1} ms   p99 {:>8.1} ms",
                read.name, latency.p50_ms, latency.p99_ms
            );
        }
        _ = writeln!(
            text,
            "  memory: {:.0} MB empty, {:.0} MB after the load, {:.0} MB just started on the full store",
            mb(self.idle_bytes),
            mb(self.loaded_bytes),
            mb(self.idle_full_bytes)
        );
        _ = writeln!(
            text,
            "  ready after {:.0} ms on the full store; {:.0} MB on disk for {:.0} MB sent ({:.2} bytes a byte)",
            self.ready_full_ms,
            mb(self.disk_bytes),
            mb(self.sent_bytes),
            self.disk_bytes as f64 / self.sent_bytes as f64
        );
    }

    #[expect(
        clippy::unused_self,
        reason = "reads as one of the lines of this engine"
    )]
    fn write_load(&self, text: &mut String, name: &str, load: &Load) {
        _ = writeln!(
            text,
            "  {name:<22} {:>9.0} /s   {:>6.1} MB/s   ack p50 {:>6.1} ms  p99 {:>6.1} ms  max {:>6.1} ms   refused {}",
            load.items_per_second,
            mb(load.bytes) / load.seconds,
            load.latency.p50_ms,
            load.latency.p99_ms,
            load.latency.max_ms,
            load.refused
        );
    }
}
