//! Writing telemetry.

use std::sync::Arc;

use async_trait::async_trait;
use xtrace_model::{
    ObservationKey, ObservationState, PriceBook, SeriesKey, Timestamp, TraceId, TraceState,
};

use crate::error::StoreResult;
use crate::scope::ProjectScope;

/// One thing to store.
#[derive(Clone, Debug)]
pub struct WriteItem {
    /// Where it belongs.
    pub scope: ProjectScope,
    /// What it is.
    pub write: Write,
}

/// What is stored: states to be joined with what is there, or points.
#[derive(Clone, Debug)]
pub enum Write {
    /// Joined with the trace of that id.
    Trace {
        /// The trace.
        id: TraceId,
        /// What the event says.
        patch: Box<TraceState>,
    },
    /// Joined with the observation of that key; its trace comes into being where there is none.
    Observation {
        /// The observation.
        key: ObservationKey,
        /// What the event says.
        patch: Box<ObservationState>,
    },
    /// Points of one series.
    Points {
        /// The series; it comes into being where there is none.
        series: Arc<SeriesKey>,
        /// Timestamp and finite value. A timestamp that is there already takes the new value.
        points: Vec<(Timestamp, f64)>,
    },
}

/// All that is committed at once.
#[derive(Clone, Debug)]
pub struct CommitBatch {
    /// In order of arrival; the same key may occur more than once.
    pub items: Vec<WriteItem>,
    /// Prices for observations whose cost was not sent.
    pub prices: Arc<PriceBook>,
}

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stored, and something readers see is new.
    Accepted,
    /// All of it was there already.
    Duplicate,
    /// Points that were new or changed, and points that were there already with the same value.
    Points {
        /// New or changed.
        accepted: u64,
        /// There already.
        duplicate: u64,
    },
    /// Not stored, and why.
    Rejected(Rejection),
}

/// Why an engine did not store an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Stable name for counting, in snake case: `series_limit`.
    pub code: &'static str,
    /// The field or thing, the value where short, and the limit.
    pub reason: String,
}

impl Rejection {
    /// Points of one series too many: the project has `limit` of them.
    pub fn series_limit(limit: u64, series: &SeriesKey) -> Self {
        let name: String = series.name.chars().take(64).collect();
        Self {
            code: "series_limit",
            reason: format!(
                "the project has {limit} series, which is the limit, and this would be a new one of {name}"
            ),
        }
    }
}

/// The outcome of each item, in the order of the batch.
pub type CommitReport = Vec<Outcome>;

/// Makes telemetry durable.
///
/// # Contract — every line is a case in `xtrace-store-tests`
/// * `commit` returns `Ok` only when everything not rejected has reached the disk and every reader sees it.
/// * A batch is atomic: after a crash all of it is there or none of it is.
/// * `Err` means nothing of the batch was acknowledged. It may be there nevertheless (the answer was lost);
///   committing it again is harmless.
/// * Joining follows `xtrace_model` to the letter: any order, duplication or split of the same patches
///   leaves the same records.
/// * An observation whose trace is unknown brings the trace into being; a trace may be completed later.
/// * A trace's summary equals `TraceSummary::of` its observations after every commit.
/// * A project has a limited number of series: points of another are rejected with the code `series_limit`, those of
///   known series are stored as always. Of new ones in a batch those that come first are stored.
/// * A rejected item never keeps its neighbours from being stored.
/// * Several processes may commit at once where the engine allows several: no deadlock, no lost join.
/// * `delete_traces` removes traces with their observations and payloads, durably and at once for every
///   reader; unknown ids are no error. What is sent later with the same id starts anew.
#[async_trait]
pub trait TelemetryWriter: Send + Sync {
    /// Stores a batch; the report has one outcome per item, in order.
    async fn commit(&self, batch: CommitBatch) -> StoreResult<CommitReport>;

    /// Deletes traces; the answer is how many of the ids existed.
    async fn delete_traces(&self, scope: &ProjectScope, ids: &[TraceId]) -> StoreResult<u64>;
}
