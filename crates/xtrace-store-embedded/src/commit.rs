//! Group commit: read states, join, derive rows and summaries, one atomic fsynced batch, then rows to look at.
//!
//! What it guarantees: when [`Writer::commit`] returns, everything not rejected is on disk and every
//! query that begins later sees it. What it deliberately does not do: decide what a join means;
//! that is the model's.

mod payloads;
mod points;
mod prepare;
mod telemetry;

use std::sync::Arc;
use std::time::{Duration, Instant};

use duckdb::Connection;
use fjall::{Keyspace, OwnedWriteBatch};
use xtrace_model::{ProjectId, Rollup};
use xtrace_store::{CommitReport, Outcome, Write};

use crate::errors::EmbeddedError;
use crate::failpoint::{Point, hit};
use crate::instance::Instance;
use crate::parts::{PartChanges, PartKey};
use crate::projection::hot::HotBatch;
use crate::truth::records::{LogRecord, LoggedCell};
use payloads::PayloadWriter;
use points::Points;
pub use prepare::Batch;
use telemetry::Telemetry;

/// How long a commit waits for a move to make room.
const ROOM_WAIT_MAX: Duration = Duration::from_secs(5);
const ROOM_POLL: Duration = Duration::from_millis(2);

/// The one who writes to an instance.
pub struct Writer {
    pub instance: Arc<Instance>,
    connection: Connection,
    last_version: u64,
    hot_rows_max: u64,
    series_max: u64,
}

/// What a commit is about to do, collected in memory.
pub struct Change {
    pub batch: OwnedWriteBatch,
    pub record: LogRecord,
    pub hot: HotBatch,
    pub parts: PartChanges,
    /// What the rollups change by.
    pub rollup: Rollup<ProjectId>,
    last_version: u64,
}

impl Change {
    /// Entries that this makes of a batch.
    pub fn len(&self) -> usize {
        self.batch.len() + self.parts.unreferred.len()
    }

    /// Adds a part, as it is to be stored.
    pub fn put_part(&mut self, to: &Keyspace, part: PartKey, (key, stored): (Vec<u8>, &[u8])) {
        self.batch.insert(to, key, stored);
        self.parts.written.push(part);
        self.parts.written_bytes += stored.len();
    }

    /// The next version, greater than any before.
    pub fn next_version(&mut self) -> u64 {
        self.last_version += 1;
        self.last_version
    }
}

impl Writer {
    pub fn new(
        instance: Arc<Instance>,
        hot_rows_max: u64,
        series_max: u64,
    ) -> Result<Self, EmbeddedError> {
        let connection = instance.projection.connect()?;
        let last_version = instance.truth.last_version()?;
        Ok(Self {
            instance,
            connection,
            last_version,
            hot_rows_max,
            series_max,
        })
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    pub fn commit(&mut self, batch: Batch) -> Result<CommitReport, EmbeddedError> {
        self.ensure_room()?;
        let instance = self.instance.clone();
        let batch = batch.into_prepared(&instance)?;
        let payloads = PayloadWriter::new(&instance.truth, &instance.parts, batch.fresh);
        let mut telemetry = Telemetry::new(&instance.truth, payloads);
        let mut points = Points::new(self.series_max);
        let mut report = Vec::with_capacity(batch.items.len());
        for (index, item) in batch.items.into_iter().enumerate() {
            let (project, payload) = (item.scope.project(), item.payload);
            report.push(match item.write {
                Write::Trace { id, patch } => telemetry.trace(project, id, *patch, payload)?,
                Write::Observation { key, patch } => {
                    telemetry.observation(project, key, *patch, payload)?
                }
                Write::Points {
                    series,
                    points: sent,
                } => {
                    points.add(index, project, series, sent);
                    Outcome::Points {
                        accepted: 0,
                        duplicate: 0,
                    }
                }
            });
        }
        let mut change = self.begin_with(report.len());
        telemetry.finish(&batch.prices, &mut change)?;
        let new_points = points.finish(&instance, &self.connection, &mut change, &mut report)?;
        // Points of known series are in the record alone until it is stored.
        if change.batch.is_empty() && change.record.is_empty() {
            return Ok(report);
        }
        self.store(change)?;
        instance.remember_points(new_points);
        Ok(report)
    }

    pub fn begin(&self) -> Change {
        self.begin_with(0)
    }

    /// A change of about so many rows.
    fn begin_with(&self, rows: usize) -> Change {
        Change {
            batch: self.instance.truth.batch(),
            record: LogRecord::default(),
            hot: HotBatch::with_capacity(rows / 8, rows),
            parts: PartChanges::default(),
            rollup: Rollup::default(),
            last_version: self.last_version,
        }
    }

    /// Makes a change durable, then visible.
    pub fn store(&mut self, mut change: Change) -> Result<(), EmbeddedError> {
        let (truth, parts) = (&self.instance.truth, &self.instance.parts);
        parts.lay(&mut change.parts, truth, &mut change.batch)?;
        let cells = std::mem::take(&mut change.rollup).into_cells();
        change.record.cells = cells
            .map(|(project, cell, sums)| LoggedCell {
                project,
                cell,
                sums,
            })
            .collect();
        if change.record.is_empty() {
            truth.commit(change.batch)?;
            parts.apply(change.parts);
            return Ok(());
        }
        // Even what only hides rows has a version of its own, by which a move knows that it is done.
        if change.last_version == self.last_version {
            change.next_version();
        }
        change.record.last_version = change.last_version;
        truth.log(&mut change.batch, &change.record);
        truth.commit(change.batch)?;
        parts.apply(change.parts);
        self.last_version = change.last_version;
        hit(Point::BeforeHandingOver)?;
        let mut hot = change.hot;
        hot.points = change.record.points;
        hot.add_cells(change.record.last_version, change.record.cells);
        hot.hidden_traces = change.record.hidden_traces;
        hot.hidden_observations = change.record.hidden_observations;
        hot.hidden_points = change.record.hidden_points;
        hot.last_version = change.last_version;
        // INVARIANT: durable, then handed over, then answered. Rows handed over earlier could be seen by a query and be
        // gone after a failed fsync; an earlier answer could be followed by a query that does not see them.
        self.instance.hand_over(hot)?;
        hit(Point::AfterHandingOver)
    }

    /// Hot rows are bounded. A commit waits for the move that makes room, so that senders find the queue full
    /// rather than the store gone; where moves fail, commits must end as well.
    fn ensure_room(&self) -> Result<(), EmbeddedError> {
        let deadline = Instant::now() + ROOM_WAIT_MAX;
        loop {
            let rows = self.instance.projection.hot_rows();
            if rows < self.hot_rows_max {
                return Ok(());
            }
            if self.instance.has_failed() || Instant::now() >= deadline {
                return Err(EmbeddedError::HotFull {
                    rows,
                    limit: self.hot_rows_max,
                });
            }
            std::thread::sleep(ROOM_POLL);
        }
    }
}
