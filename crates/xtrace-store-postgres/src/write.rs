//! Writing telemetry.

use async_trait::async_trait;
use xtrace_model::TraceId;
use xtrace_store::{CommitBatch, CommitReport, ProjectScope, StoreResult, TelemetryWriter};

use crate::engine::PostgresEngine;

#[async_trait]
impl TelemetryWriter for PostgresEngine {
    async fn commit(&self, batch: CommitBatch) -> StoreResult<CommitReport> {
        self.commit_batch(&batch).await
    }

    async fn delete_traces(&self, scope: &ProjectScope, ids: &[TraceId]) -> StoreResult<u64> {
        self.delete(scope, ids).await
    }
}
