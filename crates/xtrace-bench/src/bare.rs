//! What the same machine does with the same rows and no server in between.

mod columnar;
mod key_value;
mod relational;

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::corpus::{Corpus, Observation};
use crate::latency::Percentiles;

pub use self::relational::{checkpoint, database_bytes, drop_database};

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

/// Times batches, not the making of their rows.
#[derive(Default)]
struct Stopwatch {
    rows: u64,
    total: Duration,
    worst: Duration,
}

impl Stopwatch {
    /// A batch of so many rows was begun then and is now committed.
    fn lap(&mut self, began: Instant, rows: usize) {
        let took = began.elapsed();
        self.rows += rows as u64;
        self.total += took;
        self.worst = self.worst.max(took);
    }

    fn finish(&self, engine: &'static str, how: &'static str, disk_bytes: u64) -> Bare {
        Bare {
            engine,
            how,
            rows: self.rows,
            rows_per_second: self.rows as f64 / self.total.as_secs_f64(),
            worst_commit_ms: self.worst.as_secs_f64() * 1000.0,
            disk_bytes,
        }
    }
}

/// The first `rows` of a corpus in batches of [`BATCH_ROWS`].
fn batches(corpus: &Corpus, rows: u64) -> impl Iterator<Item = Vec<Observation>> {
    let starts = (0..rows).step_by(BATCH_ROWS as usize);
    starts.map(move |from| {
        let numbers = from..(from + BATCH_ROWS).min(rows);
        numbers.map(|n| corpus.observation(n)).collect()
    })
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

/// PostgreSQL: one row each, inserted and committed, one after the other.
pub async fn lone_commits(corpus: &Corpus, url: &str, times: u64) -> anyhow::Result<Percentiles> {
    relational::lone_commits(corpus, url, times).await
}
