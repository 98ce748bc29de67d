//! Opening: settings, the file, a first generation, and whether the file fits the truth.

use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};

use duckdb::{Config, Connection};

use super::schema::{self, FILE};
use super::waiting::{Entering, Waiting};
use super::{Generation, Projection};
use crate::errors::EmbeddedError;
use crate::options::EmbeddedOptions;

/// What an existing file says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileState {
    pub upto: u64,
    pub store_id: u64,
    pub fingerprint: u64,
}

/// A connection to a new DuckDB instance that keeps everything in memory.
pub fn instance(options: &EmbeddedOptions, spill: &Path) -> Result<Connection, EmbeddedError> {
    let threads = i64::try_from(options.query_threads).unwrap_or(i64::MAX);
    let config = Config::default()
        .enable_autoload_extension(false)?
        .max_memory(&format!("{}B", options.query_memory_bytes))?
        .threads(threads)?
        .with("temp_directory", spill.display().to_string())?
        // Whole generations enter in their own order; keeping it costs memory.
        .with("preserve_insertion_order", "false")?
        // Checkpoints run in the background when we say so, never inside a commit.
        .with("checkpoint_threshold", "1TB")?;
    Ok(Connection::open_in_memory_with_flags(config)?)
}

/// Attaches a database file under a name, creating it where there is none.
pub fn attach(connection: &Connection, file: &Path, catalog: &str) -> Result<(), EmbeddedError> {
    let path = file.display().to_string().replace('\'', "''");
    let sql = format!("ATTACH '{path}' AS {catalog} (STORAGE_VERSION 'latest')");
    Ok(connection.execute_batch(&sql)?)
}

/// What the attached file says; `None` when its tables are not there.
pub fn file_state(
    connection: &Connection,
    catalog: &str,
) -> Result<Option<FileState>, EmbeddedError> {
    let is_there = "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND table_name = 'projection'";
    let count: i64 = connection.query_row(is_there, [catalog], |row| row.get(0))?;
    if count == 0 {
        return Ok(None);
    }
    let sql = format!("SELECT upto, store, fingerprint FROM {catalog}.main.projection");
    let state = connection.query_row(&sql, [], |row| {
        Ok(FileState {
            upto: row.get(0)?,
            store_id: row.get(1)?,
            fingerprint: row.get(2)?,
        })
    })?;
    Ok(Some(state))
}

impl Projection {
    /// Takes over an instance whose file is attached and fits.
    pub fn start(root: Connection, file: &Path) -> Result<Self, EmbeddedError> {
        let dropped = Arc::<Mutex<Vec<u64>>>::default();
        let entering = Entering::new(root.try_clone()?);
        let projection = Self {
            root: Mutex::new(root),
            generations: RwLock::default(),
            dropped,
            unread: 0.into(),
            waiting: Waiting::default(),
            entering: Mutex::new(entering),
            file: file.to_owned(),
            cells: 0.into(),
        };
        let connection = projection.connect()?;
        let first = projection.create_generation(&connection)?;
        projection.begin_generation(first);
        Ok(projection)
    }

    /// Creates the tables of the next generation.
    pub(super) fn create_generation(&self, connection: &Connection) -> Result<u64, EmbeddedError> {
        let generations = self.generations();
        let id = generations.last().map_or(1, |generation| generation.id + 1);
        connection.execute_batch(&schema::create_generation(id))?;
        Ok(id)
    }

    /// Publishes a generation as the one that is written to; nobody may be entering.
    pub(super) fn begin_generation(&self, id: u64) {
        let mut generations = self.generations().to_vec();
        let last = generations.last();
        let last_version = last.map_or(0, |generation| generation.last_version());
        generations.push(Arc::new(Generation {
            id,
            last_version: last_version.into(),
            rows: 0.into(),
            dropped: self.dropped.clone(),
        }));
        self.publish(generations);
    }
}

/// The version up to which the attached file is complete, as of the connection's transaction.
pub fn upto(connection: &Connection) -> Result<u64, EmbeddedError> {
    let sql = format!("SELECT upto FROM {FILE}.main.projection");
    Ok(connection.query_row(&sql, [], |row| row.get(0))?)
}
