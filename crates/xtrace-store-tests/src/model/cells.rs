//! The value of each declared field of a row.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use xtrace_model::derive::last_activity;
use xtrace_model::{Cost, ObservationRow, Provenance, Timestamp, TraceRow, Usage, Usd};
use xtrace_query::{Field, Value, View};

/// A row of a view: a trace, or an observation beside its trace.
pub struct Row<'c> {
    pub trace: &'c TraceRow,
    pub observation: Option<&'c ObservationRow>,
}

impl Row<'_> {
    pub fn cell(&self, field: &Field) -> Value {
        let cell = match (field.view, self.observation) {
            (View::Traces, _) => of_trace(field.column, self.trace),
            (View::Observations, Some(row)) => of_observation(field.column, row),
            (View::Observations, None) => None,
        };
        cell.unwrap_or_else(|| panic!("the reference does not know the field {}", field.name))
    }
}

/// How two values compare; `None` where one is absent. Whole numbers compare with fractions as numbers, texts by
/// their bytes.
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    Some(match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Money(a), Value::Money(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::TextList(a), Value::TextList(b)) => a.cmp(b),
        (Value::Null, _) | (_, Value::Null) => return None,
        (a, b) => a.as_float()?.total_cmp(&b.as_float()?),
    })
}

fn text(value: Option<&str>) -> Value {
    value.map_or(Value::Null, Value::text)
}

fn int(value: Option<i64>) -> Value {
    value.map_or(Value::Null, Value::Int)
}

fn count(value: u64) -> Value {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

fn float(value: Option<f64>) -> Value {
    value.map_or(Value::Null, Value::Float)
}

fn money(value: Option<Usd>) -> Value {
    value.map_or(Value::Null, Value::Money)
}

fn time(value: Option<Timestamp>) -> Value {
    value.map_or(Value::Null, Value::Time)
}

fn source(value: Option<Provenance>) -> Value {
    text(value.map(Provenance::as_str))
}

fn of_trace(column: &str, row: &TraceRow) -> Option<Value> {
    let summary = &row.summary;
    Some(match column {
        "id" => Value::text(row.id.as_str()),
        "timestamp" => time(Some(row.timestamp)),
        "name" => text(row.name.as_deref()),
        "user_id" => text(row.user_id.as_deref()),
        "session_id" => text(row.session_id.as_deref()),
        "turn_id" => text(row.steps.turn_id.as_deref()),
        "run_id" => text(row.steps.run_id.as_deref()),
        "run_state" => text(row.steps.run_state.as_deref()),
        "release" => text(row.release.as_deref()),
        "version" => text(row.version.as_deref()),
        "environment" => Value::text(&*row.environment),
        "external_id" => text(row.external_id.as_deref()),
        "public" => Value::Bool(row.public),
        "bookmarked" => Value::Bool(row.bookmarked),
        "tags" => Value::TextList(row.tags.iter().cloned().collect()),
        "latency" => float(row.latency_s),
        "latency_source" => source(row.latency_source),
        "total_cost" => money(row.total_cost),
        "cost_source" => source(row.cost_source),
        "observed_cost" => money((summary.costed_count > 0).then_some(summary.total_cost)),
        "input_cost" => money(Some(summary.input_cost)),
        "output_cost" => money(Some(summary.output_cost)),
        "input_tokens" => count(summary.input_tokens),
        "output_tokens" => count(summary.output_tokens),
        "total_tokens" => count(summary.total_tokens),
        "observation_count" => count(summary.observation_count),
        "debug_count" => count(summary.level_counts[0]),
        "default_count" => count(summary.level_counts[1]),
        "warning_count" => count(summary.level_counts[2]),
        "error_count" => count(summary.level_counts[3]),
        "level" => Value::text(row.level.as_str()),
        "models" => Value::TextList(summary.models.keys().cloned().collect()),
        "last_activity" => time(Some(last_activity(row))),
        "created_at" => time(Some(row.created_at)),
        "updated_at" => time(Some(row.updated_at)),
        _ => return None,
    })
}

fn of_observation(column: &str, row: &ObservationRow) -> Option<Value> {
    of_observation_numbers(column, row).or_else(|| of_observation_texts(column, row))
}

fn of_observation_numbers(column: &str, row: &ObservationRow) -> Option<Value> {
    Some(match column {
        "start_time" => time(Some(row.start_time)),
        "end_time" => time(row.end_time),
        "completion_start_time" => time(row.completion_start_time),
        "input_tokens" => count(row.input_tokens),
        "output_tokens" => count(row.output_tokens),
        "total_tokens" => count(row.total_tokens),
        "cache_read_tokens" => count(row.cache_read_tokens),
        "cache_write_tokens" => count(row.cache_write_tokens),
        "reasoning_tokens" => count(row.reasoning_tokens),
        "input_cost" => money(row.input_cost),
        "output_cost" => money(row.output_cost),
        "total_cost" => money(row.total_cost),
        "input_price" => money(row.input_price),
        "output_price" => money(row.output_price),
        "total_price" => money(row.total_price),
        "latency" => float(row.latency_s),
        "time_to_first_token" => float(row.time_to_first_token_s),
        "step_index" => int(row.steps.step_index),
        "attempt" => int(row.steps.attempt),
        "created_at" => time(Some(row.created_at)),
        "updated_at" => time(Some(row.updated_at)),
        _ => return None,
    })
}

fn of_observation_texts(column: &str, row: &ObservationRow) -> Option<Value> {
    Some(match column {
        "trace_id" => Value::text(row.key.trace_id.as_str()),
        "id" => Value::text(row.key.id.as_str()),
        "type" => Value::text(row.kind.as_str()),
        "name" => text(row.name.as_deref()),
        "level" => Value::text(row.level.as_str()),
        "status_message" => text(row.status_message.as_deref()),
        "parent_observation_id" => text(row.parent_observation_id.as_ref().map(AsRef::as_ref)),
        "version" => text(row.version.as_deref()),
        "environment" => Value::text(&*row.environment),
        "session_id" => text(row.session_id.as_deref()),
        "model" => text(row.model.as_deref()),
        "model_id" => text(row.model_id.as_deref()),
        "prompt_id" => text(row.prompt_id.as_deref()),
        "prompt_name" => text(row.prompt_name.as_deref()),
        "prompt_version" => text(row.prompt_version.as_deref()),
        "unit" => text(row.unit.as_deref()),
        "usage_details" => Value::text(usage_json(&row.usage)),
        "cost_details" => Value::text(cost_json(&row.cost)),
        "cost_source" => source(row.cost_source),
        "price_id" => text(row.price_id.as_deref()),
        "latency_source" => source(row.latency_source),
        "turn_id" => text(row.steps.turn_id.as_deref()),
        "run_id" => text(row.steps.run_id.as_deref()),
        "step_id" => text(row.steps.step_id.as_deref()),
        "parent_step_id" => text(row.steps.parent_step_id.as_deref()),
        "step_type" => text(row.steps.step_type.as_deref()),
        "run_state" => text(row.steps.run_state.as_deref()),
        _ => return None,
    })
}

fn usage_json(usage: &Usage) -> String {
    serde_json::to_string(&usage.0).expect("texts and integers are always JSON")
}

fn cost_json(cost: &Cost) -> String {
    let amounts: BTreeMap<&str, String> = cost
        .0
        .iter()
        .map(|(bucket, amount)| (bucket.as_ref(), amount.to_string()))
        .collect();
    serde_json::to_string(&amounts).expect("texts are always JSON")
}
