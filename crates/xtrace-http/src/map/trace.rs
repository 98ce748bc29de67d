//! Traces for lists and details.

use xtrace_model::{Level, ProjectId, Provenance, TraceRow};
use xtrace_query::traces as field;
use xtrace_store::TracePayload;

use super::cells::Cells;
use super::scalar::{Instant, Payload};
use crate::params::FieldGroups;
use crate::routes::native::traces::wire::{Trace, TraceMetrics};

/// What latency and cost are where the group `metrics` was not asked for.
const NOT_ASKED_FOR: f64 = -1.0;

/// From the cells of a plan over the view of traces.
pub fn from_cells(cells: &Cells<'_>, project: &ProjectId, groups: FieldGroups) -> Trace {
    let id = cells.text(&field::ID).unwrap_or_default();
    let (latency, total_cost) = headline(
        groups,
        cells.float(&field::LATENCY),
        cells.float(&field::TOTAL_COST),
    );
    Trace {
        timestamp: Instant(cells.time(&field::TIMESTAMP).unwrap_or_default()),
        name: cells.text(&field::NAME),
        input: None,
        output: None,
        session_id: cells.text(&field::SESSION_ID),
        release: cells.text(&field::RELEASE),
        version: cells.text(&field::VERSION),
        user_id: cells.text(&field::USER_ID),
        metadata: None,
        tags: cells.list(&field::TAGS),
        public: cells.flag(&field::PUBLIC),
        project_id: project.as_str().into(),
        external_id: cells.text(&field::EXTERNAL_ID),
        bookmarked: cells.flag(&field::BOOKMARKED),
        environment: cells.text(&field::ENVIRONMENT).unwrap_or_default(),
        html_path: html_path(project, &id),
        latency,
        total_cost,
        created_at: Instant(cells.time(&field::CREATED_AT).unwrap_or_default()),
        updated_at: Instant(cells.time(&field::UPDATED_AT).unwrap_or_default()),
        turn_id: cells.text(&field::TURN_ID),
        run_id: cells.text(&field::RUN_ID),
        run_state: cells.text(&field::RUN_STATE),
        level: cells.text(&field::LEVEL).unwrap_or_default(),
        models: cells.list(&field::MODELS),
        metrics: metrics_from_cells(cells),
        id,
    }
}

fn metrics_from_cells(cells: &Cells<'_>) -> TraceMetrics {
    // The sums of both sides are zero where no cost is known.
    let observed_cost = cells.float(&field::OBSERVED_COST);
    TraceMetrics {
        latency_source: cells.text(&field::LATENCY_SOURCE),
        cost_source: cells.text(&field::COST_SOURCE),
        input_cost: observed_cost.and(cells.float(&field::INPUT_COST)),
        output_cost: observed_cost.and(cells.float(&field::OUTPUT_COST)),
        observed_cost,
        input_tokens: cells.count(&field::INPUT_TOKENS),
        output_tokens: cells.count(&field::OUTPUT_TOKENS),
        total_tokens: cells.count(&field::TOTAL_TOKENS),
        observation_count: cells.count(&field::OBSERVATION_COUNT),
        debug_count: cells.count(&field::DEBUG_COUNT),
        default_count: cells.count(&field::DEFAULT_COUNT),
        warning_count: cells.count(&field::WARNING_COUNT),
        error_count: cells.count(&field::ERROR_COUNT),
        last_activity: Instant(cells.time(&field::LAST_ACTIVITY).unwrap_or_default()),
    }
}

/// From a row read by id.
pub fn from_row(row: &TraceRow, project: &ProjectId, groups: FieldGroups) -> Trace {
    let total_cost = row.total_cost.map(xtrace_model::Usd::to_f64);
    let (latency, total_cost) = headline(groups, row.latency_s, total_cost);
    Trace {
        id: row.id.as_str().into(),
        timestamp: Instant(row.timestamp),
        name: row.name.clone(),
        input: None,
        output: None,
        session_id: row.session_id.clone(),
        release: row.release.clone(),
        version: row.version.clone(),
        user_id: row.user_id.clone(),
        metadata: None,
        tags: row.tags.iter().cloned().collect(),
        public: row.public,
        project_id: project.as_str().into(),
        external_id: row.external_id.clone(),
        bookmarked: row.bookmarked,
        environment: row.environment.clone(),
        html_path: html_path(project, row.id.as_str()),
        latency,
        total_cost,
        created_at: Instant(row.created_at),
        updated_at: Instant(row.updated_at),
        turn_id: row.steps.turn_id.clone(),
        run_id: row.steps.run_id.clone(),
        run_state: row.steps.run_state.clone(),
        level: row.level.as_str().into(),
        models: row.summary.models.keys().cloned().collect(),
        metrics: metrics_from_row(row),
    }
}

fn metrics_from_row(row: &TraceRow) -> TraceMetrics {
    let summary = &row.summary;
    let is_costed = summary.costed_count > 0;
    let level_count = |level: Level| summary.level_counts[level as usize];
    TraceMetrics {
        latency_source: row.latency_source.map(provenance),
        cost_source: row.cost_source.map(provenance),
        input_cost: is_costed.then(|| summary.input_cost.to_f64()),
        output_cost: is_costed.then(|| summary.output_cost.to_f64()),
        observed_cost: is_costed.then(|| summary.total_cost.to_f64()),
        input_tokens: summary.input_tokens,
        output_tokens: summary.output_tokens,
        total_tokens: summary.total_tokens,
        observation_count: summary.observation_count,
        debug_count: level_count(Level::Debug),
        default_count: level_count(Level::Default),
        warning_count: level_count(Level::Warning),
        error_count: level_count(Level::Error),
        last_activity: Instant(xtrace_model::derive::last_activity(row)),
    }
}

/// Puts payloads in, null where nothing was sent.
pub fn fill(trace: &mut Trace, payload: TracePayload) {
    trace.input = Some(Payload(payload.input));
    trace.output = Some(Payload(payload.output));
    trace.metadata = Some(Payload(payload.metadata));
}

pub fn provenance(source: Provenance) -> Box<str> {
    source.as_str().into()
}

fn headline(
    groups: FieldGroups,
    latency: Option<f64>,
    total_cost: Option<f64>,
) -> (Option<f64>, Option<f64>) {
    if groups.metrics {
        (latency, total_cost)
    } else {
        (Some(NOT_ASKED_FOR), Some(NOT_ASKED_FOR))
    }
}

fn html_path(project: &ProjectId, id: &str) -> String {
    format!("/project/{project}/traces/{id}")
}
