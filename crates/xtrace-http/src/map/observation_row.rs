//! An observation's row from the cells of a plan over all fields of its view.

use std::collections::BTreeMap;

use xtrace_model::ids::IdError;
use xtrace_model::observation::StepRow;
use xtrace_model::{
    Cost, Level, ObservationId, ObservationKey, ObservationRow, ObservationType, Provenance,
    TraceId, Usage, Usd,
};
use xtrace_query::observations as field;

use super::cells::Cells;

/// # Errors
/// What the store answered is no id.
pub fn from_cells(cells: &Cells<'_>) -> Result<ObservationRow, IdError> {
    let kind = cells.value(&field::TYPE).as_text();
    let level = cells.value(&field::LEVEL).as_text();
    let parent = cells.text(&field::PARENT_ID).map(ObservationId::new);
    Ok(ObservationRow {
        key: key(cells)?,
        kind: kind
            .and_then(ObservationType::parse)
            .unwrap_or(ObservationType::Span),
        name: cells.text(&field::NAME),
        start_time: cells.time(&field::START_TIME).unwrap_or_default(),
        end_time: cells.time(&field::END_TIME),
        completion_start_time: cells.time(&field::COMPLETION_START_TIME),
        level: level.and_then(Level::parse).unwrap_or_default(),
        status_message: cells.text(&field::STATUS_MESSAGE),
        parent_observation_id: parent.transpose()?,
        version: cells.text(&field::VERSION),
        environment: cells.text(&field::ENVIRONMENT).unwrap_or_default(),
        session_id: cells.text(&field::SESSION_ID),
        model: cells.text(&field::MODEL),
        model_id: cells.text(&field::MODEL_ID),
        prompt_id: cells.text(&field::PROMPT_ID),
        prompt_name: cells.text(&field::PROMPT_NAME),
        prompt_version: cells.text(&field::PROMPT_VERSION),
        unit: cells.text(&field::UNIT),
        usage: usage(cells),
        input_tokens: cells.count(&field::INPUT_TOKENS),
        output_tokens: cells.count(&field::OUTPUT_TOKENS),
        total_tokens: cells.count(&field::TOTAL_TOKENS),
        cache_read_tokens: cells.count(&field::CACHE_READ_TOKENS),
        cache_write_tokens: cells.count(&field::CACHE_WRITE_TOKENS),
        reasoning_tokens: cells.count(&field::REASONING_TOKENS),
        cost: cost(cells),
        input_cost: cells.money(&field::INPUT_COST),
        output_cost: cells.money(&field::OUTPUT_COST),
        total_cost: cells.money(&field::TOTAL_COST),
        cost_source: provenance(cells.value(&field::COST_SOURCE).as_text()),
        price_id: cells.text(&field::PRICE_ID),
        input_price: cells.money(&field::INPUT_PRICE),
        output_price: cells.money(&field::OUTPUT_PRICE),
        total_price: cells.money(&field::TOTAL_PRICE),
        latency_s: cells.float(&field::LATENCY),
        latency_source: provenance(cells.value(&field::LATENCY_SOURCE).as_text()),
        time_to_first_token_s: cells.float(&field::TIME_TO_FIRST_TOKEN),
        steps: steps(cells),
        created_at: cells.time(&field::CREATED_AT).unwrap_or_default(),
        updated_at: cells.time(&field::UPDATED_AT).unwrap_or_default(),
    })
}

/// The key alone.
///
/// # Errors
/// What the store answered is no id.
pub fn key(cells: &Cells<'_>) -> Result<ObservationKey, IdError> {
    Ok(ObservationKey {
        trace_id: TraceId::new(cells.text(&field::TRACE_ID).unwrap_or_default())?,
        id: ObservationId::new(cells.text(&field::ID).unwrap_or_default())?,
    })
}

fn steps(cells: &Cells<'_>) -> StepRow {
    StepRow {
        turn_id: cells.text(&field::TURN_ID),
        run_id: cells.text(&field::RUN_ID),
        step_id: cells.text(&field::STEP_ID),
        parent_step_id: cells.text(&field::PARENT_STEP_ID),
        step_type: cells.text(&field::STEP_TYPE),
        step_index: cells.int(&field::STEP_INDEX),
        attempt: cells.int(&field::ATTEMPT),
        run_state: cells.text(&field::RUN_STATE),
    }
}

fn usage(cells: &Cells<'_>) -> Usage {
    let text = cells.value(&field::USAGE_DETAILS).as_text();
    let buckets = text.and_then(|text| serde_json::from_str(text).ok());
    Usage(buckets.unwrap_or_default())
}

/// Amounts are decimal strings in the stored object.
fn cost(cells: &Cells<'_>) -> Cost {
    let text = cells.value(&field::COST_DETAILS).as_text();
    let buckets: Option<BTreeMap<Box<str>, Box<str>>> =
        text.and_then(|text| serde_json::from_str(text).ok());
    let amounts = buckets.unwrap_or_default().into_iter();
    Cost(
        amounts
            .filter_map(|(bucket, amount)| Some((bucket, Usd::parse(&amount).ok()?)))
            .collect(),
    )
}

fn provenance(text: Option<&str>) -> Option<Provenance> {
    let known = [Provenance::Provided, Provenance::Computed];
    known
        .into_iter()
        .find(|source| Some(source.as_str()) == text)
}
