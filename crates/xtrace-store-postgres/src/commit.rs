//! Committing: one transaction for all that is written at once.
//!
//! 0. Split the texts and compress what is new of them, before the transaction (`crate::parts`).
//! 1. Lock the keys of all traces concerned, in their order, and fetch the states that are there (`keys`).
//! 2. Decode them (`load`), and read of texts only what joining has to know (`held`).
//! 3. Join, derive and sum up, without the server (`merge`).
//! 4. Write rows, parts, payloads (`save`, `payloads`) and what the rollups change by (`crate::rollups`), many per
//!    statement and all tables in one, then points (`points`).
//!
//! The server is asked four times for a batch of traces: to begin, for steps 1 and 4, and to commit.
//!
//! INVARIANT: whoever writes a trace or anything of it holds the lock on its key, so that no join is lost between two
//! processes; and everybody takes those locks in the same order, so that nobody waits in a circle.
//!
//! An item that the server refuses to store is found by halving and rejected; its neighbours are stored.

mod held;
mod keys;
mod load;
mod merge;
mod payloads;
mod points;
mod save;
mod series;
pub(crate) mod summing;
mod work;

use sqlx::{Acquire as _, PgConnection};
use xtrace_model::{JsonText, PriceBook, ProjectId};
use xtrace_payload::PayloadError;
use xtrace_store::{
    CommitBatch, CommitReport, ErrorKind, Outcome, Rejection, StoreError, StoreResult, Write,
    WriteItem,
};

use crate::engine::PostgresEngine;
use crate::errors::{is_of_one_item, is_transient, kind_of, store_error};
use crate::parts::{Filed, Prepared, Trouble};
use crate::week::Week;
use crate::writer::Writer;

use self::load::Loading;
use self::payloads::Saving;
use self::series::SeriesLimit;
use self::work::Work;

const OP: &str = "telemetry.commit";

/// How often a commit is begun anew because somebody else was quicker.
const ATTEMPTS_MAX: u32 = 8;

/// Why a transaction did not get to its end.
pub(crate) enum Failure {
    /// Somebody else deleted or moved what we were about to lock.
    Overtaken,
    /// A connection that had been kept was lost before anything was asked of it.
    Stale(sqlx::Error),
    Server(sqlx::Error),
    Store(StoreError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Server(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Server(error) => Self::Server(error),
            trouble => Self::Store(trouble.during(OP)),
        }
    }
}

impl From<PayloadError> for Failure {
    fn from(error: PayloadError) -> Self {
        Trouble::from(error).into()
    }
}

impl Failure {
    pub(crate) fn during(self, op: &'static str) -> StoreError {
        match self {
            Self::Overtaken => StoreError::new(
                ErrorKind::Conflict,
                op,
                "other writers were quicker each time",
            ),
            Self::Server(error) | Self::Stale(error) => store_error(op, error),
            Self::Store(error) => error,
        }
    }
}

/// How to treat an item that the server refuses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Together,
    Halving,
}

impl PostgresEngine {
    pub(crate) async fn commit_batch(&self, batch: &CommitBatch) -> StoreResult<CommitReport> {
        let preparing = self.parts.prepare(texts(&batch.items), self.present_week());
        let prepared = preparing.await.map_err(|trouble| trouble.during(OP))?;
        let mut mode = Mode::Together;
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(batch, &prepared, mode).await {
                Ok(report) => return Ok(report),
                Err(failure) => failure,
            };
            match &failure {
                Failure::Server(error) if mode == Mode::Together && is_of_one_item(error) => {
                    mode = Mode::Halving;
                }
                Failure::Overtaken if attempt < ATTEMPTS_MAX => self.forget_weeks(),
                Failure::Stale(_) if attempt < ATTEMPTS_MAX => {}
                Failure::Server(error) if attempt < ATTEMPTS_MAX && is_transient(error) => {
                    self.forget_weeks();
                }
                _ => return Err(failure.during(OP)),
            }
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        batch: &CommitBatch,
        prepared: &Prepared,
        mode: Mode,
    ) -> Result<CommitReport, Failure> {
        let part = Part {
            items: &batch.items,
            prices: &batch.prices,
            prepared,
            present: self.present_week(),
        };
        self.ensure_week(part.present).await?;
        self.ensure_points_weeks(points::times(&batch.items))
            .await?;
        let mut writer = self.writer.lend(&self.writes).await?;
        let result = self.in_transaction(&mut writer, part, mode).await;
        if matches!(result, Ok(_) | Err(Failure::Overtaken)) {
            writer.give_back(&self.writes);
        }
        let (report, written) = result?;
        self.series.remember(written.series);
        for filed in &written.filed {
            self.parts.remember(filed);
        }
        self.count_changes(written.changes);
        if written.rows > 0 {
            self.packer.written(written.rows);
        }
        Ok(report)
    }

    async fn in_transaction(
        &self,
        writer: &mut Writer,
        part: Part<'_>,
        mode: Mode,
    ) -> Result<(CommitReport, Written), Failure> {
        let may_be_stale = writer.may_be_stale;
        let begun = writer.connection.begin().await;
        let mut transaction = begun.map_err(|error| {
            if may_be_stale {
                Failure::Stale(error)
            } else {
                Failure::Server(error)
            }
        })?;
        let mut written = Written::default();
        let report = match mode {
            Mode::Together => self.write(&mut transaction, part, &mut written).await?,
            Mode::Halving => {
                self.write_halves(&mut transaction, part, &mut written)
                    .await?
            }
        };
        // When the connection is lost here, nobody knows whether the commit happened: that is an error, and sending
        // again is harmless.
        transaction.commit().await?;
        Ok((report, written))
    }

    async fn write(
        &self,
        connection: &mut PgConnection,
        part: Part<'_>,
        written: &mut Written,
    ) -> Result<CommitReport, Failure> {
        let work = Work::of(part.items);
        let mut report = vec![Outcome::Duplicate; part.items.len()];
        if !work.traces.is_empty() {
            let hold = keys::hold(connection, &work, part.present).await?;
            let loading = Loading {
                parts: &self.parts,
                prepared: part.prepared,
                work: &work,
                hold: &hold,
            };
            let stored = loading.stored(connection).await?;
            let merged = merge::merge(&work, &hold.locked, stored, part.prices);
            for (position, outcome) in &merged.outcomes {
                report[*position] = outcome.clone();
            }
            let saving = Saving {
                parts: &self.parts,
                prepared: part.prepared,
                removals: &hold.removals,
            };
            let saved = save::save(connection, merged, saving).await?;
            written.filed.push(saved.filed);
            written.changes += saved.changes;
        }
        if !work.points.is_empty() {
            let series = SeriesLimit {
                known: &self.series,
                max: self.series_max,
            };
            let points =
                points::write(connection, &work.points, series, &mut written.series).await?;
            written.rows += points.rows;
            for (position, outcome) in points.outcomes {
                report[position] = outcome;
            }
        }
        Ok(report)
    }

    /// Writes the items in halves, quarters … where the server refuses the whole, each part under a savepoint.
    async fn write_halves(
        &self,
        connection: &mut PgConnection,
        whole: Part<'_>,
        written: &mut Written,
    ) -> Result<CommitReport, Failure> {
        let mut report = vec![Outcome::Duplicate; whole.items.len()];
        // The whole has been refused already.
        let middle = whole.items.len().div_ceil(2);
        let mut ranges = vec![middle..whole.items.len(), 0..middle];
        while let Some(range) = ranges.pop() {
            let mut savepoint = connection.begin().await?;
            let part = Part {
                items: &whole.items[range.clone()],
                ..whole
            };
            let mut in_part = Written::default();
            let result = self.write(&mut savepoint, part, &mut in_part).await;
            match result {
                Ok(outcomes) => {
                    savepoint.commit().await?;
                    written.series.append(&mut in_part.series);
                    written.filed.append(&mut in_part.filed);
                    written.rows += in_part.rows;
                    written.changes += in_part.changes;
                    report.splice(range, outcomes);
                }
                Err(Failure::Server(error)) if is_of_one_item(&error) => {
                    savepoint.rollback().await?;
                    if range.len() == 1 {
                        report[range.start] = Outcome::Rejected(rejection(&error));
                        continue;
                    }
                    let middle = range.start + range.len() / 2;
                    // The first half is written first: arrival decides what counts as a duplicate.
                    ranges.push(middle..range.end);
                    ranges.push(range.start..middle);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(report)
    }
}

/// What one statement after the other is to write, and the week that new traces are put in: one answer for the whole
/// attempt, whose partitions are there, though the next week may begin meanwhile.
#[derive(Clone, Copy)]
struct Part<'a> {
    items: &'a [WriteItem],
    prices: &'a PriceBook,
    prepared: &'a Prepared,
    present: Week,
}

/// What is known once the transaction has been committed.
#[derive(Default)]
struct Written {
    series: Vec<crate::metrics::SeriesId>,
    filed: Vec<Filed>,
    /// Of points.
    rows: u64,
    /// Rows that the rollups changed by.
    changes: u64,
}

/// The inputs and outputs of a batch with their projects.
fn texts(items: &[WriteItem]) -> Vec<(ProjectId, JsonText)> {
    let mut texts = Vec::new();
    for item in items {
        let fields = match &item.write {
            Write::Trace { patch, .. } => [&patch.content.input, &patch.content.output],
            Write::Observation { patch, .. } => [&patch.content.input, &patch.content.output],
            Write::Points { .. } => continue,
        };
        let project = item.scope.project();
        let sent = fields.into_iter().filter_map(|field| field.get());
        texts.extend(sent.map(|text| (project.clone(), text.clone())));
    }
    texts
}

fn rejection(error: &sqlx::Error) -> Rejection {
    let code = match kind_of(error) {
        ErrorKind::TooLarge => "value_too_large",
        _ => "value_not_storable",
    };
    let reason = error
        .as_database_error()
        .map(|error| error.message().to_owned())
        .unwrap_or_default();
    Rejection { code, reason }
}
