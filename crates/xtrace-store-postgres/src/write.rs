//! Writing telemetry.

use async_trait::async_trait;
use xtrace_model::TraceId;
use xtrace_store::{
    CommitBatch, CommitReport, ErrorKind, ProjectScope, StoreError, StoreResult, TelemetryWriter,
};

use crate::engine::PostgresEngine;

/// How many statements at their time limit a call may take in all.
const STATEMENTS_IN_TIME: u32 = 2;

#[async_trait]
impl TelemetryWriter for PostgresEngine {
    async fn commit(&self, batch: CommitBatch) -> StoreResult<CommitReport> {
        self.in_time("telemetry.commit", self.commit_batch(&batch))
            .await
    }

    async fn delete_traces(&self, scope: &ProjectScope, ids: &[TraceId]) -> StoreResult<u64> {
        self.in_time("telemetry.delete", self.delete(scope, ids))
            .await
    }
}

impl PostgresEngine {
    /// Gives up on a server that does not even end a statement at its time limit: a machine or network that is gone
    /// leaves connections open that never answer.
    async fn in_time<T>(
        &self,
        op: &'static str,
        call: impl Future<Output = StoreResult<T>>,
    ) -> StoreResult<T> {
        let limit = self.commit_timeout * STATEMENTS_IN_TIME;
        let answer = tokio::time::timeout(limit, call).await;
        answer.unwrap_or_else(|_| {
            let why = format!("the server has not answered for {} s", limit.as_secs());
            Err(StoreError::new(ErrorKind::Unavailable, op, why))
        })
    }
}
