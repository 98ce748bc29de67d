//! Days as they look on the wire.

use serde::Serialize;
use utoipa::ToSchema;

/// What happened on a day.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Day {
    /// `YYYY-MM-DD` in the time zone asked for.
    pub date: String,
    pub count_traces: u64,
    /// Of all types.
    pub count_observations: u64,
    /// USD: for each trace the cost of its observations where known, else the cost sent for the trace.
    pub total_cost: f64,
    /// By model, in descending order of cost.
    pub usage: Vec<ModelUsage>,
}

/// What a model was used for on a day.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelUsage {
    /// `unknown` where the observation names none.
    pub model: Box<str>,
    pub input_usage: u64,
    pub output_usage: u64,
    pub total_usage: u64,
    /// Traces that used it.
    pub count_traces: u64,
    pub count_observations: u64,
    /// USD.
    pub total_cost: f64,
}
