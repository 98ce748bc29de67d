//! Derived rows laid out in the views' fields: which value of a row is which field, once for all engines.

use std::collections::BTreeMap;

use xtrace_model::derive::last_activity;
use xtrace_model::{Cost, ObservationRow, Provenance, Timestamp, TraceRow, Usage, Usd};
use xtrace_query::{Field, observations as o, traces as t};

/// Takes the values of a row, one for each field of its view, in the declared order.
pub trait RowSink<'a> {
    /// A text, or nothing.
    fn text(&mut self, field: &'static Field, value: Option<&'a str>);
    /// A document made for this row.
    fn json(&mut self, field: &'static Field, value: String);
    /// A truth value.
    fn bool(&mut self, field: &'static Field, value: bool);
    /// A whole number, or nothing.
    fn int(&mut self, field: &'static Field, value: Option<i64>);
    /// A number, or nothing.
    fn float(&mut self, field: &'static Field, value: Option<f64>);
    /// An amount, or nothing.
    fn money(&mut self, field: &'static Field, value: Option<Usd>);
    /// A time, or nothing.
    fn time(&mut self, field: &'static Field, value: Option<Timestamp>);
    /// Texts in their order.
    fn list(&mut self, field: &'static Field, values: impl Iterator<Item = &'a str>);

    /// How many; more than fit in 64 bits with a sign are as many as fit.
    fn count(&mut self, field: &'static Field, value: u64) {
        self.int(field, Some(i64::try_from(value).unwrap_or(i64::MAX)));
    }
}

/// Every field of a trace.
pub fn lay_out_trace<'a>(row: &'a TraceRow, to: &mut impl RowSink<'a>) {
    let summary = &row.summary;
    let [debug, default, warning, error] = summary.level_counts;
    let observed = summary.costed_count > 0;
    to.text(&t::ID, Some(row.id.as_str()));
    to.time(&t::TIMESTAMP, Some(row.timestamp));
    to.text(&t::NAME, row.name.as_deref());
    to.text(&t::USER_ID, row.user_id.as_deref());
    to.text(&t::SESSION_ID, row.session_id.as_deref());
    to.text(&t::TURN_ID, row.steps.turn_id.as_deref());
    to.text(&t::RUN_ID, row.steps.run_id.as_deref());
    to.text(&t::RUN_STATE, row.steps.run_state.as_deref());
    to.text(&t::RELEASE, row.release.as_deref());
    to.text(&t::VERSION, row.version.as_deref());
    to.text(&t::ENVIRONMENT, Some(&row.environment));
    to.text(&t::EXTERNAL_ID, row.external_id.as_deref());
    to.bool(&t::PUBLIC, row.public);
    to.bool(&t::BOOKMARKED, row.bookmarked);
    to.list(&t::TAGS, row.tags.iter().map(AsRef::as_ref));
    to.float(&t::LATENCY, row.latency_s);
    to.text(
        &t::LATENCY_SOURCE,
        row.latency_source.map(Provenance::as_str),
    );
    to.money(&t::TOTAL_COST, row.total_cost);
    to.text(&t::COST_SOURCE, row.cost_source.map(Provenance::as_str));
    to.money(&t::OBSERVED_COST, observed.then_some(summary.total_cost));
    to.money(&t::INPUT_COST, Some(summary.input_cost));
    to.money(&t::OUTPUT_COST, Some(summary.output_cost));
    to.count(&t::INPUT_TOKENS, summary.input_tokens);
    to.count(&t::OUTPUT_TOKENS, summary.output_tokens);
    to.count(&t::TOTAL_TOKENS, summary.total_tokens);
    to.count(&t::OBSERVATION_COUNT, summary.observation_count);
    to.count(&t::DEBUG_COUNT, debug);
    to.count(&t::DEFAULT_COUNT, default);
    to.count(&t::WARNING_COUNT, warning);
    to.count(&t::ERROR_COUNT, error);
    to.text(&t::LEVEL, Some(row.level.as_str()));
    to.list(&t::MODELS, summary.models.keys().map(AsRef::as_ref));
    to.time(&t::LAST_ACTIVITY, Some(last_activity(row)));
    to.time(&t::CREATED_AT, Some(row.created_at));
    to.time(&t::UPDATED_AT, Some(row.updated_at));
}

/// Every field of an observation that is its own; those of its trace are not among them.
pub fn lay_out_observation<'a>(row: &'a ObservationRow, to: &mut impl RowSink<'a>) {
    to.text(&o::TRACE_ID, Some(row.key.trace_id.as_str()));
    to.text(&o::ID, Some(row.key.id.as_str()));
    to.text(&o::TYPE, Some(row.kind.as_str()));
    to.text(&o::NAME, row.name.as_deref());
    to.time(&o::START_TIME, Some(row.start_time));
    to.time(&o::END_TIME, row.end_time);
    to.time(&o::COMPLETION_START_TIME, row.completion_start_time);
    to.text(&o::LEVEL, Some(row.level.as_str()));
    to.text(&o::STATUS_MESSAGE, row.status_message.as_deref());
    to.text(
        &o::PARENT_ID,
        row.parent_observation_id.as_ref().map(AsRef::as_ref),
    );
    to.text(&o::VERSION, row.version.as_deref());
    to.text(&o::ENVIRONMENT, Some(&row.environment));
    to.text(&o::SESSION_ID, row.session_id.as_deref());
    to.text(&o::MODEL, row.model.as_deref());
    to.text(&o::MODEL_ID, row.model_id.as_deref());
    to.text(&o::PROMPT_ID, row.prompt_id.as_deref());
    to.text(&o::PROMPT_NAME, row.prompt_name.as_deref());
    to.text(&o::PROMPT_VERSION, row.prompt_version.as_deref());
    to.text(&o::UNIT, row.unit.as_deref());
    to.json(&o::USAGE_DETAILS, usage_json(&row.usage));
    to.json(&o::COST_DETAILS, cost_json(&row.cost));
    to.count(&o::INPUT_TOKENS, row.input_tokens);
    to.count(&o::OUTPUT_TOKENS, row.output_tokens);
    to.count(&o::TOTAL_TOKENS, row.total_tokens);
    to.count(&o::CACHE_READ_TOKENS, row.cache_read_tokens);
    to.count(&o::CACHE_WRITE_TOKENS, row.cache_write_tokens);
    to.count(&o::REASONING_TOKENS, row.reasoning_tokens);
    to.money(&o::INPUT_COST, row.input_cost);
    to.money(&o::OUTPUT_COST, row.output_cost);
    to.money(&o::TOTAL_COST, row.total_cost);
    to.text(&o::COST_SOURCE, row.cost_source.map(Provenance::as_str));
    to.text(&o::PRICE_ID, row.price_id.as_deref());
    to.money(&o::INPUT_PRICE, row.input_price);
    to.money(&o::OUTPUT_PRICE, row.output_price);
    to.money(&o::TOTAL_PRICE, row.total_price);
    to.float(&o::LATENCY, row.latency_s);
    to.text(
        &o::LATENCY_SOURCE,
        row.latency_source.map(Provenance::as_str),
    );
    to.float(&o::TIME_TO_FIRST_TOKEN, row.time_to_first_token_s);
    to.text(&o::TURN_ID, row.steps.turn_id.as_deref());
    to.text(&o::RUN_ID, row.steps.run_id.as_deref());
    to.text(&o::STEP_ID, row.steps.step_id.as_deref());
    to.text(&o::PARENT_STEP_ID, row.steps.parent_step_id.as_deref());
    to.text(&o::STEP_TYPE, row.steps.step_type.as_deref());
    to.int(&o::STEP_INDEX, row.steps.step_index);
    to.int(&o::ATTEMPT, row.steps.attempt);
    to.text(&o::RUN_STATE, row.steps.run_state.as_deref());
    to.time(&o::CREATED_AT, Some(row.created_at));
    to.time(&o::UPDATED_AT, Some(row.updated_at));
}

fn usage_json(usage: &Usage) -> String {
    serde_json::to_string(&usage.0).expect("texts and integers are always JSON")
}

fn cost_json(cost: &Cost) -> String {
    let texts: BTreeMap<&str, String> = cost
        .0
        .iter()
        .map(|(bucket, amount)| (bucket.as_ref(), amount.to_string()))
        .collect();
    serde_json::to_string(&texts).expect("texts are always JSON")
}
