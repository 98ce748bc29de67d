//! Where a case takes place: the engine under test beside the reference, both given the same.

use std::sync::Arc;

use xtrace_model::{ObservationId, ObservationKey, Timestamp, TraceId};
use xtrace_query::{LatestPoint, MetricAnswer, MetricPlan, Plan, Table, View};
use xtrace_store::{
    CommitBatch, CommitReport, Engine, Expired, Expiry, MetricReader as _, ObservationRecord,
    ProjectScope, TelemetryReader as _, TelemetryWriter as _, TraceRecord, TraceWindow,
    Upkeep as _,
};

use crate::builders::{PROJECT, labels, observation_key, project, trace_id};
use crate::compare::{assert_same_answer, assert_same_table};
use crate::harness::Harness;
use crate::model::Reference;
use crate::plans::rows;

/// An engine and the reference that tells what it should answer. Every call asks both and panics where they differ.
pub struct Stage {
    pub harness: Arc<dyn Harness>,
    engine: Option<Arc<dyn Engine>>,
    pub reference: Reference,
    /// Where everything happens that names no other project.
    pub scope: ProjectScope,
}

/// All observations of a trace, with payloads.
pub const WHOLE: TraceWindow = TraceWindow {
    payloads: true,
    limit: usize::MAX,
    offset: 0,
};

impl Stage {
    pub async fn open(harness: Arc<dyn Harness>) -> Self {
        let engine = harness.open().await;
        Self {
            harness,
            engine: Some(engine),
            reference: Reference::empty(),
            scope: project(PROJECT),
        }
    }

    /// The engine under test, for what is not compared.
    pub fn engine(&self) -> &dyn Engine {
        self.engine.as_deref().expect("open until the case ends")
    }

    pub fn shared_engine(&self) -> Arc<dyn Engine> {
        self.engine.clone().expect("open until the case ends")
    }

    pub async fn close(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.close().await.expect("closes");
        }
    }

    /// Opens the store where something failed while it was closed.
    pub async fn ensure_open(&mut self) {
        if self.engine.is_none() {
            self.engine = Some(self.harness.open().await);
        }
    }

    /// Closes the engine and opens the store anew.
    pub async fn reopen(&mut self) {
        self.close().await;
        self.engine = Some(self.harness.open().await);
    }

    /// Lets go of the engine without closing it, as a process that ends in the middle, and opens the store anew.
    pub async fn reopen_without_closing(&mut self) {
        self.engine = None;
        self.engine = Some(self.harness.open().await);
    }

    pub async fn commit(&self, batch: impl Into<CommitBatch>) -> CommitReport {
        let batch = batch.into();
        let report = self.engine().commit(batch.clone()).await.expect("commits");
        let expected = self.reference.commit(batch).await.expect("commits");
        assert_eq!(report, expected, "outcomes of a commit");
        self.settle().await;
        report
    }

    /// Waits as long as readers of the engine may lag behind.
    async fn settle(&self) {
        wait_for_readers(self.engine().capabilities().read_lag).await;
        self.harness.work_in_background().await;
    }

    pub async fn delete<const N: usize>(&self, ids: [&str; N]) -> u64 {
        let ids: Vec<TraceId> = ids.into_iter().map(trace_id).collect();
        let deleted = self
            .engine()
            .delete_traces(&self.scope, &ids)
            .await
            .expect("deletes");
        let expected = self
            .reference
            .delete_traces(&self.scope, &ids)
            .await
            .expect("deletes");
        assert_eq!(deleted, expected, "how many of {ids:?} existed");
        self.settle().await;
        deleted
    }

    pub async fn expire_traces(&self, before: Timestamp) -> u64 {
        let expiry = Expiry {
            traces_before: Some(before),
            points_before: None,
        };
        self.expire(expiry).await.traces
    }

    pub async fn expire_points(&self, before: Timestamp) -> u64 {
        let expiry = Expiry {
            traces_before: None,
            points_before: Some(before),
        };
        self.expire(expiry).await.points
    }

    pub async fn expire(&self, expiry: Expiry) -> Expired {
        let expired = self.engine().expire(expiry).await.expect("expires");
        let expected = self.reference.expire(expiry).await.expect("expires");
        assert_eq!(expired, expected, "how much {expiry:?} takes away");
        self.settle().await;
        expired
    }

    /// The answer to a plan, which is the reference's as well.
    pub async fn query(&self, plan: &Plan) -> Table {
        let scope = &self.scope;
        let answer = self.engine().query(scope, plan).await;
        let answer = answer.unwrap_or_else(|error| panic!("{}: {plan:#?}", chain(&error)));
        let expected = self
            .reference
            .query(scope, plan)
            .await
            .expect("the reference answers every checked plan");
        assert_same_table(&answer, &expected, plan);
        answer
    }

    pub async fn query_metric(&self, plan: &MetricPlan) -> MetricAnswer {
        let answer = self.engine().query_metric(&self.scope, plan).await;
        let answer = answer.unwrap_or_else(|error| panic!("{}: {plan:#?}", chain(&error)));
        let expected = self
            .reference
            .query_metric(&self.scope, plan)
            .await
            .expect("the reference answers");
        assert_same_answer(&answer, &expected, plan);
        answer
    }

    pub async fn latest<const N: usize>(
        &self,
        name: &str,
        with: [(&str, &str); N],
    ) -> Vec<LatestPoint> {
        let labels = labels(with);
        let latest = self
            .engine()
            .latest_points(&self.scope, name, &labels, 1_000)
            .await
            .expect("reads");
        let expected = self
            .reference
            .latest_points(&self.scope, name, &labels, 1_000)
            .await
            .expect("reads");
        assert_eq!(latest, expected, "latest points of {name} with {labels:?}");
        latest
    }

    pub async fn metric_names(&self) -> Vec<Box<str>> {
        let names = self
            .engine()
            .metric_names(&self.scope)
            .await
            .expect("reads");
        let expected = self
            .reference
            .metric_names(&self.scope)
            .await
            .expect("reads");
        assert_eq!(names, expected, "names of series");
        names
    }

    pub async fn trace(&self, id: &str) -> Option<TraceRecord> {
        let id = trace_id(id);
        let record = self.engine().trace(&self.scope, &id).await.expect("reads");
        let expected = self.reference.trace(&self.scope, &id).await.expect("reads");
        assert_eq!(record, expected, "trace {id}");
        record
    }

    /// A trace that is there.
    pub async fn the_trace(&self, id: &str) -> TraceRecord {
        self.trace(id)
            .await
            .unwrap_or_else(|| panic!("trace {id} is not there"))
    }

    pub async fn observation(&self, trace: &str, id: &str) -> Option<ObservationRecord> {
        let key: ObservationKey = observation_key(trace, id);
        let record = self
            .engine()
            .observation(&self.scope, &key)
            .await
            .expect("reads");
        let expected = self
            .reference
            .observation(&self.scope, &key)
            .await
            .expect("reads");
        assert_eq!(record, expected, "observation {trace}/{id}");
        record
    }

    /// An observation that is there.
    pub async fn the_observation(&self, trace: &str, id: &str) -> ObservationRecord {
        self.observation(trace, id)
            .await
            .unwrap_or_else(|| panic!("observation {trace}/{id} is not there"))
    }

    pub async fn trace_observations(
        &self,
        trace: &str,
        window: TraceWindow,
    ) -> Vec<ObservationRecord> {
        let id = trace_id(trace);
        let records = self
            .engine()
            .trace_observations(&self.scope, &id, window)
            .await
            .expect("reads");
        let expected = self
            .reference
            .trace_observations(&self.scope, &id, window)
            .await
            .expect("reads");
        assert_eq!(records, expected, "observations of {trace}, {window:?}");
        records
    }
}

impl Stage {
    pub async fn observation_keys(&self, id: &str) -> Vec<ObservationKey> {
        let id = ObservationId::new(id).unwrap();
        let keys = self
            .engine()
            .observation_keys(&self.scope, &id)
            .await
            .expect("reads");
        let expected = self
            .reference
            .observation_keys(&self.scope, &id)
            .await
            .expect("reads");
        assert_eq!(keys, expected, "keys of observations named {id}");
        keys
    }

    /// Of each of these traces.
    pub async fn observation_ids(&self, traces: &[&str]) -> Vec<Vec<ObservationId>> {
        let traces: Vec<_> = traces.iter().map(|id| trace_id(id)).collect();
        let found = self.engine().observation_ids(&self.scope, &traces).await;
        let expected = self.reference.observation_ids(&self.scope, &traces).await;
        let (found, expected) = (found.expect("reads"), expected.expect("reads"));
        assert_eq!(found, expected, "ids of the observations of {traces:?}");
        found
    }

    /// Both have the same traces and observations with the same payloads: in lists, and one by one.
    pub async fn same_records(&self) {
        let traces = self.query(&rows(View::Traces)).await;
        self.query(&rows(View::Observations)).await;
        let ids: Vec<&str> = traces
            .rows
            .iter()
            .filter_map(|row| row[0].as_text())
            .collect();
        for id in &ids {
            self.the_trace(id).await;
            self.trace_observations(id, WHOLE).await;
        }
        self.observation_ids(&ids).await;
    }
}

/// An error with its causes.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

async fn wait_for_readers(lag: std::time::Duration) {
    if !lag.is_zero() {
        tokio::time::sleep(lag).await;
    }
}
