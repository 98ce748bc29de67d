//! Traces as they look on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use crate::map::scalar::{Instant, Payload};
use crate::routes::native::observations::wire::Observation;

/// A trace, without its observations.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    pub id: Box<str>,
    pub timestamp: Instant,
    pub name: Option<Box<str>>,
    /// Only with the group `io`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    pub input: Option<Payload>,
    /// Only with the group `io`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    pub output: Option<Payload>,
    pub session_id: Option<Box<str>>,
    pub release: Option<Box<str>>,
    pub version: Option<Box<str>>,
    pub user_id: Option<Box<str>>,
    /// Only with the group `io`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    pub metadata: Option<Payload>,
    pub tags: Vec<Box<str>>,
    pub public: bool,
    pub project_id: Box<str>,
    pub external_id: Option<Box<str>>,
    pub bookmarked: bool,
    pub environment: Box<str>,
    /// Where the user interface shows it.
    pub html_path: String,
    /// Seconds; null where unknown, -1 without the group `metrics`.
    pub latency: Option<f64>,
    /// USD; null where unknown, -1 without the group `metrics`.
    pub total_cost: Option<f64>,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub turn_id: Option<Box<str>>,
    pub run_id: Option<Box<str>>,
    pub run_state: Option<Box<str>>,
    /// The highest level of its observations.
    pub level: Box<str>,
    /// Models its observations used.
    pub models: Vec<Box<str>>,
    #[serde(flatten)]
    pub metrics: TraceMetrics,
}

/// What a trace's observations add up to.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TraceMetrics {
    /// `provided` by the client or `computed` from the observations.
    pub latency_source: Option<Box<str>>,
    /// `provided` by the client or `computed` from the observations.
    pub cost_source: Option<Box<str>>,
    /// USD over the observations with a known cost.
    pub input_cost: Option<f64>,
    /// USD over the observations with a known cost.
    pub output_cost: Option<f64>,
    /// USD over the observations with a known cost, whatever the client sent for the trace.
    pub observed_cost: Option<f64>,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub total_tokens: u64,
    pub observation_count: u64,
    pub debug_count: u64,
    pub default_count: u64,
    pub warning_count: u64,
    pub error_count: u64,
    /// The latest end of an observation.
    pub last_activity: Instant,
}

/// A trace in a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TraceItem {
    #[serde(flatten)]
    pub trace: Trace,
    /// Ids of its observations; empty without the group `observations`.
    pub observations: Vec<Box<str>>,
    /// True when the page has too many observations to name this trace's: they are left out, and
    /// `/api/public/observations?traceId=` lists them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub observations_truncated: bool,
    /// Empty as yet.
    pub scores: Vec<serde_json::Value>,
}

/// A trace with its observations.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TraceDetail {
    #[serde(flatten)]
    pub trace: Trace,
    /// In order of start time.
    pub observations: Vec<Observation>,
    /// True when there are more observations than one answer holds: the first are here, and
    /// `/api/public/observations?traceId=` lists all.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub observations_truncated: bool,
    /// Empty as yet.
    pub scores: Vec<serde_json::Value>,
}
