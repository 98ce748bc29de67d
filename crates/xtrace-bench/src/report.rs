//! The figures of a run, as a table for people and as JSON.

mod table;

use serde::Serialize;

use crate::bare::Bare;
use crate::corpus::CorpusKind;
use crate::idle::Idle;
use crate::latency::Percentiles;
use crate::load::Load;
use crate::machine::{Disk, Json};
use crate::mixed::Mixed;
use crate::reads::Read;

#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub measured: Vec<Measured>,
}

/// What the machine can do at best.
#[derive(Debug, Serialize)]
pub struct Machine {
    pub disk: Disk,
    pub json: Vec<Json>,
}

/// All figures of the server on one engine.
#[derive(Debug, Serialize)]
pub struct Measured {
    pub engine: &'static str,
    /// With the first corpus.
    pub bare: Vec<Bare>,
    /// Of one row each, where the engine is a server.
    pub lone_commit: Option<Percentiles>,
    pub idle: Idle,
    pub full: Full,
    pub others: Vec<Written>,
}

/// Everything that is measured with the first corpus.
#[derive(Debug, Serialize)]
pub struct Full {
    pub corpus: CorpusKind,
    pub closed: Load,
    pub open: Load,
    pub points: Load,
    pub reads: Vec<Read>,
    pub mixed: Mixed,
    pub memory: Memory,
    pub ready_full_ms: f64,
    pub disk_bytes: u64,
    pub sent_bytes: u64,
}

/// Resident: just started and empty, after the load, just started on the full store.
#[derive(Debug, Serialize)]
pub struct Memory {
    pub idle_bytes: u64,
    pub loaded_bytes: u64,
    pub idle_full_bytes: u64,
}

/// The writing of a corpus into an empty store.
#[derive(Debug, Serialize)]
pub struct Written {
    pub corpus: CorpusKind,
    pub closed: Load,
    pub bare: Vec<Bare>,
    pub disk_bytes: u64,
}

impl Report {
    pub fn to_json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    pub fn to_table(&self) -> String {
        let mut text = String::new();
        table::write_machine(&mut text, &self.machine);
        for measured in &self.measured {
            table::write_engine(&mut text, measured, &self.machine);
        }
        text
    }
}
