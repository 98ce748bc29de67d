//! `GET /api/public/traces` — a page of traces.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use xtrace_model::TraceId;
use xtrace_query::{View, traces};
use xtrace_store::{Engine, ProjectScope};

use super::filters::FILTERS;
use super::wire::{Trace, TraceItem};
use crate::app::App;
use crate::auth::{ProjectAuth, Read};
use crate::error::{ApiError, ApiResult};
use crate::map::{self, cells::Cells};
use crate::params::groups::TRACE_FIELDS;
use crate::params::order::ORDER_BY;
use crate::params::page::{LIMIT, PAGE};
use crate::params::{FieldGroups, ListQuery, QueryString, document};
use crate::routes::native::listing::{self, Paged};
use crate::routes::native::payloads;

/// Most observation ids on one page.
pub const OBSERVATION_IDS_MAX: u64 = 20_000;

/// Parameters of the route.
pub struct Params;

impl IntoParams for Params {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document::parameters(&[PAGE, LIMIT, ORDER_BY, TRACE_FIELDS], &FILTERS)
    }
}

/// List traces
///
/// A page of traces, newest first, with their totals. Every filter restricts the list; all must hold. A page names
/// at most 20,000 observations and holds at most 64 MiB of input, output and metadata.
#[utoipa::path(
    get,
    path = "/api/public/traces",
    operation_id = "listTraces",
    tag = "traces",
    params(Params),
    responses((status = 200, description = "A page of traces.", body = Paged<TraceItem>))
)]
pub async fn list(
    auth: ProjectAuth<Read>,
    State(app): State<App>,
    query: QueryString,
) -> ApiResult<Json<Paged<TraceItem>>> {
    let groups = FieldGroups::parse(&query)?;
    let list = ListQuery::parse(View::Traces, &FILTERS, &query)?;
    let (engine, scope) = (app.engine(), auth.scope());
    let fields = View::Traces.def().fields;
    let (table, meta) = listing::fetch(engine, scope, &list, fields).await?;
    let rows: Vec<Cells<'_>> = Cells::rows(fields, &table).collect();
    let to_trace = |cells| map::trace::from_cells(cells, scope.project(), groups);
    let mut traces: Vec<Trace> = rows.iter().map(to_trace).collect();
    if groups.io {
        fill(engine, scope, &mut traces).await?;
    }
    let mut names = if groups.observations {
        observation_ids(engine, scope, &rows).await?
    } else {
        ObservationIds::default()
    };
    let data = traces.into_iter().map(|trace| names.item(trace)).collect();
    Ok(Json(Paged { data, meta }))
}

/// Puts payloads in.
pub async fn fill(
    engine: &dyn Engine,
    scope: &ProjectScope,
    traces: &mut [Trace],
) -> ApiResult<()> {
    let ids = traces.iter().map(|trace| TraceId::new(trace.id.clone()));
    let ids: Vec<TraceId> = ids.collect::<Result<_, _>>().map_err(ApiError::internal)?;
    let read = payloads::of_traces(engine, scope, &ids).await?;
    for (trace, payload) in traces.iter_mut().zip(read) {
        map::trace::fill(trace, payload);
    }
    Ok(())
}

/// The observations of the traces of a page.
#[derive(Debug, Default)]
struct ObservationIds {
    by_trace: HashMap<Box<str>, Vec<Box<str>>>,
    /// Traces with too many.
    left_out: Vec<Box<str>>,
}

impl ObservationIds {
    fn item(&mut self, trace: Trace) -> TraceItem {
        TraceItem {
            observations: self.by_trace.remove(&trace.id).unwrap_or_default(),
            observations_truncated: self.left_out.contains(&trace.id),
            scores: Vec::new(),
            trace,
        }
    }
}

/// One question for the whole page.
async fn observation_ids(
    engine: &dyn Engine,
    scope: &ProjectScope,
    rows: &[Cells<'_>],
) -> ApiResult<ObservationIds> {
    let sizes = rows.iter().filter_map(|cells| {
        let size = cells.count(&traces::OBSERVATION_COUNT);
        cells.text(&traces::ID).map(|id| (size, id))
    });
    let (wanted, left_out) = fitting(sizes.collect());
    let mut names = ObservationIds {
        left_out,
        ..ObservationIds::default()
    };
    if wanted.is_empty() {
        return Ok(names);
    }
    let wanted: Vec<TraceId> = wanted
        .into_iter()
        .map(TraceId::new)
        .collect::<Result<_, _>>()
        .map_err(ApiError::internal)?;
    let ids = engine.observation_ids(scope, &wanted).await?;
    for (trace, ids) in wanted.iter().zip(ids) {
        let ids = ids.into_iter().map(|id| id.as_str().into()).collect();
        names.by_trace.insert(trace.as_str().into(), ids);
    }
    Ok(names)
}

/// The traces whose observations fit on the page, the smallest first, and those left out. Traces without
/// observations are neither.
fn fitting(mut sizes: Vec<(u64, Box<str>)>) -> (Vec<Box<str>>, Vec<Box<str>>) {
    sizes.sort_unstable();
    let (mut wanted, mut left_out) = (Vec::new(), Vec::new());
    let mut room = OBSERVATION_IDS_MAX;
    for (size, id) in sizes.into_iter().filter(|(size, _)| *size > 0) {
        match room.checked_sub(size) {
            Some(left) => {
                room = left;
                wanted.push(id);
            }
            None => left_out.push(id),
        }
    }
    (wanted, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_traces_are_left_out_when_not_all_fit_on_a_page() {
        let sizes = [
            ("huge", OBSERVATION_IDS_MAX - 1),
            ("small", 2),
            ("none", 0),
            ("one", 1),
        ];
        let named = sizes.map(|(id, size)| (size, Box::from(id)));
        let (wanted, left_out) = fitting(named.to_vec());
        assert_eq!(wanted, [Box::from("one"), Box::from("small")]);
        assert_eq!(left_out, [Box::from("huge")]);
    }
}
