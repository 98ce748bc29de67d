//! Writing, the catalogue and upkeep of the reference engine.

use async_trait::async_trait;
use xtrace_model::{ProjectId, Timestamp, TraceId};
use xtrace_store::{
    Catalogue, CommitBatch, CommitReport, Expired, Expiry, Project, ProjectScope, StoreResult,
    StoreStats, TelemetryWriter, Upkeep, Write,
};

use super::{Disk, Reference};

#[async_trait]
impl TelemetryWriter for Reference {
    async fn commit(&self, batch: CommitBatch) -> StoreResult<CommitReport> {
        self.with_disk("telemetry.commit", |disk| disk.write(batch))
    }

    async fn delete_traces(&self, scope: &ProjectScope, ids: &[TraceId]) -> StoreResult<u64> {
        self.with_disk("telemetry.delete_traces", |disk| {
            let contents = disk.projects.entry(scope.clone()).or_default();
            let deleted = ids.iter().filter(|id| contents.traces.remove(id).is_some());
            deleted.count() as u64
        })
    }
}

impl Disk {
    fn write(&mut self, batch: CommitBatch) -> CommitReport {
        let CommitBatch { items, prices } = batch;
        let mut report = Vec::with_capacity(items.len());
        for item in items {
            let contents = self.projects.entry(item.scope).or_default();
            report.push(match item.write {
                Write::Trace { id, patch } => contents.write_trace(id, *patch),
                Write::Observation { key, patch } => {
                    contents.write_observation(key, *patch, &prices)
                }
                Write::Points { series, points } => {
                    contents.write_points(series.as_ref().clone(), &points)
                }
            });
        }
        report
    }
}

#[async_trait]
impl Catalogue for Reference {
    async fn ensure_project(&self, id: &ProjectId, now: Timestamp) -> StoreResult<Project> {
        self.with_disk("catalogue.ensure_project", |disk| {
            let new = || Project {
                id: id.clone(),
                name: id.as_str().into(),
                created_at: now,
            };
            disk.catalogue.entry(id.clone()).or_insert_with(new).clone()
        })
    }

    async fn projects(&self) -> StoreResult<Vec<Project>> {
        self.with_disk("catalogue.projects", |disk| {
            disk.catalogue.values().cloned().collect()
        })
    }
}

#[async_trait]
impl Upkeep for Reference {
    async fn expire(&self, expiry: Expiry) -> StoreResult<Expired> {
        self.with_disk("store.expire", |disk| {
            let mut expired = Expired::default();
            for contents in disk.projects.values_mut() {
                if let Some(before) = expiry.traces_before {
                    expired.traces += contents.expire_traces(before) as u64;
                }
                if let Some(before) = expiry.points_before {
                    expired.points += contents.expire_points(before) as u64;
                }
            }
            expired
        })
    }

    async fn stats(&self) -> StoreResult<StoreStats> {
        self.with_disk("store.stats", |_| StoreStats {
            engine: "reference",
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..StoreStats::default()
        })
    }

    async fn probe(&self) -> StoreResult<()> {
        self.with_disk("store.probe", |_| ())
    }

    async fn close(&self) -> StoreResult<()> {
        *self
            .is_closed
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = true;
        Ok(())
    }
}
