//! A page of rows, and how many there are on all pages.

use serde::Serialize;
use utoipa::ToSchema;
use xtrace_query::{Field, Plan, Table};
use xtrace_store::{Engine, ErrorKind, ProjectScope, StoreError, StoreResult};

use crate::params::ListQuery;
use crate::params::page::PageMeta;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Paged<T> {
    pub data: Vec<T>,
    pub meta: PageMeta,
}

/// The rows of the page asked for, columns as `fields`, and where they stand.
pub async fn fetch(
    engine: &dyn Engine,
    scope: &ProjectScope,
    query: &ListQuery,
    fields: &[&'static Field],
) -> StoreResult<(Table, PageMeta)> {
    let rows = query.rows(fields.to_vec());
    let (table, total) = with_total(engine, scope, rows, query.total()).await?;
    Ok((table, query.page.meta(total)))
}

/// The rows of a page, and the single number that the plan of their total answers with.
pub async fn with_total(
    engine: &dyn Engine,
    scope: &ProjectScope,
    rows: Plan,
    total: Plan,
) -> StoreResult<(Table, u64)> {
    let [table, total] = both(engine, scope, [rows, total]).await?;
    let cell = total.rows.first().and_then(|row| row.first());
    let number = cell.and_then(xtrace_query::Value::as_int).unwrap_or(0);
    Ok((table, u64::try_from(number).unwrap_or(0)))
}

/// The answers of two plans.
pub async fn both(
    engine: &dyn Engine,
    scope: &ProjectScope,
    plans: [Plan; 2],
) -> StoreResult<[Table; 2]> {
    let tables = engine.query_all(scope, &plans).await?;
    tables.try_into().map_err(|_| {
        StoreError::new(
            ErrorKind::Internal,
            "telemetry.query",
            "not a table for each plan",
        )
    })
}
