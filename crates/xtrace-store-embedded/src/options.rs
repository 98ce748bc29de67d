//! What can be set, with defaults for a small machine.

use std::path::PathBuf;
use std::time::Duration;

/// Settings of the embedded engine.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The data directory; created where there is none.
    pub dir: PathBuf,
    /// What DuckDB may use for queries, hot rows and its cache. A query that needs more fails.
    pub query_memory_bytes: u64,
    /// Threads of one query. While it waits for another thread that has a part of it a query spins, so more than half
    /// of the cores cost more than they gain where answers need the processor as well.
    pub query_threads: usize,
    /// Queries that run at once; more wait.
    pub query_concurrency: usize,
    /// A query is ended after this.
    pub query_timeout: Duration,
    /// Cache of the log-structured store.
    pub cache_bytes: u64,
    /// What one keyspace collects in memory before it is written as a table.
    pub memtable_bytes: u64,
    /// What all keyspaces together collect in memory.
    pub write_buffer_bytes: u64,
    /// Journals on disk before the oldest is forced out.
    pub journal_bytes: u64,
    /// Hot rows that start a move into the file.
    pub move_rows: u64,
    /// Age of the oldest hot row that starts a move.
    pub move_age: Duration,
    /// Write-ahead log of the file that starts a checkpoint.
    pub checkpoint_bytes: u64,
    /// Commits that may wait for the writer.
    pub commit_queue: usize,
    /// Samples of payload parts from which the dictionary that compresses them is made.
    pub dictionary_sample_bytes: u64,
    /// Series per project; points of further ones are rejected.
    pub series_max: u64,
}

const MIB: u64 = 1024 * 1024;

impl EmbeddedOptions {
    /// The defaults, in this directory.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            query_memory_bytes: 768 * MIB,
            query_threads: std::thread::available_parallelism()
                .map_or(1, |cores| cores.get() / 2)
                .clamp(1, 8),
            query_concurrency: 4,
            query_timeout: Duration::from_secs(30),
            cache_bytes: 32 * MIB,
            memtable_bytes: 16 * MIB,
            write_buffer_bytes: 64 * MIB,
            journal_bytes: 192 * MIB,
            move_rows: 100_000,
            move_age: Duration::from_secs(60),
            checkpoint_bytes: 64 * MIB,
            commit_queue: 64,
            dictionary_sample_bytes: 2 * MIB,
            series_max: 200_000,
        }
    }

    /// Shares `bytes` between both parts of the store: caches and write buffers of the truth first, the rest is for
    /// queries and hot rows, at least half.
    #[must_use]
    pub fn with_memory(self, bytes: u64) -> Self {
        let of_truth = self.cache_bytes.saturating_add(self.write_buffer_bytes);
        Self {
            query_memory_bytes: bytes.saturating_sub(of_truth).max(bytes / 2),
            ..self
        }
    }
}
