//! The reference engine in a mood: it fails, stalls or panics when told to.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use tokio::sync::watch;
use xtrace_model::{ObservationId, ObservationKey, ProjectId, Timestamp, TraceId};
use xtrace_query::{LatestPoint, MetricAnswer, MetricPlan, Plan, Table};
use xtrace_store::{
    Capabilities, Catalogue, CommitBatch, CommitReport, ErrorKind, Expired, Expiry, MetricReader,
    ObservationPayload, ObservationRecord, Project, ProjectScope, StoreError, StoreResult,
    StoreStats, TelemetryReader, TelemetryWriter, TracePayload, TraceRecord, TraceWindow, Upkeep,
};
use xtrace_store_tests::model::Reference;

/// How the engine behaves from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    Failing(ErrorKind),
    /// Every call waits for a better mood.
    Stalled,
    Panicking,
}

pub struct Faulty {
    engine: Reference,
    mood: watch::Sender<Mood>,
    calls: Mutex<u64>,
}

impl Default for Faulty {
    fn default() -> Self {
        let mood = watch::Sender::new(Mood::Well);
        Self {
            engine: Reference::empty(),
            mood,
            calls: Mutex::default(),
        }
    }
}

impl Faulty {
    pub fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// How many calls have been made.
    pub fn calls(&self) -> u64 {
        *self.calls.lock().unwrap()
    }

    async fn suffer(&self, op: &'static str) -> StoreResult<&Reference> {
        *self.calls.lock().unwrap() += 1;
        let mut mood = self.mood.subscribe();
        let mood = *mood.wait_for(|mood| *mood != Mood::Stalled).await.unwrap();
        match mood {
            Mood::Failing(kind) => Err(StoreError::new(kind, op, "disk /secret/path is on fire")),
            Mood::Panicking => panic!("secret of the engine"),
            Mood::Well | Mood::Stalled => Ok(&self.engine),
        }
    }
}

#[async_trait]
impl TelemetryWriter for Faulty {
    async fn commit(&self, batch: CommitBatch) -> StoreResult<CommitReport> {
        self.suffer("telemetry.commit").await?.commit(batch).await
    }

    async fn delete_traces(&self, scope: &ProjectScope, ids: &[TraceId]) -> StoreResult<u64> {
        self.suffer("telemetry.delete_traces")
            .await?
            .delete_traces(scope, ids)
            .await
    }
}

#[async_trait]
impl TelemetryReader for Faulty {
    async fn query(&self, scope: &ProjectScope, plan: &Plan) -> StoreResult<Table> {
        self.suffer("telemetry.query")
            .await?
            .query(scope, plan)
            .await
    }

    async fn trace(&self, scope: &ProjectScope, id: &TraceId) -> StoreResult<Option<TraceRecord>> {
        self.suffer("telemetry.trace").await?.trace(scope, id).await
    }

    async fn trace_observations(
        &self,
        scope: &ProjectScope,
        id: &TraceId,
        window: TraceWindow,
    ) -> StoreResult<Vec<ObservationRecord>> {
        let engine = self.suffer("telemetry.trace_observations").await?;
        engine.trace_observations(scope, id, window).await
    }

    async fn observation(
        &self,
        scope: &ProjectScope,
        key: &ObservationKey,
    ) -> StoreResult<Option<ObservationRecord>> {
        self.suffer("telemetry.observation")
            .await?
            .observation(scope, key)
            .await
    }

    async fn observation_ids(
        &self,
        scope: &ProjectScope,
        traces: &[TraceId],
    ) -> StoreResult<Vec<Vec<ObservationId>>> {
        let engine = self.suffer("telemetry.observation_ids").await?;
        engine.observation_ids(scope, traces).await
    }

    async fn observation_keys(
        &self,
        scope: &ProjectScope,
        id: &ObservationId,
    ) -> StoreResult<Vec<ObservationKey>> {
        self.suffer("telemetry.observation_keys")
            .await?
            .observation_keys(scope, id)
            .await
    }

    async fn trace_payloads(
        &self,
        scope: &ProjectScope,
        ids: &[TraceId],
    ) -> StoreResult<Vec<TracePayload>> {
        self.suffer("telemetry.trace_payloads")
            .await?
            .trace_payloads(scope, ids)
            .await
    }

    async fn observation_payloads(
        &self,
        scope: &ProjectScope,
        keys: &[ObservationKey],
    ) -> StoreResult<Vec<ObservationPayload>> {
        let engine = self.suffer("telemetry.observation_payloads").await?;
        engine.observation_payloads(scope, keys).await
    }

    fn capabilities(&self) -> Capabilities {
        self.engine.capabilities()
    }
}

#[async_trait]
impl MetricReader for Faulty {
    async fn metric_names(&self, scope: &ProjectScope) -> StoreResult<Vec<Box<str>>> {
        self.suffer("metrics.names")
            .await?
            .metric_names(scope)
            .await
    }

    async fn query_metric(
        &self,
        scope: &ProjectScope,
        plan: &MetricPlan,
    ) -> StoreResult<MetricAnswer> {
        self.suffer("metrics.query")
            .await?
            .query_metric(scope, plan)
            .await
    }

    async fn latest_points(
        &self,
        scope: &ProjectScope,
        name: &str,
        labels: &BTreeMap<Box<str>, Box<str>>,
        limit: usize,
    ) -> StoreResult<Vec<LatestPoint>> {
        self.suffer("metrics.latest")
            .await?
            .latest_points(scope, name, labels, limit)
            .await
    }
}

#[async_trait]
impl Catalogue for Faulty {
    async fn ensure_project(&self, id: &ProjectId, now: Timestamp) -> StoreResult<Project> {
        self.suffer("catalogue.ensure_project")
            .await?
            .ensure_project(id, now)
            .await
    }

    async fn projects(&self) -> StoreResult<Vec<Project>> {
        self.suffer("catalogue.projects").await?.projects().await
    }
}

#[async_trait]
impl Upkeep for Faulty {
    async fn expire(&self, expiry: Expiry) -> StoreResult<Expired> {
        self.suffer("store.expire").await?.expire(expiry).await
    }

    async fn stats(&self) -> StoreResult<StoreStats> {
        self.suffer("store.stats").await?.stats().await
    }

    async fn probe(&self) -> StoreResult<()> {
        self.suffer("store.probe").await?.probe().await
    }

    async fn close(&self) -> StoreResult<()> {
        self.engine.close().await
    }
}
