//! Rows enter the newest generation, all of a commit in one transaction, and commits that waited together in one.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use duckdb::Connection;
use duckdb::arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, TimestampMicrosecondArray,
};
use duckdb::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use xtrace_query::observations::OBSERVATIONS;
use xtrace_query::traces::TRACES;

use super::Generation;
use super::columns::ViewRows;
use super::rollups::CellRows;
use super::schema::Rows;
use crate::errors::EmbeddedError;
use crate::truth::records::{LoggedCell, LoggedPoint};

/// What one commit adds to the projection.
pub struct HotBatch {
    pub traces: ViewRows,
    pub observations: ViewRows,
    pub points: Vec<LoggedPoint>,
    pub cells: CellRows,
    pub hidden_traces: Vec<u64>,
    pub hidden_observations: Vec<u64>,
    pub hidden_points: Vec<u64>,
    pub last_version: u64,
}

impl HotBatch {
    pub fn with_capacity(traces: usize, observations: usize) -> Self {
        Self {
            traces: ViewRows::new(&TRACES, traces),
            observations: ViewRows::new(&OBSERVATIONS, observations),
            points: Vec::new(),
            cells: CellRows::default(),
            hidden_traces: Vec::new(),
            hidden_observations: Vec::new(),
            hidden_points: Vec::new(),
            last_version: 0,
        }
    }

    /// Adds what a commit changed the rollups by.
    pub fn add_cells(&mut self, version: u64, cells: Vec<LoggedCell>) {
        for LoggedCell {
            project,
            cell,
            sums,
        } in cells
        {
            self.cells.push(version, &project, &cell, &sums);
        }
    }

    pub fn rows(&self) -> u64 {
        let rows =
            self.traces.len() + self.observations.len() + self.points.len() + self.cells.len();
        let hidden =
            self.hidden_traces.len() + self.hidden_observations.len() + self.hidden_points.len();
        (rows + hidden) as u64
    }

    fn batches(mut self) -> Result<Vec<(Rows, bool, RecordBatch)>, EmbeddedError> {
        let mut batches = Vec::new();
        let hidden = [
            (Rows::Traces, self.hidden_traces),
            (Rows::Observations, self.hidden_observations),
            (Rows::Points, self.hidden_points),
        ];
        for (rows, versions) in hidden {
            if !versions.is_empty() {
                batches.push((rows, true, version_batch(versions)?));
            }
        }
        if !self.traces.is_empty() {
            batches.push((Rows::Traces, false, self.traces.finish()?));
        }
        if !self.observations.is_empty() {
            batches.push((Rows::Observations, false, self.observations.finish()?));
        }
        if !self.points.is_empty() {
            batches.push((Rows::Points, false, point_batch(&self.points)?));
        }
        if self.cells.len() > 0 {
            batches.push((Rows::Rollups, false, self.cells.finish()?));
        }
        Ok(batches)
    }
}

/// Lets batches enter the newest generation, in one transaction.
pub fn enter(
    connection: &Connection,
    newest: &Generation,
    batches: Vec<HotBatch>,
) -> Result<(), EmbeddedError> {
    let last_version = batches.last().map_or(0, |batch| batch.last_version);
    let added = batches.iter().map(HotBatch::rows).sum();
    let tables = tables(batches)?;
    connection.execute_batch("BEGIN")?;
    let appended = tables
        .into_iter()
        .try_for_each(|((rows, is_hidden), batches)| {
            let table = if is_hidden {
                rows.hidden(newest.id)
            } else {
                rows.hot(newest.id)
            };
            append(connection, &table, batches)
        });
    let ended = match &appended {
        Ok(()) => connection.execute_batch("COMMIT"),
        Err(_) => connection.execute_batch("ROLLBACK"),
    };
    appended?;
    ended?;
    // INVARIANT: these move after the rows are visible, and a move reads them under `entering`.
    newest.rows.fetch_add(added, Ordering::AcqRel);
    newest
        .last_version
        .fetch_max(last_version, Ordering::AcqRel);
    Ok(())
}

/// A table, whether it is that of hidden versions, and what goes into it.
type TableRows = ((Rows, bool), Vec<RecordBatch>);

/// What goes into each table that gets anything: an appender plans a statement anew each time it is used, which takes
/// longer than a thousand rows do.
fn tables(batches: Vec<HotBatch>) -> Result<Vec<TableRows>, EmbeddedError> {
    let mut tables: Vec<TableRows> = Vec::new();
    for batch in batches {
        for (rows, is_hidden, columns) in batch.batches()? {
            let table = (rows, is_hidden);
            match tables.iter_mut().find(|(of, _)| *of == table) {
                Some((_, batches)) => batches.push(columns),
                None => tables.push((table, vec![columns])),
            }
        }
    }
    Ok(tables)
}

pub fn append(
    connection: &Connection,
    table: &str,
    batches: impl IntoIterator<Item = RecordBatch>,
) -> Result<(), EmbeddedError> {
    let mut appender = connection.appender(table)?;
    for batch in batches {
        appender.append_record_batch(batch)?;
    }
    Ok(appender.flush()?)
}

fn version_batch(versions: Vec<u64>) -> Result<RecordBatch, EmbeddedError> {
    let schema = Schema::new(vec![Field::new("row_version", DataType::Int64, false)]);
    let columns: Vec<ArrayRef> = vec![Arc::new(
        versions
            .into_iter()
            .map(u64::cast_signed)
            .collect::<Int64Array>(),
    )];
    RecordBatch::try_new(Arc::new(schema), columns).map_err(EmbeddedError::arrow)
}

pub fn point_batch(points: &[LoggedPoint]) -> Result<RecordBatch, EmbeddedError> {
    let schema = Schema::new(vec![
        Field::new("row_version", DataType::Int64, false),
        Field::new("series_id", DataType::Int64, false),
        Field::new(
            "timestamp",
            DataType::Timestamp(TimeUnit::Microsecond, None),
            false,
        ),
        Field::new("value", DataType::Float64, false),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(
            points
                .iter()
                .map(|point| point.version.cast_signed())
                .collect::<Int64Array>(),
        ),
        Arc::new(
            points
                .iter()
                .map(|point| point.series)
                .collect::<Int64Array>(),
        ),
        Arc::new(TimestampMicrosecondArray::from_iter_values(
            points.iter().map(|point| point.timestamp.as_micros()),
        )),
        Arc::new(
            points
                .iter()
                .map(|point| point.value)
                .collect::<Float64Array>(),
        ),
    ];
    RecordBatch::try_new(Arc::new(schema), columns).map_err(EmbeddedError::arrow)
}
