//! What the same machine does with the same rows and no server in between.

mod columnar;
mod key_value;
mod relational;

use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::corpus::Corpus;

/// Rows of one committed batch.
pub const BATCH_ROWS: u64 = 1000;

#[derive(Clone, Debug, Serialize)]
pub struct Bare {
    pub engine: &'static str,
    pub how: &'static str,
    pub rows: u64,
    pub rows_per_second: f64,
    pub worst_commit_ms: f64,
    pub disk_bytes: u64,
}

/// Commits batches of [`BATCH_ROWS`] until `rows` are in, and notes the worst.
struct Stopwatch {
    started: Instant,
    worst_ms: f64,
}

impl Stopwatch {
    fn start() -> Self {
        Self {
            started: Instant::now(),
            worst_ms: 0.0,
        }
    }

    fn lap(&mut self, since: Instant) {
        self.worst_ms = self.worst_ms.max(since.elapsed().as_secs_f64() * 1000.0);
    }

    fn finish(&self, engine: &'static str, how: &'static str, rows: u64, disk_bytes: u64) -> Bare {
        let rows_per_second = rows as f64 / self.started.elapsed().as_secs_f64();
        Bare {
            engine,
            how,
            rows,
            rows_per_second,
            worst_commit_ms: self.worst_ms,
            disk_bytes,
        }
    }
}

/// DuckDB: appended and committed.
pub fn columnar(corpus: &Corpus, folder: &Path, rows: u64) -> anyhow::Result<Bare> {
    columnar::append(corpus, folder, rows)
}

/// fjall: one fsynced batch per commit.
pub fn key_value(corpus: &Corpus, folder: &Path, rows: u64) -> anyhow::Result<Bare> {
    key_value::insert(corpus, folder, rows)
}

/// PostgreSQL: COPY into a temporary table, upsert from there, commit.
pub async fn relational(corpus: &Corpus, url: &str, rows: u64) -> anyhow::Result<Bare> {
    relational::copy_and_upsert(corpus, url, rows).await
}

/// The size of a whole PostgreSQL database.
pub async fn database_bytes(url: &str) -> anyhow::Result<u64> {
    relational::database_bytes(url).await
}
