//! `GET /api/public/metrics/daily` — what happened by day.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use xtrace_model::{Timestamp, Usd};
use xtrace_query::check::OFFSETS_MAX;
use xtrace_query::{Condition, Table, Value, ZoneError, traces, zone};
use xtrace_store::{Engine, ProjectScope};

use super::filters::FILTERS;
use super::plans::{self, DayPlans};
use super::wire::Day;
use crate::app::App;
use crate::auth::{ProjectAuth, Read};
use crate::error::{ApiError, ApiResult};
use crate::map::cells::Group;
use crate::map::daily::{self, DayTotals, ModelTotals};
use crate::params::document::{ParamDoc, Shape};
use crate::params::page::{LIMIT, PAGE};
use crate::params::query_string::BadParam;
use crate::params::{Page, QueryString, document, filter, time};
use crate::routes::native::listing::{self, Paged};

/// Without `fromTimestamp`: so long before `toTimestamp`.
const WINDOW_MICROS: i64 = 30 * 86_400_000_000;

const OWN: [ParamDoc; 5] = [
    PAGE,
    LIMIT,
    ParamDoc::new(
        "fromTimestamp",
        Shape::DateTime,
        "Count traces that began at this time or later. Default: 30 days before `toTimestamp`.",
    ),
    ParamDoc::new(
        "toTimestamp",
        Shape::DateTime,
        "Count traces that began at this time or earlier. Default: now.",
    ),
    ParamDoc::new(
        "timezone",
        Shape::Text,
        "IANA name of the time zone whose days are meant, such as Asia/Shanghai. Default: UTC.",
    ),
];

/// Parameters of the route.
pub struct Params;

impl IntoParams for Params {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document::parameters(&OWN, &FILTERS)
    }
}

/// Daily figures
///
/// Days that have traces, newest first, by the traces' time of beginning. Usage by model covers model calls: type
/// GENERATION or EMBEDDING, and whatever else has a known cost.
#[utoipa::path(
    get,
    path = "/api/public/metrics/daily",
    operation_id = "readDailyMetrics",
    tag = "metrics",
    params(Params),
    responses((status = 200, description = "A page of days.", body = Paged<Day>))
)]
pub async fn read(
    auth: ProjectAuth<Read>,
    State(app): State<App>,
    query: QueryString,
) -> ApiResult<Json<Paged<Day>>> {
    let (engine, scope) = (app.engine(), auth.scope());
    let plans = parse(&query, app.now())?;
    let page = Page::parse(&query)?;
    let (days, total) = (plans.days(page), plans.total());
    let (table, total) = listing::with_total(engine, scope, days, total).await?;
    let totals = day_totals(&table);
    let (sent, models) = parts(engine, scope, plans, &totals).await?;
    let data = daily::days(totals, &sent, models);
    let meta = page.meta(total);
    Ok(Json(Paged { data, meta }))
}

fn parse(query: &QueryString, now: Timestamp) -> Result<DayPlans, BadParam> {
    let instant = |name| query.parsed(name, time::INSTANT_EXPECTED, time::parse_instant);
    let to = instant("toTimestamp")?.unwrap_or(now);
    let from = instant("fromTimestamp")?;
    let from = from.unwrap_or_else(|| to.saturating_add_micros(-WINDOW_MICROS));
    let bucket = match query.one("timezone")? {
        Some(name) => zone::days(name, from, to)
            .map_err(|reason| BadParam::value("timezone", name, zone_expected(&reason)))?,
        None => zone::utc_days(),
    };
    let mut conditions = filter::conditions(&FILTERS, query)?;
    conditions.push(Condition::at_least(&traces::TIMESTAMP, Value::Time(from)));
    conditions.push(Condition::at_most(&traces::TIMESTAMP, Value::Time(to)));
    Ok(DayPlans { conditions, bucket })
}

fn zone_expected(reason: &ZoneError) -> String {
    match reason {
        ZoneError::Unknown { .. } => {
            "the IANA name of a time zone such as Asia/Shanghai".to_owned()
        }
        ZoneError::TooLong { .. } => format!(
            "a zone whose clock changes at most {OFFSETS_MAX} times between fromTimestamp and toTimestamp"
        ),
    }
}

fn day_totals(table: &Table) -> Vec<DayTotals> {
    let groups = Group::rows(1, &plans::DAY_MEASURES, table);
    let to_totals = |group: Group<'_>| DayTotals {
        day: group.dimension(0).as_int().unwrap_or_default(),
        traces: group.count(&plans::TRACES),
        observations: group.count(&plans::OBSERVATIONS),
        observed_cost: group.money(&plans::OBSERVED_COST).unwrap_or_default(),
    };
    groups.map(to_totals).collect()
}

type Parts = (BTreeMap<i64, Usd>, BTreeMap<i64, Vec<ModelTotals>>);

/// By day: cost as sent for traces, and the models.
async fn parts(
    engine: &dyn Engine,
    scope: &ProjectScope,
    plans: DayPlans,
    totals: &[DayTotals],
) -> ApiResult<Parts> {
    let (Some(last), Some(first)) = (totals.first(), totals.last()) else {
        return Ok(Parts::default());
    };
    let plans = plans.between(first.day, last.day);
    let plans = [plans.sent_cost(totals.len()), plans.models()];
    let [sent, models] = listing::both(engine, scope, plans).await?;
    if models.rows.len() as u64 == plans::MODELS_MAX {
        return Err(ApiError::bad_request(format!(
            "the page has {} combinations of day and model or more; ask for fewer days by limit",
            plans::MODELS_MAX
        )));
    }
    Ok((sent_cost(&sent), model_totals(&models)))
}

fn sent_cost(table: &Table) -> BTreeMap<i64, Usd> {
    let groups = Group::rows(1, &[plans::SENT_COST], table);
    groups
        .filter_map(|group| {
            let day = group.dimension(0).as_int()?;
            Some((day, group.money(&plans::SENT_COST)?))
        })
        .collect()
}

fn model_totals(table: &Table) -> BTreeMap<i64, Vec<ModelTotals>> {
    let mut days: BTreeMap<i64, Vec<ModelTotals>> = BTreeMap::new();
    for group in Group::rows(2, &plans::MODEL_MEASURES, table) {
        let day = group.dimension(0).as_int().unwrap_or_default();
        days.entry(day).or_default().push(ModelTotals {
            model: group.dimension(1).as_text().map(Box::from),
            input_tokens: group.count(&plans::MODEL_INPUT),
            output_tokens: group.count(&plans::MODEL_OUTPUT),
            total_tokens: group.count(&plans::MODEL_TOTAL),
            traces: group.count(&plans::MODEL_TRACES),
            observations: group.count(&plans::MODEL_OBSERVATIONS),
            cost: group.money(&plans::MODEL_COST).unwrap_or_default(),
        });
    }
    days
}
