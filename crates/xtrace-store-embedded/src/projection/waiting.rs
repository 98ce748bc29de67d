//! Commits on their way into the hot tables.
//!
//! Entering costs DuckDB milliseconds however few the rows are, because each table's appender plans and runs a statement
//! of its own; an fsync costs a fraction of that. So a commit is answered once it is durable and handed over here, and
//! what waits enters together: when a query is about to begin, when a generation is sealed, when a thread finds
//! time for it (`crate::entering`), or when too much waits.
//!
//! What it guarantees: what was handed over before [`Projection::settle`] was called is visible to queries that begin
//! after it has returned, in the order in which it was handed over. When entering fails nothing enters any more,
//! and nothing can be asked: the store is opened anew, and what is durable is replayed. What it deliberately
//! does not do: hold rows back from a query for the sake of speed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use duckdb::Connection;

use super::Projection;
use super::hot::{HotBatch, enter};
use crate::errors::EmbeddedError;
use crate::failpoint::{Point, hit};

/// Rows that wait at most, at about a kilobyte; whoever hands over more lets them enter.
const ROWS_MAX: u64 = 16_384;
/// Commits that wait at most.
const BATCHES_MAX: u64 = 256;

/// What is handed over and has not entered yet.
#[derive(Default)]
pub struct Waiting {
    batches: Mutex<Vec<HotBatch>>,
    /// Rows of [`Self::batches`] and of those that are entering.
    rows: AtomicU64,
    /// Of commits. Zero: everything that was handed over has entered.
    count: AtomicU64,
}

impl Waiting {
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Acquire)
    }

    fn is_over_limit(&self) -> bool {
        self.rows() > ROWS_MAX || self.count.load(Ordering::Acquire) > BATCHES_MAX
    }
}

/// What is needed to let rows enter: one at a time.
pub struct Entering {
    connection: Connection,
    /// Something was taken that has not entered: it failed, or panicked.
    is_broken: bool,
}

impl Entering {
    pub fn new(connection: Connection) -> Self {
        Self {
            connection,
            is_broken: false,
        }
    }
}

impl Projection {
    /// Takes what a commit adds, which must be durable; queries see it from now on.
    ///
    /// # Errors
    /// So much waits that it has to enter at once, and cannot.
    pub fn hand_over(&self, batch: HotBatch) -> Result<(), EmbeddedError> {
        self.waiting.rows.fetch_add(batch.rows(), Ordering::AcqRel);
        let mut batches = self.waiting.batches.lock().expect("no panic while held");
        batches.push(batch);
        // INVARIANT: counted before the commit is answered, so that a query that begins after the answer waits for it.
        self.waiting.count.fetch_add(1, Ordering::AcqRel);
        drop(batches);
        match self.waiting.is_over_limit() {
            true => self.settle(),
            false => Ok(()),
        }
    }

    /// Lets everything enter that was handed over before.
    ///
    /// # Errors
    /// It cannot enter, now or never again: the store has to be opened anew.
    pub fn settle(&self) -> Result<(), EmbeddedError> {
        if self.has_all_entered() {
            return Ok(());
        }
        self.enter_waiting(&mut self.entering())
    }

    pub(super) fn has_all_entered(&self) -> bool {
        self.waiting.count.load(Ordering::Acquire) == 0
    }

    pub(super) fn entering(&self) -> MutexGuard<'_, Entering> {
        // A panic while held has left `is_broken` behind.
        self.entering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter_waiting(&self, entering: &mut Entering) -> Result<(), EmbeddedError> {
        if entering.is_broken {
            return Err(EmbeddedError::Reopening(
                "what was stored could not be made visible".to_owned(),
            ));
        }
        let batches = {
            let mut batches = self.waiting.batches.lock().expect("no panic while held");
            std::mem::take(&mut *batches)
        };
        if batches.is_empty() {
            return Ok(());
        }
        let count = batches.len() as u64;
        let rows = batches.iter().map(HotBatch::rows).sum();
        entering.is_broken = true;
        let generations = self.generations();
        let newest = generations.last().expect("there is always one");
        let entered =
            hit(Point::BeforeEntering).and_then(|()| enter(&entering.connection, newest, batches));
        entered.map_err(|error| EmbeddedError::NotVisible(Box::new(error)))?;
        entering.is_broken = false;
        self.waiting.rows.fetch_sub(rows, Ordering::AcqRel);
        self.waiting.count.fetch_sub(count, Ordering::AcqRel);
        Ok(())
    }
}
