//! Cells of an answer.

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use xtrace_query::{Histogram, Kind, Value};
use xtrace_store::StoreResult;
use xtrace_store::lower::{OutColumn, OutKind};

use crate::errors::InOperation as _;
use crate::values::{Instant, Money};

/// The cells of a row, which has these columns.
pub fn of_row(row: &PgRow, columns: &[OutColumn], op: &'static str) -> StoreResult<Vec<Value>> {
    columns
        .iter()
        .enumerate()
        .map(|(index, column)| cell(row, index, column.kind).during(op))
        .collect()
}

fn cell(row: &PgRow, index: usize, kind: OutKind) -> sqlx::Result<Value> {
    let kind = match kind {
        OutKind::Of(kind) => kind,
        OutKind::Histogram => {
            let numbers = row.try_get::<Option<Vec<f64>>, _>(index)?;
            let histogram = numbers.and_then(|numbers| Histogram::of_numbers(&numbers));
            return Ok(histogram.map_or(Value::Null, Value::Histogram));
        }
    };
    let value = match kind {
        Kind::Text | Kind::Json => row.try_get::<Option<String>, _>(index)?.map(Value::text),
        Kind::Bool => row.try_get::<Option<bool>, _>(index)?.map(Value::Bool),
        Kind::Int => row.try_get::<Option<i64>, _>(index)?.map(Value::Int),
        Kind::Float => row.try_get::<Option<f64>, _>(index)?.map(Value::Float),
        Kind::Money => row
            .try_get::<Option<Money>, _>(index)?
            .map(|money| Value::Money(money.0)),
        Kind::Time => row
            .try_get::<Option<Instant>, _>(index)?
            .map(|instant| Value::Time(instant.0)),
        Kind::TextList => row
            .try_get::<Option<Vec<String>>, _>(index)?
            .map(|list| Value::TextList(list.into_iter().map(Into::into).collect())),
    };
    Ok(value.unwrap_or(Value::Null))
}
