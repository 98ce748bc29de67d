//! Keeping the store healthy: retention, figures, probing, closing.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{Connection as _, PgConnection, Row as _};
use xtrace_store::{ErrorKind, Expired, Expiry, StoreError, StoreResult, StoreStats, Upkeep};

use crate::engine::PostgresEngine;
use crate::errors::InOperation as _;

/// A server that takes longer to say that it is there is not.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long one that does not is asked why. Together they are less than callers wait for an answer.
const REASON_TIMEOUT: Duration = Duration::from_millis(700);

#[async_trait]
impl Upkeep for PostgresEngine {
    async fn expire(&self, expiry: Expiry) -> StoreResult<Expired> {
        self.expire_all(expiry).await
    }

    async fn stats(&self) -> StoreResult<StoreStats> {
        const OP: &str = "upkeep.stats";
        let mut reader = self.reader(OP).await?;
        let size = sqlx::query(include_str!("sql/upkeep/size.sql"));
        let row = size.fetch_one(reader.connection()).await.during(OP)?;
        reader.done();
        let bytes: i64 = row.try_get("bytes").during(OP)?;
        let series: f64 = row.try_get("series").during(OP)?;
        Ok(StoreStats {
            engine: "postgres",
            version: format!("PostgreSQL {}", self.version),
            disk_bytes: bytes.unsigned_abs(),
            gauges: vec![
                ("read_connections", f64::from(self.reads.size())),
                ("write_connections", f64::from(self.writes.size())),
                ("series", series),
            ],
        })
    }

    async fn probe(&self) -> StoreResult<()> {
        const OP: &str = "upkeep.probe";
        let probe = async {
            // Not one for queries: that many slow ones are under way does not mean that the store is gone.
            let mut connection = self.writes.acquire().await.during(OP)?;
            let probe = sqlx::query(include_str!("sql/upkeep/probe.sql"));
            let row = probe.fetch_one(&mut *connection).await.during(OP)?;
            if row.try_get(0).during(OP)? {
                let standby = "the server is a standby, which takes no writes until it is promoted";
                return Err(StoreError::new(ErrorKind::Unavailable, OP, standby));
            }
            Ok(())
        };
        let answered = tokio::time::timeout(PROBE_TIMEOUT, probe).await;
        match answered {
            Ok(answer) => answer,
            Err(_) => Err(self.why_unreachable().await).during(OP),
        }
    }

    async fn close(&self) -> StoreResult<()> {
        self.rest().await;
        Ok(())
    }
}

impl PostgresEngine {
    /// A pool only says that it waited; a connection of its own is refused with the reason.
    async fn why_unreachable(&self) -> sqlx::Error {
        let connecting = PgConnection::connect_with(&self.target);
        match tokio::time::timeout(REASON_TIMEOUT, connecting).await {
            Ok(Err(error)) => error,
            Ok(Ok(_)) => sqlx::Error::PoolTimedOut,
            Err(_) => {
                let silent = "the server takes connections and says nothing";
                sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, silent))
            }
        }
    }
}
