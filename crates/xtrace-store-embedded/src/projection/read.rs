//! A consistent view of file and memory.
//!
//! The file and the hot tables are two databases with a snapshot each, taken one after the other.
//! What makes them one state is the watermark: the file says, in its own snapshot, up to which
//! version it is complete, and only greater versions are taken from the hot tables. Rows that move
//! between the two snapshots are then seen once, and commits between them not at all or whole.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use duckdb::Connection;

use super::open::upto;
use super::schema::Rows;
use super::{Generations, Projection};
use crate::errors::EmbeddedError;

/// So few hidden versions are written out: a filter is cheaper than a join.
const HIDDEN_INLINE_MAX: u64 = 32;

/// Where a version of a row is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Memory,
    File,
}

/// An open transaction; rolled back when dropped.
pub struct ReadTransaction<'a> {
    connection: &'a Connection,
    /// Holds the tables of [`Self::hot`] in being.
    held: Generations,
    /// Generations with versions the file lacks, oldest first; the same for every source.
    hot: Vec<u64>,
    upto: u64,
    /// Set when nobody waits for the answer any more.
    is_abandoned: Option<&'a AtomicBool>,
    is_over: bool,
}

impl<'a> ReadTransaction<'a> {
    pub fn begin(
        projection: &Projection,
        connection: &'a Connection,
    ) -> Result<Self, EmbeddedError> {
        projection.settle()?;
        // INVARIANT: the list is taken before the file's snapshot. A generation that is missing from it
        // was in the file by then, so the snapshot has its rows.
        let generations = projection.generations();
        connection.execute_batch("BEGIN")?;
        let mut transaction = Self {
            connection,
            held: generations,
            hot: Vec::new(),
            upto: 0,
            is_abandoned: None,
            is_over: false,
        };
        let upto = upto(connection)?;
        let newer = transaction
            .held
            .iter()
            .filter(|generation| generation.last_version() > upto);
        transaction.hot = newer.map(|generation| generation.id).collect();
        transaction.upto = upto;
        Ok(transaction)
    }

    /// Lets statements fail that begin after the flag was set.
    pub fn abandoned_by(mut self, flag: &'a AtomicBool) -> Self {
        self.is_abandoned = Some(flag);
        self
    }

    /// To be asked before a statement that takes long: an interrupt that comes before it begins is lost.
    pub fn ensure_wanted(&self) -> Result<(), EmbeddedError> {
        match self.is_abandoned {
            Some(flag) if flag.load(Ordering::Acquire) => Err(EmbeddedError::Cancelled),
            _ => Ok(()),
        }
    }

    pub fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// What stands for a table in the FROM clause: its rows in the file and in memory, each in its
    /// latest version.
    pub fn source(&self, rows: Rows) -> Result<String, EmbeddedError> {
        let upto = self.upto;
        let file = rows.in_file();
        let hot = &self.hot;
        if hot.is_empty() {
            return Ok(file);
        }
        let (mut in_file, mut in_memory) = (String::new(), String::new());
        if rows.can_be_hidden() {
            let hidden: Vec<String> = hot
                .iter()
                .map(|id| format!("SELECT row_version FROM {}", rows.hidden(*id)))
                .collect();
            let hidden = hidden.join(" UNION ALL ");
            in_file = self.exclusion(&format!(
                "SELECT row_version FROM ({hidden}) WHERE row_version <= {upto}"
            ))?;
            in_memory = self.exclusion(&format!(
                "SELECT row_version FROM ({hidden}) WHERE row_version > {upto}"
            ))?;
        }
        let mut sql = "(".to_owned();
        // The newest rows first: what "the newest 50" finds here lets whole blocks of the file be skipped.
        for id in hot.iter().rev() {
            let table = rows.hot(*id);
            write!(
                sql,
                "SELECT * FROM {table} WHERE row_version > {upto}{} UNION ALL ",
                conjunct(" AND ", &in_memory)
            )
            .expect("a string takes any text");
        }
        write!(
            sql,
            "SELECT * FROM {file}{})",
            conjunct(" WHERE ", &in_file)
        )
        .expect("a string takes any text");
        Ok(sql)
    }

    /// Where the version is, if it is anywhere.
    pub fn place_of(&self, version: i64) -> Place {
        if version > self.upto.cast_signed() {
            Place::Memory
        } else {
            Place::File
        }
    }

    /// What stands for a table in the FROM clause of a statement that names the versions it wants: all rows of one
    /// place, also older versions and hidden ones.
    pub fn every_version(&self, rows: Rows, place: Place) -> String {
        match place {
            Place::File => rows.in_file(),
            Place::Memory => {
                let tables = self.hot.iter();
                let tables = tables.map(|id| format!("SELECT * FROM {}", rows.hot(*id)));
                format!("({})", tables.collect::<Vec<_>>().join(" UNION ALL "))
            }
        }
    }

    /// The condition that leaves out the versions a query yields; empty when there are none.
    fn exclusion(&self, hidden: &str) -> Result<String, EmbeddedError> {
        let count: u64 =
            self.connection
                .query_row(&format!("SELECT count(*) FROM ({hidden})"), [], |row| {
                    row.get(0)
                })?;
        if count == 0 {
            return Ok(String::new());
        }
        if count > HIDDEN_INLINE_MAX {
            return Ok(format!("row_version NOT IN ({hidden})"));
        }
        let mut statement = self.connection.prepare(hidden)?;
        let versions = statement.query_map([], |row| row.get::<_, i64>(0))?;
        let versions: Vec<String> = versions
            .map(|version| Ok(version?.to_string()))
            .collect::<Result<_, EmbeddedError>>()?;
        Ok(format!("row_version NOT IN ({})", versions.join(",")))
    }
}

fn conjunct(word: &str, condition: &str) -> String {
    if condition.is_empty() {
        String::new()
    } else {
        format!("{word}{condition}")
    }
}

impl ReadTransaction<'_> {
    /// Ends the transaction. Where that fails, the connection is in no state to be used again.
    pub fn end(mut self) -> Result<(), EmbeddedError> {
        self.is_over = true;
        Ok(self.connection.execute_batch("ROLLBACK")?)
    }
}

impl Drop for ReadTransaction<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        // A connection that cannot end its transaction fails at the next BEGIN and is then let go.
        if let Err(error) = self.connection.execute_batch("ROLLBACK") {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "a read transaction was over already"
            );
        }
    }
}
