//! What is stored under the keys: states with what was derived from them, in postcard.
//!
//! The first byte of every value is its shape; a later shape gets a new number and both are read.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xtrace_model::{Costing, ObservationFacts, Timestamp, TraceFacts, TraceSummary};

use crate::errors::EmbeddedError;

pub(super) const SHAPE: u8 = 1;

/// Which payload partition holds the payloads of a row; `None`: it has none.
pub type Partition = Option<u32>;

/// A trace without its payloads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredTrace {
    pub facts: TraceFacts,
    pub summary: TraceSummary,
    pub version: u64,
    pub partition: Partition,
}

/// An observation without its payloads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredObservation {
    pub facts: ObservationFacts,
    pub costing: Costing,
    pub version: u64,
    pub partition: Partition,
}

/// A point with the series it belongs to and the point it replaces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoggedPoint {
    pub version: u64,
    pub series: i64,
    pub timestamp: Timestamp,
    pub value: f64,
}

/// What one commit did to the projection: the work that is left when the process ends too early.
///
/// Rows are found again under their keys; a key whose record has another version by then was
/// changed once more, and the later commit has the row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
    /// Keys of traces with a new row.
    pub traces: Vec<(u64, Vec<u8>)>,
    /// Keys of observations with a new row.
    pub observations: Vec<(u64, Vec<u8>)>,
    pub points: Vec<LoggedPoint>,
    /// Versions that are no longer to be seen.
    pub hidden_traces: Vec<u64>,
    pub hidden_observations: Vec<u64>,
    pub hidden_points: Vec<u64>,
    /// The greatest version of this commit.
    pub last_version: u64,
}

impl LogRecord {
    pub fn is_empty(&self) -> bool {
        self.traces.is_empty()
            && self.observations.is_empty()
            && self.points.is_empty()
            && self.hidden_traces.is_empty()
            && self.hidden_observations.is_empty()
            && self.hidden_points.is_empty()
    }
}

pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let buffer = vec![SHAPE];
    postcard::to_extend(value, buffer).expect("our records have no shape that postcard lacks")
}

pub fn decode<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T, EmbeddedError> {
    let corrupt = |why: String| EmbeddedError::Corrupt { what, why };
    match bytes.split_first() {
        Some((&SHAPE, rest)) => {
            postcard::from_bytes(rest).map_err(|error| corrupt(error.to_string()))
        }
        Some((shape, _)) => Err(corrupt(format!("unknown shape {shape}"))),
        None => Err(corrupt("empty value".to_owned())),
    }
}
