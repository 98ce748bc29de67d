//! `GET /api/public/sessions/{sessionId}` — a session with its turns in order and the state of its runs.

use axum::Json;
use axum::extract::{Path, State};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use xtrace_query::{Order, OrderBy, View, traces};
use xtrace_store::{Engine, ProjectScope};

use super::wire::{Run, Session, SessionDetail};
use super::{list, plans};
use crate::app::App;
use crate::auth::{ProjectAuth, Read};
use crate::error::{ApiError, ApiResult};
use crate::map::cells::Cells;
use crate::map::{self, session};
use crate::params::document::{ParamDoc, Shape};
use crate::params::page::PAGE;
use crate::params::{FieldGroups, ListQuery, Page, QueryString, document};
use crate::routes::native::listing;
use crate::routes::native::traces::list::fill;

/// Turns on a page, by default and at most.
pub const TURNS_MAX: u64 = 1_000;

const LIMIT: ParamDoc = ParamDoc::new(
    "limit",
    Shape::Integer,
    "Turns per page, 1 to 1000, which is the default.",
);
const FIELDS: ParamDoc = ParamDoc::new(
    "fields",
    Shape::Text,
    "Groups of each turn to answer with, separated by commas: core (always there), io (input, output, metadata), \
     metrics. Absent: all.",
);

/// Query parameters of the route.
pub struct Params;

impl IntoParams for Params {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document::parameters(&[PAGE, LIMIT, FIELDS], &[])
    }
}

/// Read a session
///
/// The session's totals, its turns (traces) in order of time, and the latest state of each of its runs.
#[utoipa::path(
    get,
    path = "/api/public/sessions/{sessionId}",
    operation_id = "readSession",
    tag = "sessions",
    params(("sessionId" = String, Path, description = "Id of the session."), Params),
    responses((status = 200, description = "The session.", body = SessionDetail))
)]
pub async fn read(
    auth: ProjectAuth<Read>,
    State(app): State<App>,
    Path(id): Path<String>,
    query: QueryString,
) -> ApiResult<Json<SessionDetail>> {
    let groups = FieldGroups::parse(&query)?;
    let turns = turns(&id, Page::parse_up_to(&query, TURNS_MAX)?);
    let (engine, scope) = (app.engine(), auth.scope());
    let session = totals(engine, scope, &id).await?;
    let fields = View::Traces.def().fields;
    let (table, meta) = listing::fetch(engine, scope, &turns, fields).await?;
    let to_trace = |cells| map::trace::from_cells(&cells, scope.project(), groups);
    let mut traces: Vec<_> = Cells::rows(fields, &table).map(to_trace).collect();
    if groups.io {
        fill(engine, scope, &mut traces).await?;
    }
    let (runs, runs_truncated) = runs(engine, scope, &id).await?;
    Ok(Json(SessionDetail {
        session,
        traces,
        meta,
        runs,
        runs_truncated,
    }))
}

fn turns(session_id: &str, page: Page) -> ListQuery {
    ListQuery {
        view: View::Traces,
        conditions: vec![plans::of_session(session_id)],
        order: vec![Order {
            by: OrderBy::Field(&traces::TIMESTAMP),
            descending: false,
        }],
        page,
    }
}

async fn totals(engine: &dyn Engine, scope: &ProjectScope, id: &str) -> ApiResult<Session> {
    let conditions = vec![plans::of_session(id)];
    let order = Order {
        by: OrderBy::Dimension(0),
        descending: false,
    };
    let only = Page {
        number: 1,
        limit: 1,
    };
    let plan = plans::page(conditions.clone(), order, only);
    let table = engine.query(scope, &plan).await?;
    let mut sessions = list::with_participants(engine, scope, conditions, &table).await?;
    sessions
        .pop()
        .ok_or_else(|| ApiError::not_found("session", id))
}

/// The runs, and whether there are more.
async fn runs(engine: &dyn Engine, scope: &ProjectScope, id: &str) -> ApiResult<(Vec<Run>, bool)> {
    let asked = [plans::runs_of_traces(id), plans::runs_of_observations(id)];
    let [of_traces, of_observations] = listing::both(engine, scope, asked).await?;
    let rows = of_traces.rows.len().max(of_observations.rows.len());
    let is_truncated = rows as u64 == plans::RUN_STATES_MAX;
    Ok((session::runs(&of_traces, &of_observations), is_truncated))
}
