//! Keeping a store healthy: retention, figures, probing, closing.

use async_trait::async_trait;
use xtrace_model::Timestamp;

use crate::error::StoreResult;

/// What is old enough to go, for all projects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expiry {
    /// Traces last active before this, with all that belongs to them; `None` keeps everything.
    pub traces_before: Option<Timestamp>,
    /// Metric points before this; `None` keeps everything.
    pub points_before: Option<Timestamp>,
}

/// How much retention took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Traces.
    pub traces: u64,
    /// Metric points.
    pub points: u64,
}

/// Figures of a store for `/metrics` and `xtrace doctor`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreStats {
    /// Name of the engine.
    pub engine: &'static str,
    /// Version of the engine's parts, for people.
    pub version: String,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Figures of this engine alone: name in snake case with its unit last, and value.
    pub gauges: Vec<(&'static str, f64)>,
}

/// Keeps a store healthy.
///
/// # Contract — every line is a case in `xtrace-store-tests`
/// * `expire` works in steps that never hold up a commit for long, and can be repeated.
/// * `probe` answers quickly, with an error when the store can neither be read nor written.
/// * `close` returns when everything is at rest; calls after it are `ErrorKind::Unavailable`.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Takes away what is old enough.
    async fn expire(&self, expiry: Expiry) -> StoreResult<Expired>;

    /// Figures, cheap enough to be asked for every few seconds.
    async fn stats(&self) -> StoreResult<StoreStats>;

    /// Whether the store works now.
    async fn probe(&self) -> StoreResult<()>;

    /// Comes to rest.
    async fn close(&self) -> StoreResult<()>;
}
