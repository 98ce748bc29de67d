//! The seam's writing and upkeep: what goes to the writer thread, and figures.

use async_trait::async_trait;
use xtrace_model::{ProjectId, Timestamp, TraceId};
use xtrace_store::{
    Catalogue, CommitBatch, CommitReport, Expired, Expiry, Project, ProjectScope, StoreResult,
    StoreStats, TelemetryWriter, Upkeep,
};

use crate::catalogue;
use crate::delete::Which;
use crate::engine::{Command, EmbeddedEngine};
use crate::errors::EmbeddedError;
use crate::failpoint::{Point, hit};
use crate::figures::stats;
use crate::retention::{STEP_PAYLOADS, expired_traces};

#[async_trait]
impl TelemetryWriter for EmbeddedEngine {
    async fn commit(&self, batch: CommitBatch) -> StoreResult<CommitReport> {
        let done = async {
            let batch = self.prepare(batch).await?;
            self.ask(|reply| Command::Commit(batch, reply)).await
        };
        done.await
            .map_err(|error: EmbeddedError| error.into_store("telemetry.commit"))
    }

    async fn delete_traces(&self, scope: &ProjectScope, ids: &[TraceId]) -> StoreResult<u64> {
        let (project, ids) = (scope.project().clone(), ids.to_vec());
        let done = self
            .ask(|reply| Command::Delete {
                project,
                ids,
                which: Which::All,
                reply,
            })
            .await;
        done.map_err(|error| error.into_store("telemetry.delete"))
    }
}

#[async_trait]
impl Catalogue for EmbeddedEngine {
    async fn ensure_project(&self, id: &ProjectId, now: Timestamp) -> StoreResult<Project> {
        let op = "catalogue.ensure_project";
        let wanted = id.clone();
        let found = self
            .read(move |instance| catalogue::find_project(&instance.truth, &wanted))
            .await;
        if let Some(found) = found.map_err(|error| error.into_store(op))? {
            return Ok(found);
        }
        let created = self
            .ask(|reply| Command::EnsureProject {
                id: id.clone(),
                now,
                reply,
            })
            .await;
        created.map_err(|error| error.into_store(op))
    }

    async fn projects(&self) -> StoreResult<Vec<Project>> {
        let projects = self
            .read(|instance| catalogue::projects(&instance.truth))
            .await;
        projects.map_err(|error| error.into_store("catalogue.projects"))
    }
}

#[async_trait]
impl Upkeep for EmbeddedEngine {
    async fn expire(&self, expiry: Expiry) -> StoreResult<Expired> {
        let expired = self.expire_all(expiry).await;
        expired.map_err(|error| error.into_store("upkeep.expire"))
    }

    async fn stats(&self) -> StoreResult<StoreStats> {
        self.read(stats)
            .await
            .map_err(|error| error.into_store("upkeep.stats"))
    }

    async fn probe(&self) -> StoreResult<()> {
        let probed = self.read(|instance| {
            instance.truth.probe()?;
            if instance.has_failed() {
                return Err(EmbeddedError::Reopening("a write failed".to_owned()));
            }
            if instance.is_damaged() {
                return Err(EmbeddedError::Corrupt {
                    what: "column file",
                    why:
                        "a part of it is damaged; stop the server and run `xtrace doctor --rebuild`"
                            .to_owned(),
                });
            }
            Ok(())
        });
        probed
            .await
            .map_err(|error| error.into_store("upkeep.probe"))
    }

    async fn close(&self) -> StoreResult<()> {
        match self.ask(Command::Close).await {
            Ok(()) | Err(EmbeddedError::Closed) => Ok(()),
            Err(error) => Err(error.into_store("upkeep.close")),
        }
    }
}

impl EmbeddedEngine {
    async fn expire_all(&self, expiry: Expiry) -> Result<Expired, EmbeddedError> {
        let mut expired = Expired::default();
        if let Some(before) = expiry.traces_before {
            expired.traces = self.expire_traces(before).await?;
            self.drop_ended_partitions(before).await?;
        }
        if let Some(before) = expiry.points_before {
            expired.points = self
                .read(move |instance| instance.expire_points(before))
                .await?;
            self.ask(Command::PruneSeries).await?;
        }
        Ok(expired)
    }

    async fn expire_traces(&self, before: Timestamp) -> Result<u64, EmbeddedError> {
        let mut expired = 0;
        loop {
            let instance = self.shared.instance()?;
            let found = self
                .shared
                .queries
                .run(instance, move |at| expired_traces(at, before))
                .await?;
            let mut deleted = 0;
            for of_project in found.chunk_by(|a, b| a.0 == b.0) {
                let project = of_project[0].0.clone();
                let ids = of_project.iter().map(|(_, id)| id.clone()).collect();
                let which = Which::Expired(before);
                deleted += self
                    .ask(|reply| Command::Delete {
                        project,
                        ids,
                        which,
                        reply,
                    })
                    .await?;
            }
            expired += deleted;
            hit(Point::DuringRetention)?;
            // What was found and not deleted has come to life again meanwhile, and is not found again.
            if deleted == 0 {
                return Ok(expired);
            }
        }
    }

    async fn drop_ended_partitions(&self, before: Timestamp) -> Result<(), EmbeddedError> {
        let ended = self
            .read(move |instance| Ok(instance.ended_partitions(before)))
            .await?;
        for partition in ended {
            let orphans = self
                .read(move |instance| instance.orphans_beside_rows(partition))
                .await?;
            let Some(orphans) = orphans else {
                hit(Point::BeforePartitionDrop)?;
                self.ask(|reply| Command::DropPartition(partition, reply))
                    .await?;
                continue;
            };
            for step in orphans.chunks(STEP_PAYLOADS) {
                let keys = step.to_vec();
                self.ask(|reply| Command::DropOrphans {
                    partition,
                    keys,
                    reply,
                })
                .await?;
            }
        }
        Ok(())
    }
}
