//! Group commit: read states, join, derive rows and summaries, one atomic fsynced batch, then hot rows.
//!
//! What it guarantees: when [`Writer::commit`] returns, everything not rejected is on disk and every
//! query that begins later sees it. What it deliberately does not do: decide what a join means;
//! that is the model's.

mod points;
mod telemetry;

use std::sync::Arc;
use std::time::{Duration, Instant};

use duckdb::Connection;
use fjall::OwnedWriteBatch;
use xtrace_store::{CommitBatch, CommitReport, Outcome, Write};

use crate::errors::EmbeddedError;
use crate::failpoint::{Point, hit};
use crate::instance::Instance;
use crate::projection::hot::HotBatch;
use crate::truth::records::LogRecord;
use points::Points;
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
    last_version: u64,
}

impl Change {
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

    pub fn commit(&mut self, batch: CommitBatch) -> Result<CommitReport, EmbeddedError> {
        self.ensure_room()?;
        let CommitBatch { items, prices } = batch;
        let instance = self.instance.clone();
        let mut telemetry = Telemetry::new(&instance.truth);
        let mut points = Points::new(self.series_max);
        let mut report = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let project = item.scope.project();
            report.push(match item.write {
                Write::Trace { id, patch } => telemetry.trace(project, id, *patch)?,
                Write::Observation { key, patch } => telemetry.observation(project, key, *patch)?,
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
        let mut change = self.begin();
        telemetry.finish(&prices, &mut change)?;
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
        Change {
            batch: self.instance.truth.batch(),
            record: LogRecord::default(),
            hot: HotBatch::with_capacity(64, 256),
            last_version: self.last_version,
        }
    }

    /// Makes a change durable, then visible.
    pub fn store(&mut self, mut change: Change) -> Result<(), EmbeddedError> {
        let truth = &self.instance.truth;
        if change.record.is_empty() {
            return truth.commit(change.batch);
        }
        // Even what only hides rows has a version of its own, by which a move knows that it is done.
        if change.last_version == self.last_version {
            change.next_version();
        }
        change.record.last_version = change.last_version;
        truth.log(&mut change.batch, &change.record);
        truth.commit(change.batch)?;
        self.last_version = change.last_version;
        hit(Point::BeforeHotInsert)?;
        let mut hot = change.hot;
        hot.points = change.record.points;
        hot.hidden_traces = change.record.hidden_traces;
        hot.hidden_observations = change.record.hidden_observations;
        hot.hidden_points = change.record.hidden_points;
        hot.last_version = change.last_version;
        // From here on the truth has what readers do not see: only opening anew puts that right.
        let entered = self.instance.enter(&self.connection, hot);
        entered.map_err(|error| EmbeddedError::NotVisible(Box::new(error)))?;
        hit(Point::AfterHotInsert)
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
