//! Observations for lists and details.

use std::collections::BTreeMap;

use xtrace_model::{JsonText, ObservationRow, ProjectId, Usd};
use xtrace_store::ObservationPayload;

use super::scalar::{Instant, Payload};
use super::trace::provenance;
use crate::routes::native::observations::wire::{Observation, Origin, Usage};

/// Without payloads.
pub fn from_row(row: &ObservationRow, project: &ProjectId) -> Observation {
    Observation {
        id: row.key.id.as_str().into(),
        trace_id: row.key.trace_id.as_str().into(),
        r#type: row.kind.as_str(),
        name: row.name.clone(),
        start_time: Instant(row.start_time),
        end_time: row.end_time.map(Instant),
        completion_start_time: row.completion_start_time.map(Instant),
        model: row.model.clone(),
        model_parameters: None,
        input: None,
        version: row.version.clone(),
        metadata: None,
        output: None,
        usage: usage(row),
        level: row.level.as_str(),
        status_message: row.status_message.clone(),
        parent_observation_id: row
            .parent_observation_id
            .as_ref()
            .map(|id| id.as_str().into()),
        prompt_id: row.prompt_id.clone(),
        prompt_name: row.prompt_name.clone(),
        prompt_version: row
            .prompt_version
            .as_deref()
            .and_then(|text| text.parse().ok()),
        model_id: row.model_id.clone(),
        input_price: row.input_price.map(Usd::to_f64),
        output_price: row.output_price.map(Usd::to_f64),
        total_price: row.total_price.map(Usd::to_f64),
        calculated_input_cost: row.input_cost.map(Usd::to_f64),
        calculated_output_cost: row.output_cost.map(Usd::to_f64),
        calculated_total_cost: row.total_cost.map(Usd::to_f64),
        latency: row.latency_s,
        time_to_first_token: row.time_to_first_token_s,
        prompt_tokens: row.input_tokens,
        completion_tokens: row.output_tokens,
        total_tokens: row.total_tokens,
        usage_details: usage_details(row),
        cost_details: cost_details(row),
        environment: row.environment.clone(),
        origin: origin(row, project),
    }
}

/// Puts payloads in, null where nothing was sent.
pub fn fill(observation: &mut Observation, payload: ObservationPayload) {
    let parameters = payload
        .model_parameters
        .unwrap_or_else(|| JsonText::from_stored("{}"));
    observation.input = Some(Payload(payload.input));
    observation.output = Some(Payload(payload.output));
    observation.metadata = Some(Payload(payload.metadata));
    observation.model_parameters = Some(Payload(Some(parameters)));
}

fn usage(row: &ObservationRow) -> Usage {
    Usage {
        input: row.input_tokens,
        output: row.output_tokens,
        total: row.total_tokens,
        unit: row.unit.clone(),
        input_cost: row.input_cost.map(Usd::to_f64),
        output_cost: row.output_cost.map(Usd::to_f64),
        total_cost: row.total_cost.map(Usd::to_f64),
    }
}

fn usage_details(row: &ObservationRow) -> BTreeMap<Box<str>, u64> {
    let mut details = row.usage.0.clone();
    details.entry("input".into()).or_insert(0);
    details.entry("output".into()).or_insert(0);
    details.entry("total".into()).or_insert(row.total_tokens);
    details
}

fn cost_details(row: &ObservationRow) -> BTreeMap<Box<str>, f64> {
    let buckets = row.cost.0.iter();
    let mut details: BTreeMap<Box<str>, f64> = buckets
        .map(|(bucket, amount)| (bucket.clone(), amount.to_f64()))
        .collect();
    details.entry("input".into()).or_insert(0.0);
    details.entry("output".into()).or_insert(0.0);
    let total = row.total_cost.map_or(0.0, Usd::to_f64);
    details.entry("total".into()).or_insert(total);
    details
}

fn origin(row: &ObservationRow, project: &ProjectId) -> Origin {
    let steps = row.steps.clone();
    Origin {
        project_id: project.as_str().into(),
        created_at: Instant(row.created_at),
        updated_at: Instant(row.updated_at),
        unit: row.unit.clone(),
        session_id: row.session_id.clone(),
        turn_id: steps.turn_id,
        run_id: steps.run_id,
        step_id: steps.step_id,
        parent_step_id: steps.parent_step_id,
        step_type: steps.step_type,
        step_index: steps.step_index,
        attempt: steps.attempt,
        run_state: steps.run_state,
        latency_source: row.latency_source.map(provenance),
        cost_source: row.cost_source.map(provenance),
        price_id: row.price_id.clone(),
    }
}
