//! Plans answered from rollups, and whether the rollups are what the truth comes to.
//!
//! Calls of the few traces that a time cuts a bucket off from are not looked for among all observations: the truth has
//! them summed up with each trace. It may be ahead of what a query sees. So a trace is taken from it only in the version
//! that the query sees; where one has another, the query reads rows.

use std::collections::BTreeMap;

use duckdb::Row;
use duckdb::types::ValueRef;
use fjall::Readable;
use xtrace_model::derive::trace_row;
use xtrace_model::{Rollup, Sums, TraceId, Usd};
use xtrace_query::{Table, View, traces};
use xtrace_store::ProjectScope;
use xtrace_store::lower::{self, Rolled};

use crate::engine::EmbeddedEngine;
use crate::errors::EmbeddedError;
use crate::instance::Instance;
use crate::pages::TRACE_VERSION;
use crate::projection::read::ReadTransaction;
use crate::projection::schema::Rows;
use crate::projection::statement::{dialect_of_rollups, dialect_of_view, run};
use crate::truth::records::StoredTrace;
use crate::truth::{Truth, keys};

/// Traces of each end of a time that are looked up one by one.
const TRACES_MAX: u64 = 2_000;

/// Answers a plan from rollups.
pub fn answer(
    at: &ReadTransaction<'_>,
    truth: &Truth,
    scope: &ProjectScope,
    rolled: &Rolled<'_>,
) -> Result<Table, EmbeddedError> {
    if let Some(traces) = traces_at_ends(at, truth, scope, rolled)? {
        let dialect = dialect_of_rollups(at, View::Observations, false)?;
        return run(at, &rolled.statement_with(traces, scope, &dialect));
    }
    let dialect = dialect_of_rollups(at, rolled.view(), rolled.needs_rows())?;
    run(at, &rolled.statement(scope, &dialect)?)
}

/// What the traces at both ends come to, if the truth has them in the versions that the query sees.
fn traces_at_ends(
    at: &ReadTransaction<'_>,
    truth: &Truth,
    scope: &ProjectScope,
    rolled: &Rolled<'_>,
) -> Result<Option<Rollup<()>>, EmbeddedError> {
    let Some(plans) = rolled.traces_of_calls(&[&TRACE_VERSION, &traces::ID], TRACES_MAX) else {
        return Ok(None);
    };
    let project = scope.project();
    let snapshot = truth.snapshot();
    let dialect = dialect_of_view(at, View::Traces, true)?;
    let mut rollup = Rollup::default();
    for plan in plans {
        let found = run(at, &lower::plan(&plan, scope, &dialect)?)?;
        if found.rows.len() as u64 == TRACES_MAX {
            return Ok(None);
        }
        for row in found.rows {
            let id = row[1].as_text().and_then(|id| TraceId::new(id).ok());
            let id = id.ok_or_else(unreadable)?;
            let stored = truth.trace(&snapshot, &keys::trace(project, &id))?;
            let is_seen = |stored: &StoredTrace| {
                row[0].as_int().map(i64::cast_unsigned) == Some(stored.version)
            };
            let Some(stored) = stored.filter(is_seen) else {
                return Ok(None);
            };
            let summary = match stored.lacks_calls {
                true => truth.summary_anew(&snapshot, project, &id)?,
                false => stored.summary,
            };
            rollup.add(&(), &trace_row(id, &stored.facts, summary));
        }
    }
    Ok(Some(rollup))
}

fn unreadable() -> EmbeddedError {
    EmbeddedError::Corrupt {
        what: "trace key",
        why: "not ids".to_owned(),
    }
}

/// Project, number of the kind of cell, bucket in microseconds, model.
type CellId = (String, i16, i64, String);

impl EmbeddedEngine {
    /// How many cells of the rollups differ from what traces and observations come to: none, or something is wrong.
    /// Reads all traces, and blocks for as long as that takes. Nothing may be written meanwhile.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn wrong_rollups(&self) -> Result<u64, EmbeddedError> {
        let instance = self.shared.instance()?;
        let mut cells = expected(&instance)?;
        for (id, sums) in kept(&instance)? {
            *cells.entry(id).or_default() += -sums;
        }
        let wrong = cells.values().filter(|sums| **sums != Sums::default());
        Ok(wrong.count() as u64)
    }
}

fn expected(instance: &Instance) -> Result<BTreeMap<CellId, Sums>, EmbeddedError> {
    let truth = &instance.truth;
    let at = truth.snapshot();
    let mut rollup = Rollup::default();
    for entry in at.iter(&truth.traces) {
        let (key, value) = entry.into_inner()?;
        let (project, id) = keys::parse_trace(&key).ok_or_else(unreadable)?;
        let stored = StoredTrace::decode(&value)?;
        let summary = truth.summary_anew(&at, &project, &id)?;
        rollup.add(&project, &trace_row(id, &stored.facts, summary));
    }
    let cells = rollup.into_cells().map(|(project, cell, sums)| {
        let id = (
            project.as_str().to_owned(),
            cell.kind(),
            cell.bucket().as_micros(),
            cell.model().to_owned(),
        );
        (id, sums)
    });
    Ok(cells.collect())
}

fn kept(instance: &Instance) -> Result<Vec<(CellId, Sums)>, EmbeddedError> {
    let connection = instance.projection.connect()?;
    let at = ReadTransaction::begin(&instance.projection, &connection)?;
    let sql = format!(
        "SELECT project, kind, epoch_us(bucket), model, traces, observations, sent_traces, \
         input_tokens, output_tokens, total_tokens, cost, sent_cost FROM {}",
        at.source(Rows::Rollups)?
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], cell)?;
    let rows: Result<Vec<_>, duckdb::Error> = rows.collect();
    drop(statement);
    at.end()?;
    Ok(rows?)
}

fn cell(row: &Row<'_>) -> duckdb::Result<(CellId, Sums)> {
    let id = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let sums = Sums {
        traces: row.get(4)?,
        observations: row.get(5)?,
        sent_traces: row.get(6)?,
        input_tokens: digits(row, 7)?,
        output_tokens: digits(row, 8)?,
        total_tokens: digits(row, 9)?,
        cost: Usd::from_units(digits(row, 10)?),
        sent_cost: Usd::from_units(digits(row, 11)?),
    };
    Ok((id, sums))
}

/// All digits of a decimal, those of its fraction included.
fn digits(row: &Row<'_>, index: usize) -> duckdb::Result<i128> {
    match row.get_ref(index)? {
        ValueRef::Decimal(number) => Ok(number.value()),
        other => Err(duckdb::Error::InvalidColumnType(
            index,
            "a decimal".to_owned(),
            other.data_type(),
        )),
    }
}
