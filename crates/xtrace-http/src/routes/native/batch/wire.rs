//! What senders may write, for the document alone: reading is `xtrace_ingest::native`'s, item by item, and a test
//! holds the two together. Every field but the ids may be null or left out, which is the same.

#![expect(
    dead_code,
    clippy::large_enum_variant,
    reason = "these describe bodies to readers of the document and are never made"
)]

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// One body, or several.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum BatchBodies {
    One(BatchBody),
    Several(Vec<BatchBody>),
}

/// A trace, and observations of any traces.
#[derive(Serialize, ToSchema)]
pub struct BatchBody {
    trace: Option<TraceItem>,
    observations: Option<Vec<ObservationItem>>,
}

/// What is known of a trace, or of a part of it. Keys may be written in snake case as well.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TraceItem {
    /// Any text of at most 256 bytes.
    #[schema(example = "t1", max_length = 256)]
    id: String,
    /// RFC 3339 with any offset; when it began. The earliest sent stays.
    #[schema(format = DateTime)]
    timestamp: Option<String>,
    name: Option<String>,
    user_id: Option<String>,
    session_id: Option<String>,
    /// One exchange within a session.
    turn_id: Option<String>,
    /// One execution of an agent.
    run_id: Option<String>,
    run_state: Option<String>,
    step_id: Option<String>,
    parent_step_id: Option<String>,
    step_type: Option<String>,
    step_index: Option<i64>,
    attempt: Option<i64>,
    /// The same as `attempt`, which comes first.
    attempt_index: Option<i64>,
    release: Option<String>,
    version: Option<String>,
    environment: Option<String>,
    /// The sender's own id of what is traced.
    external_id: Option<String>,
    /// Ignored: the credentials choose the project.
    project_id: Option<String>,
    /// Any JSON; kept exactly as it is sent.
    input: Option<Value>,
    /// Any JSON; kept exactly as it is sent.
    output: Option<Value>,
    /// Merged deeply with what is there. Entries `turn_id`, `run_id`, `step_id` and their like place the trace as
    /// the fields of the same name do.
    metadata: Option<Value>,
    /// United with those that are there.
    tags: Option<Vec<String>>,
    public: Option<bool>,
    bookmarked: Option<bool>,
    /// Seconds; derived from times where none is sent.
    latency: Option<f64>,
    /// USD; derived from the observations where none is sent.
    total_cost: Option<f64>,
}

/// What is known of an observation, or of a part of it. Keys may be written in snake case as well.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservationItem {
    /// Any text of at most 256 bytes; unique within its trace.
    #[schema(example = "o1", max_length = 256)]
    id: String,
    /// Its trace, which may be sent later or never.
    #[schema(example = "t1", max_length = 256)]
    trace_id: String,
    parent_observation_id: Option<String>,
    /// SPAN, GENERATION, EVENT, AGENT, TOOL, CHAIN, RETRIEVER, EVALUATOR, EMBEDDING or GUARDRAIL; GENERATION where
    /// none is sent. Others become SPAN, and the name stays in the metadata.
    #[schema(example = "GENERATION")]
    r#type: Option<String>,
    name: Option<String>,
    #[schema(format = DateTime)]
    start_time: Option<String>,
    #[schema(format = DateTime)]
    end_time: Option<String>,
    /// When the first token came.
    #[schema(format = DateTime)]
    completion_start_time: Option<String>,
    #[schema(example = "gpt-4o")]
    model: Option<String>,
    model_id: Option<String>,
    model_parameters: Option<Value>,
    /// Any JSON; kept exactly as it is sent.
    input: Option<Value>,
    /// Any JSON; kept exactly as it is sent.
    output: Option<Value>,
    metadata: Option<Value>,
    /// Tokens in any provider's spelling, with costs and a unit if known.
    usage: Option<Value>,
    /// Tokens by bucket: input, output, total, cache_read, reasoning and their like. Comes before `usage`.
    usage_details: Option<Value>,
    /// USD by bucket. Where no cost is sent, it is computed from the price list.
    cost_details: Option<Value>,
    /// Where neither of the above is sent.
    prompt_tokens: Option<i64>,
    completion_tokens: Option<i64>,
    total_tokens: Option<i64>,
    /// TOKENS where none is sent.
    unit: Option<String>,
    calculated_input_cost: Option<f64>,
    calculated_output_cost: Option<f64>,
    calculated_total_cost: Option<f64>,
    input_price: Option<f64>,
    output_price: Option<f64>,
    total_price: Option<f64>,
    /// DEBUG, DEFAULT, WARNING or ERROR. Others become DEFAULT, and the name stays in the metadata.
    level: Option<String>,
    status_message: Option<String>,
    prompt_id: Option<String>,
    prompt_name: Option<String>,
    /// A text or a number.
    prompt_version: Option<String>,
    version: Option<String>,
    environment: Option<String>,
    /// Seconds; derived from times where none is sent.
    latency: Option<f64>,
    /// Seconds; derived from times where none is sent.
    time_to_first_token: Option<f64>,
    session_id: Option<String>,
    turn_id: Option<String>,
    run_id: Option<String>,
    run_state: Option<String>,
    step_id: Option<String>,
    parent_step_id: Option<String>,
    step_type: Option<String>,
    step_index: Option<i64>,
    attempt: Option<i64>,
    attempt_index: Option<i64>,
    /// Ignored: the credentials choose the project.
    project_id: Option<String>,
}
