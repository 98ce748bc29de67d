//! `GET /api/public/sessions` — a page of sessions with their totals.

use axum::Json;
use axum::extract::State;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use xtrace_query::{Condition, Table};
use xtrace_store::{Engine, ProjectScope};

use super::filters::FILTERS;
use super::plans;
use super::wire::Session;
use crate::app::App;
use crate::auth::{ProjectAuth, Read};
use crate::error::ApiResult;
use crate::map::session;
use crate::params::document::{ParamDoc, Shape};
use crate::params::page::{LIMIT, PAGE};
use crate::params::{Page, QueryString, document, filter};
use crate::routes::native::listing::{self, Paged};

const ORDER_BY: ParamDoc = ParamDoc::new(
    "orderBy",
    Shape::Text,
    "`createdAt` (default), `id`, `firstTimestamp`, `lastTimestamp`, `traceCount`, `observationCount`, \
     `errorCount`, `totalTokens`, `totalCost` or `userCount`, each with `.asc` or `.desc` (the default direction).",
);

/// Parameters of the route.
pub struct Params;

impl IntoParams for Params {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document::parameters(&[PAGE, LIMIT, ORDER_BY], &FILTERS)
    }
}

/// List sessions
///
/// A page of sessions, newest first. Filters choose the traces that count: a session is listed when one of its
/// traces satisfies all of them, and its totals are those of such traces.
#[utoipa::path(
    get,
    path = "/api/public/sessions",
    operation_id = "listSessions",
    tag = "sessions",
    params(Params),
    responses((status = 200, description = "A page of sessions.", body = Paged<Session>))
)]
pub async fn list(
    auth: ProjectAuth<Read>,
    State(app): State<App>,
    query: QueryString,
) -> ApiResult<Json<Paged<Session>>> {
    let mut conditions = filter::conditions(&FILTERS, &query)?;
    conditions.push(plans::in_a_session());
    let (order, page) = (plans::order_by(&query)?, Page::parse(&query)?);
    let (engine, scope) = (app.engine(), auth.scope());
    let rows = plans::page(conditions.clone(), order, page);
    let total = plans::total(conditions.clone());
    let (table, total) = listing::with_total(engine, scope, rows, total).await?;
    let data = with_participants(engine, scope, conditions, &table).await?;
    let meta = page.meta(total);
    Ok(Json(Paged { data, meta }))
}

/// The sessions of a table of groups, with environments and users.
pub async fn with_participants(
    engine: &dyn Engine,
    scope: &ProjectScope,
    conditions: Vec<Condition>,
    table: &Table,
) -> ApiResult<Vec<Session>> {
    let ids = table.rows.iter().filter_map(|row| row.first().cloned());
    let ids: Vec<_> = ids.collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let plan = plans::participants(conditions, ids);
    let participants = session::participants(&engine.query(scope, &plan).await?);
    Ok(session::sessions(table, &participants, scope.project()))
}
