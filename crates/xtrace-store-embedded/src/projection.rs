//! The projection: narrow rows and points as columns, for every question that is not about one key.
//!
//! What a commit adds *waits* until a query or a thread of its own lets it enter the *hot* tables in memory
//! (see [`waiting`]), a generation of them at a time; a background thread moves whole generations into the
//! *file*. What it guarantees: a query sees every version up to some commit that was handed over before it
//! began, or later, and nothing of what follows, whatever moves meanwhile (see [`read::ReadTransaction`]). What
//! it deliberately does not do: survive on its own; whatever is not in the file is replayed from the log.

pub mod cells;
pub mod columns;
pub mod hot;
pub mod moves;
pub mod open;
pub mod pool;
pub mod read;
pub mod rebuild;
pub mod rollups;
pub mod rows;
pub mod schema;
pub mod statement;
pub mod waiting;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use duckdb::Connection;

use crate::errors::EmbeddedError;
use waiting::{Entering, Waiting};

/// One set of hot tables.
#[derive(Debug)]
pub struct Generation {
    pub id: u64,
    /// The greatest version in it; all versions up to it are here, in older generations or in the file.
    last_version: AtomicU64,
    rows: AtomicU64,
    dropped: Arc<Mutex<Vec<u64>>>,
}

impl Generation {
    pub fn last_version(&self) -> u64 {
        self.last_version.load(Ordering::Acquire)
    }

    /// Rows and hidden versions in it.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Acquire)
    }
}

/// When the last reader lets go, the tables may be dropped.
impl Drop for Generation {
    fn drop(&mut self) {
        if let Ok(mut dropped) = self.dropped.lock() {
            dropped.push(self.id);
        }
    }
}

/// The generations a query has to look at, oldest first; the last one is written to.
pub type Generations = Arc<Vec<Arc<Generation>>>;

/// The opened projection.
pub struct Projection {
    /// Makes further connections; runs nothing itself.
    root: Mutex<Connection>,
    generations: RwLock<Generations>,
    /// Ids of generations that nobody reads any more.
    dropped: Arc<Mutex<Vec<u64>>>,
    /// Generations off the list whose tables still exist.
    unread: AtomicU64,
    /// What is handed over and has not entered yet.
    waiting: Waiting,
    /// Held while rows enter the newest generation, and while a new one takes its place.
    entering: Mutex<Entering>,
    file: PathBuf,
    /// Rows of rollups in the file when there was one for each cell.
    cells: AtomicU64,
}

impl Projection {
    pub fn connect(&self) -> Result<Connection, EmbeddedError> {
        Ok(self.root.lock().expect("no panic while held").try_clone()?)
    }

    pub fn generations(&self) -> Generations {
        self.generations
            .read()
            .expect("no panic while held")
            .clone()
    }

    /// Rows and hidden versions that are not in the file yet, those that wait included.
    pub fn hot_rows(&self) -> u64 {
        let in_tables: u64 = self
            .generations()
            .iter()
            .map(|generation| generation.rows())
            .sum();
        in_tables + self.waiting.rows()
    }

    /// Bytes of the file and of its write-ahead log.
    pub fn file_bytes(&self) -> (u64, u64) {
        let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |data| data.len());
        (
            size(&self.file),
            size(&self.file.with_extension("duckdb.wal")),
        )
    }

    fn publish(&self, generations: Vec<Arc<Generation>>) {
        *self.generations.write().expect("no panic while held") = Arc::new(generations);
    }
}
