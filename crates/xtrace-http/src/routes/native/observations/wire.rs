//! Observations as they look on the wire.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::map::scalar::{Instant, Payload};

/// An observation: a span, generation, event, tool call …
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    pub id: Box<str>,
    pub trace_id: Box<str>,
    /// SPAN, GENERATION, EVENT, AGENT, TOOL, CHAIN, RETRIEVER, EVALUATOR, EMBEDDING or GUARDRAIL.
    pub r#type: &'static str,
    pub name: Option<Box<str>>,
    pub start_time: Instant,
    pub end_time: Option<Instant>,
    /// When the first token came.
    pub completion_start_time: Option<Instant>,
    pub model: Option<Box<str>>,
    /// `{}` where none were sent; only with the group `io`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    pub model_parameters: Option<Payload>,
    /// Only with the group `io`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    pub input: Option<Payload>,
    pub version: Option<Box<str>>,
    /// Only with the group `io`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    pub metadata: Option<Payload>,
    /// Only with the group `io`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    pub output: Option<Payload>,
    pub usage: Usage,
    /// DEBUG, DEFAULT, WARNING or ERROR.
    pub level: &'static str,
    pub status_message: Option<Box<str>>,
    pub parent_observation_id: Option<Box<str>>,
    pub prompt_id: Option<Box<str>>,
    pub prompt_name: Option<Box<str>>,
    pub prompt_version: Option<i64>,
    pub model_id: Option<Box<str>>,
    /// USD per unit.
    pub input_price: Option<f64>,
    /// USD per unit.
    pub output_price: Option<f64>,
    /// USD per unit.
    pub total_price: Option<f64>,
    /// USD.
    pub calculated_input_cost: Option<f64>,
    /// USD.
    pub calculated_output_cost: Option<f64>,
    /// USD.
    pub calculated_total_cost: Option<f64>,
    /// Seconds.
    pub latency: Option<f64>,
    /// Seconds.
    pub time_to_first_token: Option<f64>,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub total_tokens: u64,
    /// Units by bucket; `input`, `output` and `total` are always there.
    pub usage_details: BTreeMap<Box<str>, u64>,
    /// USD by bucket; `input`, `output` and `total` are always there.
    pub cost_details: BTreeMap<Box<str>, f64>,
    pub environment: Box<str>,
    #[serde(flatten)]
    pub origin: Origin,
}

/// Usage and cost in brief.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// All input buckets.
    pub input: u64,
    /// All output buckets.
    pub output: u64,
    pub total: u64,
    pub unit: Option<Box<str>>,
    /// USD.
    pub input_cost: Option<f64>,
    /// USD.
    pub output_cost: Option<f64>,
    /// USD.
    pub total_cost: Option<f64>,
}

/// Where an observation belongs and where its figures come from.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    pub project_id: Box<str>,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub unit: Option<Box<str>>,
    /// Session named by the observation itself.
    pub session_id: Option<Box<str>>,
    pub turn_id: Option<Box<str>>,
    pub run_id: Option<Box<str>>,
    pub step_id: Option<Box<str>>,
    pub parent_step_id: Option<Box<str>>,
    pub step_type: Option<Box<str>>,
    pub step_index: Option<i64>,
    pub attempt: Option<i64>,
    pub run_state: Option<Box<str>>,
    /// `provided` by the client or `computed` from its times.
    pub latency_source: Option<Box<str>>,
    /// `provided` by the client or `computed` from a price list.
    pub cost_source: Option<Box<str>>,
    /// Price definition and tier of a computed cost.
    pub price_id: Option<Box<str>>,
}
