//! Rebuild: a new file from the truth. Points, which the file alone has, are copied from the old one.

use std::fs;
use std::path::{Path, PathBuf};

use duckdb::Connection;
use fjall::Readable;
use xtrace_model::derive::{observation_row, trace_row};
use xtrace_model::{ProjectId, Rollup};
use xtrace_query::ViewDef;
use xtrace_query::observations::OBSERVATIONS;
use xtrace_query::traces::TRACES;

use super::columns::ViewRows;
use super::hot::point_batch;
use super::open::{attach, file_state, instance};
use super::rollups::{CellRows, add_up};
use super::rows::{push_observation, push_trace};
use super::schema::{FILE, Rows, create_file, create_rollups};
use crate::errors::EmbeddedError;
use crate::failpoint::{Point, hit};
use crate::lock::DataDir;
use crate::options::EmbeddedOptions;
use crate::truth::records::{StoredObservation, StoredTrace, decode};
use crate::truth::{Truth, keys};

/// The file as it was, while a new one is made.
const OLD: &str = "old";
const BATCH_ROWS: usize = 20_000;

/// How far a rebuild is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub traces: u64,
    pub observations: u64,
    pub points: u64,
    /// About how many traces and observations there are.
    pub rows_estimate: u64,
}

/// Takes away what an interrupted rebuild left.
pub fn discard_scratch(dir: &DataDir) -> Result<(), EmbeddedError> {
    for path in with_log(&dir.projection_scratch()) {
        remove_if_there(&path)?;
    }
    Ok(())
}

/// As [`rebuild_file`], also where the old file cannot be read: what is damaged is set aside, first its write-ahead log,
/// then all of it, and answered with. Points that only were in there are left out.
pub fn rebuild_damaged_file(
    dir: &DataDir,
    options: &EmbeddedOptions,
    truth: &Truth,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<PathBuf>, EmbeddedError> {
    let [file, log] = with_log(&dir.projection());
    let [file_aside, log_aside] = with_log(&dir.projection_aside());
    let mut aside = Vec::new();
    let mut steps = [(log, log_aside), (file, file_aside)].into_iter();
    loop {
        let error = match rebuild_file(dir, options, truth, progress) {
            Err(error @ EmbeddedError::Damaged(_)) => error,
            done => return done.map(|()| aside),
        };
        let mut next = steps.by_ref().filter(|(from, _)| from.exists());
        let Some((from, to)) = next.next() else {
            return Err(error);
        };
        fs::rename(&from, &to).map_err(EmbeddedError::io("set aside", &from))?;
        aside.push(to);
    }
}

/// A row store that is not the one of this file: it was lost, or one of the two was replaced.
pub fn of_another_store() -> EmbeddedError {
    EmbeddedError::Corrupt {
        what: "projection",
        why: "it belongs to another store than the row store beside it; put back a backup of the whole data directory"
            .to_owned(),
    }
}

/// Makes the file anew; the store must not be open. The old file stays until the new one is complete.
pub fn rebuild_file(
    dir: &DataDir,
    options: &EmbeddedOptions,
    truth: &Truth,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), EmbeddedError> {
    discard_scratch(dir)?;
    let scratch = dir.projection_scratch();
    let connection = instance(options, &dir.spill())?;
    attach(&connection, &scratch, FILE)?;
    let upto = truth.last_version()?;
    connection.execute_batch(&create_file(FILE, truth.store_id()?, upto))?;
    let mut done = Progress {
        rows_estimate: (truth.traces.approximate_len() + truth.observations.approximate_len())
            as u64,
        ..Progress::default()
    };
    fill_traces(&connection, truth, &mut done, progress)?;
    fill_observations(&connection, truth, &mut done, progress)?;
    fill_rollups(&connection, truth, &mut |_| {})?;
    done.points = fill_points(&connection, dir, truth)?;
    progress(done);
    connection.execute_batch(&format!("CHECKPOINT {FILE}"))?;
    connection.execute_batch(&format!("DETACH {FILE}"))?;
    drop(connection);
    hit(Point::BeforeRebuildSwap)?;
    swap(dir, &scratch)
}

fn fill_traces(
    connection: &Connection,
    truth: &Truth,
    done: &mut Progress,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), EmbeddedError> {
    let mut rows = ViewRows::new(&TRACES, BATCH_ROWS);
    for entry in truth.snapshot().iter(&truth.traces) {
        let (key, value) = entry.into_inner()?;
        let (project, id) = keys::parse_trace(&key).ok_or_else(|| unreadable("trace key"))?;
        let stored = StoredTrace::decode(&value)?;
        push_trace(
            &mut rows,
            stored.version,
            &project,
            &trace_row(id, &stored.facts, stored.summary),
        );
        done.traces += 1;
        if rows.len() >= BATCH_ROWS {
            append(connection, &TRACES, &mut rows)?;
            progress(*done);
        }
    }
    append(connection, &TRACES, &mut rows)
}

/// Adds rollups to an attached file that has none, in one transaction. What the log has not handed over yet is in them:
/// its records are of before there were rollups, and change none.
pub fn add_rollups(
    connection: &Connection,
    truth: &Truth,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), EmbeddedError> {
    connection.execute_batch(&format!("BEGIN;{}", create_rollups()))?;
    match fill_rollups(connection, truth, progress) {
        Ok(()) => Ok(connection.execute_batch("COMMIT")?),
        Err(error) => {
            // The first error says what is wrong; this one would only hide it.
            let _ = connection.execute_batch("ROLLBACK");
            Err(error)
        }
    }
}

fn fill_rollups(
    connection: &Connection,
    truth: &Truth,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), EmbeddedError> {
    let at = truth.snapshot();
    let mut done = Progress {
        rows_estimate: truth.traces.approximate_len() as u64,
        ..Progress::default()
    };
    let mut rollup = Rollup::default();
    for entry in at.iter(&truth.traces) {
        let (key, value) = entry.into_inner()?;
        let (project, id) = keys::parse_trace(&key).ok_or_else(|| unreadable("trace key"))?;
        let stored = StoredTrace::decode(&value)?;
        let summary = match stored.lacks_calls {
            true => truth.summary_anew(&at, &project, &id)?,
            false => stored.summary,
        };
        rollup.add(&project, &trace_row(id, &stored.facts, summary));
        done.traces += 1;
        if done.traces.is_multiple_of(BATCH_ROWS as u64) {
            append_cells(connection, std::mem::take(&mut rollup))?;
            progress(done);
        }
    }
    append_cells(connection, rollup)?;
    add_up(connection)
}

fn append_cells(connection: &Connection, rollup: Rollup<ProjectId>) -> Result<(), EmbeddedError> {
    let mut rows = CellRows::default();
    for (project, cell, sums) in rollup.into_cells() {
        rows.push(0, &project, &cell, &sums);
    }
    if rows.len() == 0 {
        return Ok(());
    }
    let mut appender = connection.appender_to_catalog_and_db(Rows::Rollups.name(), FILE, "main")?;
    appender.append_record_batch(rows.finish()?)?;
    Ok(appender.flush()?)
}

fn fill_observations(
    connection: &Connection,
    truth: &Truth,
    done: &mut Progress,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), EmbeddedError> {
    let mut rows = ViewRows::new(&OBSERVATIONS, BATCH_ROWS);
    for entry in truth.snapshot().iter(&truth.observations) {
        let (key, value) = entry.into_inner()?;
        let (project, id) =
            keys::parse_observation(&key).ok_or_else(|| unreadable("observation key"))?;
        let stored: StoredObservation = decode("observation", &value)?;
        let row = observation_row(id, &stored.facts, &stored.costing);
        push_observation(&mut rows, stored.version, &project, &row);
        done.observations += 1;
        if rows.len() >= BATCH_ROWS {
            append(connection, &OBSERVATIONS, &mut rows)?;
            progress(*done);
        }
    }
    append(connection, &OBSERVATIONS, &mut rows)
}

/// Copies the old file's points and adds those that had not reached it.
fn fill_points(
    connection: &Connection,
    dir: &DataDir,
    truth: &Truth,
) -> Result<u64, EmbeddedError> {
    let points = Rows::Points.in_file();
    let mut already = 0;
    if dir.projection().exists() {
        attach(connection, &dir.projection(), OLD)?;
        // From here on the old file is whole without its write-ahead log, which the swap takes away.
        connection.execute_batch(&format!("CHECKPOINT {OLD}"))?;
        if let Some(state) = file_state(connection, OLD)? {
            if state.store_id != truth.store_id()? {
                return Err(of_another_store());
            }
            already = state.upto;
            // What the truth knows nothing of has versions that will be given again.
            connection.execute_batch(&format!(
                "INSERT INTO {points} SELECT * FROM {OLD}.main.{} WHERE row_version <= {} ORDER BY {}",
                Rows::Points.name(),
                truth.last_version()?,
                Rows::Points.order()
            ))?;
        }
        connection.execute_batch(&format!("DETACH {OLD}"))?;
    }
    for record in truth.records_after(already) {
        let record = record?;
        if !record.points.is_empty() {
            let mut appender =
                connection.appender_to_catalog_and_db(Rows::Points.name(), FILE, "main")?;
            appender.append_record_batch(point_batch(&record.points)?)?;
            appender.flush()?;
        }
        for hidden in record.hidden_points.chunks(1_000) {
            let versions: Vec<String> = hidden.iter().map(u64::to_string).collect();
            let sql = format!(
                "DELETE FROM {points} WHERE row_version IN ({})",
                versions.join(",")
            );
            connection.execute_batch(&sql)?;
        }
    }
    let count: i64 =
        connection.query_row(&format!("SELECT count(*) FROM {points}"), [], |row| {
            row.get(0)
        })?;
    Ok(count.unsigned_abs())
}

fn append(
    connection: &Connection,
    def: &ViewDef,
    rows: &mut ViewRows,
) -> Result<(), EmbeddedError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut appender = connection.appender_to_catalog_and_db(def.table, FILE, "main")?;
    appender.append_record_batch(rows.finish()?)?;
    Ok(appender.flush()?)
}

/// Puts the new file in the place of the old one. Its own write-ahead log is empty after the
/// checkpoint; the old file's must not be applied to it.
fn swap(dir: &DataDir, scratch: &Path) -> Result<(), EmbeddedError> {
    let target = dir.projection();
    let [_, scratch_log] = with_log(scratch);
    let [_, target_log] = with_log(&target);
    remove_if_there(&scratch_log)?;
    remove_if_there(&target_log)?;
    sync(scratch)?;
    fs::rename(scratch, &target).map_err(EmbeddedError::io("replace", &target))?;
    sync(dir.path())
}

fn sync(path: &Path) -> Result<(), EmbeddedError> {
    fs::File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(EmbeddedError::io("sync", path))
}

/// A database file and its write-ahead log.
fn with_log(path: &Path) -> [PathBuf; 2] {
    [path.to_owned(), path.with_extension("duckdb.wal")]
}

fn remove_if_there(path: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(EmbeddedError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

fn unreadable(what: &'static str) -> EmbeddedError {
    EmbeddedError::Corrupt {
        what,
        why: "not ids".to_owned(),
    }
}
