//! Lowered statements against a read transaction: sources in, values to bind, cells out.

use std::time::Instant;

use duckdb::types::{ListType, TimeUnit, ToSql, ToSqlOutput, Value as Duck, ValueRef};
use duckdb::{Row, params_from_iter};
use xtrace_model::{Timestamp, Usd};
use xtrace_query::{Histogram, Kind, Table, Value, View};
use xtrace_store::lower::{Bind, OutKind, Statement};

use super::read::{Place, ReadTransaction};
use super::schema::Rows;
use crate::dialect::DuckDbDialect;
use crate::errors::EmbeddedError;

/// The dialect for plans over a view; those over observations may look at the traces as well.
pub fn dialect_of_view(
    at: &ReadTransaction<'_>,
    view: View,
    needs_traces: bool,
) -> Result<DuckDbDialect, EmbeddedError> {
    let source = |is_needed: bool, rows: Rows| match is_needed {
        true => at.source(rows),
        false => Ok(String::new()),
    };
    Ok(DuckDbDialect {
        traces: source(needs_traces, Rows::Traces)?,
        observations: source(view == View::Observations, Rows::Observations)?,
        ..DuckDbDialect::default()
    })
}

/// The dialect for plans that are answered from rollups, with rows where those are read as well.
pub fn dialect_of_rollups(
    at: &ReadTransaction<'_>,
    view: View,
    needs_rows: bool,
) -> Result<DuckDbDialect, EmbeddedError> {
    let rows = match needs_rows {
        true => dialect_of_view(at, view, true)?,
        false => DuckDbDialect::default(),
    };
    Ok(DuckDbDialect {
        rollups: at.source(Rows::Rollups)?,
        ..rows
    })
}

/// The dialect for plans over a view that name the versions they want, all of them in one place.
pub fn dialect_of_place(at: &ReadTransaction<'_>, view: View, place: Place) -> DuckDbDialect {
    let mut dialect = DuckDbDialect::default();
    match view {
        View::Traces => dialect.traces = at.every_version(Rows::Traces, place),
        View::Observations => dialect.observations = at.every_version(Rows::Observations, place),
    }
    dialect
}

/// A bound value as DuckDB takes it.
struct Bound<'a>(&'a Bind);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> duckdb::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Bind::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Bind::Bool(value) => ToSqlOutput::Owned(Duck::Boolean(*value)),
            Bind::Int(value) => ToSqlOutput::Owned(Duck::BigInt(*value)),
            Bind::Float(value) => ToSqlOutput::Owned(Duck::Double(*value)),
            Bind::Money(amount) => ToSqlOutput::Owned(Duck::Text(amount.to_string())),
            Bind::Time(time) => {
                ToSqlOutput::Owned(Duck::Timestamp(TimeUnit::Microsecond, time.as_micros()))
            }
        })
    }
}

/// Runs a lowered statement.
pub fn run(at: &ReadTransaction<'_>, statement: &Statement) -> Result<Table, EmbeddedError> {
    at.ensure_wanted()?;
    let began = Instant::now();
    let mut prepared = at.connection().prepare(&statement.sql)?;
    at.ensure_wanted()?;
    let mut rows = prepared.query(params_from_iter(statement.binds.iter().map(Bound)))?;
    let mut table = Table {
        columns: statement
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect(),
        rows: Vec::new(),
    };
    while let Some(row) = rows.next()? {
        let cells = statement
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| cell(row, index, column.kind));
        table.rows.push(cells.collect::<Result<_, _>>()?);
    }
    // Values are bound, so none of anybody's is in it.
    tracing::trace!(sql = statement.sql, rows = table.rows.len(), took = ?began.elapsed(), "answered");
    Ok(table)
}

fn cell(row: &Row<'_>, index: usize, kind: OutKind) -> Result<Value, EmbeddedError> {
    let value = row.get_ref(index)?;
    let unexpected = || EmbeddedError::Corrupt {
        what: "result of a query",
        why: format!(
            "column {index} is {:?} where {kind:?} is expected",
            value.data_type()
        ),
    };
    let kind = match (kind, value) {
        (_, ValueRef::Null) => return Ok(Value::Null),
        (OutKind::Histogram, ValueRef::List(list, at)) => {
            let numbers = list_of(list, at, |value| match value {
                Duck::Double(number) => Some(number),
                _ => None,
            });
            let histogram = numbers.and_then(|numbers| Histogram::of_numbers(&numbers));
            return histogram.map(Value::Histogram).ok_or_else(unexpected);
        }
        (OutKind::Histogram, _) => return Err(unexpected()),
        (OutKind::Of(kind), _) => kind,
    };
    Ok(match (kind, value) {
        (Kind::Text | Kind::Json, ValueRef::Text(_)) => {
            Value::text(value.as_str().map_err(|_| unexpected())?)
        }
        (Kind::Bool, ValueRef::Boolean(value)) => Value::Bool(value),
        (Kind::Int, ValueRef::BigInt(value)) => Value::Int(value),
        (Kind::Int, ValueRef::Int(value)) => Value::Int(value.into()),
        (Kind::Float, ValueRef::Double(value)) => Value::Float(value),
        (Kind::Money, ValueRef::Decimal(amount)) => {
            Value::Money(money(amount.scale(), amount.value()).ok_or_else(unexpected)?)
        }
        (Kind::Time, ValueRef::Timestamp(unit, value)) => {
            Value::Time(Timestamp::from_micros(unit.to_micros(value)))
        }
        (Kind::TextList, ValueRef::List(list, at)) => {
            let texts = list_of(list, at, |value| match value {
                Duck::Text(text) => Some(text.into_boxed_str()),
                _ => None,
            });
            Value::TextList(texts.ok_or_else(unexpected)?)
        }
        _ => return Err(unexpected()),
    })
}

/// Sums of nothing come back as plain zero, with fewer fraction digits than amounts have.
fn money(scale: u8, digits: i128) -> Option<Usd> {
    let missing = xtrace_model::money::USD_SCALE.checked_sub(u32::from(scale))?;
    Some(Usd::from_units(
        digits.checked_mul(10_i128.checked_pow(missing)?)?,
    ))
}

fn list_of<T>(list: ListType<'_>, at: usize, member: impl Fn(Duck) -> Option<T>) -> Option<Vec<T>> {
    let Duck::List(values) = ValueRef::List(list, at).to_owned() else {
        return None;
    };
    values.into_iter().map(member).collect()
}
