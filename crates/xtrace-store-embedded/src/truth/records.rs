//! What is stored under the keys: states with what was derived from them, in postcard.
//!
//! The first byte of every value is its shape; a later shape gets a new number and both are read.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xtrace_model::{
    Cell, Costing, ObservationFacts, ProjectId, SummaryWithoutCalls, Sums, Timestamp, TraceFacts,
    TraceSummary,
};

use crate::errors::EmbeddedError;

pub(super) const SHAPE: u8 = 1;
/// Of [`StoredTrace`] and [`LogRecord`] since there are rollups.
const SHAPE_WITH_ROLLUPS: u8 = 2;

/// Which payload partition holds the payloads of a row; `None`: it has none.
pub type Partition = Option<u32>;

/// A trace without its payloads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredTrace {
    pub facts: TraceFacts,
    pub summary: TraceSummary,
    pub version: u64,
    pub partition: Partition,
    /// The summary is of before there were model calls: to be made anew before anything is made of it that is kept.
    #[serde(skip)]
    pub lacks_calls: bool,
}

/// As [`StoredTrace`], of before there were model calls.
#[derive(Serialize, Deserialize)]
struct TraceWithoutCalls {
    facts: TraceFacts,
    summary: SummaryWithoutCalls,
    version: u64,
    partition: Partition,
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
    /// What the rollups change by.
    pub cells: Vec<LoggedCell>,
}

/// A cell of a project, and what it changes by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoggedCell {
    pub project: ProjectId,
    pub cell: Cell,
    pub sums: Sums,
}

/// As [`LogRecord`], of before there were rollups.
#[derive(Deserialize)]
struct RecordWithoutCells {
    traces: Vec<(u64, Vec<u8>)>,
    observations: Vec<(u64, Vec<u8>)>,
    points: Vec<LoggedPoint>,
    hidden_traces: Vec<u64>,
    hidden_observations: Vec<u64>,
    hidden_points: Vec<u64>,
    last_version: u64,
}

impl StoredTrace {
    pub fn encode(&self) -> Vec<u8> {
        encode_as(SHAPE_WITH_ROLLUPS, self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, EmbeddedError> {
        if bytes.first() != Some(&SHAPE) {
            return decode_as(SHAPE_WITH_ROLLUPS, "trace", bytes);
        }
        let old: TraceWithoutCalls = decode("trace", bytes)?;
        Ok(Self {
            facts: old.facts,
            summary: old.summary.into(),
            version: old.version,
            partition: old.partition,
            lacks_calls: true,
        })
    }
}

#[cfg(feature = "failpoints")]
impl StoredTrace {
    /// As before there were model calls.
    pub fn encode_without_calls(self) -> Vec<u8> {
        encode(&TraceWithoutCalls {
            facts: self.facts,
            summary: self.summary.into(),
            version: self.version,
            partition: self.partition,
        })
    }
}

impl LogRecord {
    pub fn encode(&self) -> Vec<u8> {
        encode_as(SHAPE_WITH_ROLLUPS, self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, EmbeddedError> {
        if bytes.first() != Some(&SHAPE) {
            return decode_as(SHAPE_WITH_ROLLUPS, "log record", bytes);
        }
        let old: RecordWithoutCells = decode("log record", bytes)?;
        Ok(Self {
            traces: old.traces,
            observations: old.observations,
            points: old.points,
            hidden_traces: old.hidden_traces,
            hidden_observations: old.hidden_observations,
            hidden_points: old.hidden_points,
            last_version: old.last_version,
            cells: Vec::new(),
        })
    }

    pub fn is_empty(&self) -> bool {
        self.traces.is_empty()
            && self.observations.is_empty()
            && self.points.is_empty()
            && self.hidden_traces.is_empty()
            && self.hidden_observations.is_empty()
            && self.hidden_points.is_empty()
            && self.cells.is_empty()
    }
}

pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    encode_as(SHAPE, value)
}

fn encode_as<T: Serialize>(shape: u8, value: &T) -> Vec<u8> {
    postcard::to_extend(value, vec![shape]).expect("our records have no shape that postcard lacks")
}

pub fn decode<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T, EmbeddedError> {
    decode_as(SHAPE, what, bytes)
}

fn decode_as<T: DeserializeOwned>(
    expected: u8,
    what: &'static str,
    bytes: &[u8],
) -> Result<T, EmbeddedError> {
    let corrupt = |why: String| EmbeddedError::Corrupt { what, why };
    match bytes.split_first() {
        Some((shape, rest)) if *shape == expected => {
            postcard::from_bytes(rest).map_err(|error| corrupt(error.to_string()))
        }
        Some((shape, _)) => Err(corrupt(format!("unknown shape {shape}"))),
        None => Err(corrupt("empty value".to_owned())),
    }
}
