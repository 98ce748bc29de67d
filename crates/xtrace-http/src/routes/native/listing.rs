//! A page of rows, and how many there are on all pages.

use serde::Serialize;
use utoipa::ToSchema;
use xtrace_query::{Field, Plan, Table};
use xtrace_store::{Engine, ProjectScope, StoreResult};

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
    let total = query.total();
    let (table, total) =
        tokio::try_join!(engine.query(scope, &rows), count(engine, scope, &total))?;
    Ok((table, query.page.meta(total)))
}

/// The single number that a plan answers with.
pub async fn count(engine: &dyn Engine, scope: &ProjectScope, plan: &Plan) -> StoreResult<u64> {
    let table = engine.query(scope, plan).await?;
    let cell = table.rows.first().and_then(|row| row.first());
    let number = cell.and_then(xtrace_query::Value::as_int).unwrap_or(0);
    Ok(u64::try_from(number).unwrap_or(0))
}
