//! Reading telemetry.

use std::time::Duration;

use async_trait::async_trait;
use futures::future::try_join_all;
use xtrace_model::{JsonText, ObservationId, ObservationKey, ObservationRow, TraceId, TraceRow};
use xtrace_query::{Plan, Table};

use crate::error::StoreResult;
use crate::scope::ProjectScope;

/// What an engine can do exactly. The default declares nothing, so that a field added later is "no"
/// everywhere until answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Capabilities {
    /// How long after `commit` a reader may still not see it.
    pub read_lag: Duration,
    /// Percentiles are computed over all values, not estimated.
    pub exact_percentiles: bool,
    /// Several processes may write to one store.
    pub several_writers: bool,
    /// The most dimensions of one plan.
    pub dimensions_max: u32,
}

/// The payloads of a trace. `None`: never sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TracePayload {
    /// As sent.
    pub input: Option<JsonText>,
    /// As sent.
    pub output: Option<JsonText>,
    /// The merged object.
    pub metadata: Option<JsonText>,
}

/// The payloads of an observation. `None`: never sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservationPayload {
    /// As sent.
    pub input: Option<JsonText>,
    /// As sent.
    pub output: Option<JsonText>,
    /// As sent.
    pub model_parameters: Option<JsonText>,
    /// The merged object.
    pub metadata: Option<JsonText>,
}

/// A trace, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceRecord {
    /// The narrow row.
    pub row: TraceRow,
    /// The payloads.
    pub payload: TracePayload,
}

/// An observation, whole or without payloads.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservationRecord {
    /// The narrow row.
    pub row: ObservationRow,
    /// The payloads; `None` when they were not asked for.
    pub payload: Option<ObservationPayload>,
}

/// Which observations of a trace to read, and how much of each.
#[derive(Clone, Copy, Debug)]
pub struct TraceWindow {
    /// With payloads.
    pub payloads: bool,
    /// How many at most.
    pub limit: usize,
    /// How many to leave out first.
    pub offset: usize,
}

/// Reads what [`TelemetryWriter`](crate::TelemetryWriter) has made durable.
///
/// # Contract — every line is a case in `xtrace-store-tests`
/// * What was committed is visible no later than `Capabilities::read_lag` after the commit returned.
/// * A query sees one consistent state: never half of a batch, never a row twice or a row and its older version.
/// * Every order is total (the view's key breaks ties), so paging never skips or repeats; absent values come
///   last in either direction; texts are ordered by their UTF-8 bytes.
/// * "Not found" is `Ok(None)`; an unknown id is not an error.
/// * A plan this engine cannot run exactly is `ErrorKind::Unsupported`, never an approximation.
/// * Sums of money are exact. Percentiles are interpolated linearly between neighbours.
/// * Nothing of another project is ever seen.
/// * A query past its time limit is `ErrorKind::Timeout`; dropping the future ends the query.
#[async_trait]
pub trait TelemetryReader: Send + Sync {
    /// Answers a plan of the semantic layer.
    async fn query(&self, scope: &ProjectScope, plan: &Plan) -> StoreResult<Table>;

    /// Answers several plans, in their order. An engine that answers them from one state sooner than each by itself
    /// does so; others answer them side by side.
    async fn query_all(&self, scope: &ProjectScope, plans: &[Plan]) -> StoreResult<Vec<Table>> {
        try_join_all(plans.iter().map(|plan| self.query(scope, plan))).await
    }

    /// One trace.
    async fn trace(&self, scope: &ProjectScope, id: &TraceId) -> StoreResult<Option<TraceRecord>>;

    /// The observations of a trace by start time, then id; empty for an unknown trace.
    async fn trace_observations(
        &self,
        scope: &ProjectScope,
        id: &TraceId,
        window: TraceWindow,
    ) -> StoreResult<Vec<ObservationRecord>>;

    /// One observation with its payloads.
    async fn observation(
        &self,
        scope: &ProjectScope,
        key: &ObservationKey,
    ) -> StoreResult<Option<ObservationRecord>>;

    /// The ids of the observations of each trace, in the order asked for: by start time, then id; none for an
    /// unknown trace. Costs by the observations of these traces alone: it scans nothing.
    async fn observation_ids(
        &self,
        scope: &ProjectScope,
        traces: &[TraceId],
    ) -> StoreResult<Vec<Vec<ObservationId>>>;

    /// The keys of the observations with this id, whatever their trace, by trace id; at most 100.
    async fn observation_keys(
        &self,
        scope: &ProjectScope,
        id: &ObservationId,
    ) -> StoreResult<Vec<ObservationKey>>;

    /// Payloads of traces, in the order asked for; an unknown trace has an empty payload.
    async fn trace_payloads(
        &self,
        scope: &ProjectScope,
        ids: &[TraceId],
    ) -> StoreResult<Vec<TracePayload>>;

    /// Payloads of observations, in the order asked for; an unknown one has an empty payload.
    async fn observation_payloads(
        &self,
        scope: &ProjectScope,
        keys: &[ObservationKey],
    ) -> StoreResult<Vec<ObservationPayload>>;

    /// What this engine can do. Required, not defaulted: a decorator that forgets to forward would lie
    /// for its engine.
    fn capabilities(&self) -> Capabilities;
}
