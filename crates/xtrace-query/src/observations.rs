//! The view of observations: one row per observation, without payloads. Fields of [`crate::traces`] may
//! be used beside its own: they are those of the trace the observation belongs to.

use crate::value::Kind;
use crate::view::{Field, Unit, View, ViewDef};

mod calls;
mod measures;

const fn field(
    name: &'static str,
    column: &'static str,
    kind: Kind,
    unit: Unit,
    doc: &'static str,
) -> Field {
    Field {
        view: View::Observations,
        name,
        column,
        kind,
        unit,
        doc,
    }
}

pub static TRACE_ID: Field = field(
    "traceId",
    "trace_id",
    Kind::Text,
    Unit::None,
    "The trace it belongs to.",
);
pub static ID: Field = field(
    "id",
    "id",
    Kind::Text,
    Unit::None,
    "The observation's id, unique in its trace.",
);
pub static TYPE: Field = field(
    "type",
    "type",
    Kind::Text,
    Unit::None,
    "SPAN, GENERATION, EVENT, AGENT, TOOL, CHAIN, RETRIEVER, EVALUATOR, EMBEDDING or GUARDRAIL.",
);
pub static NAME: Field = field(
    "name",
    "name",
    Kind::Text,
    Unit::None,
    "Name given by the sender.",
);
pub static START_TIME: Field = field(
    "startTime",
    "start_time",
    Kind::Time,
    Unit::None,
    "When it began.",
);
pub static END_TIME: Field = field(
    "endTime",
    "end_time",
    Kind::Time,
    Unit::None,
    "When it ended.",
);
pub static COMPLETION_START_TIME: Field = field(
    "completionStartTime",
    "completion_start_time",
    Kind::Time,
    Unit::None,
    "When the first token came.",
);
pub static LEVEL: Field = field(
    "level",
    "level",
    Kind::Text,
    Unit::None,
    "DEBUG, DEFAULT, WARNING or ERROR.",
);
pub static STATUS_MESSAGE: Field = field(
    "statusMessage",
    "status_message",
    Kind::Text,
    Unit::None,
    "What went wrong, or well.",
);
pub static PARENT_ID: Field = field(
    "parentObservationId",
    "parent_observation_id",
    Kind::Text,
    Unit::None,
    "The observation above it.",
);
pub static VERSION: Field = field(
    "version",
    "version",
    Kind::Text,
    Unit::None,
    "Version given by the sender.",
);
pub static ENVIRONMENT: Field = field(
    "environment",
    "environment",
    Kind::Text,
    Unit::None,
    "Environment; `default` where none was sent.",
);
pub static SESSION_ID: Field = field(
    "sessionId",
    "session_id",
    Kind::Text,
    Unit::None,
    "Session named by the observation itself.",
);
pub static MODEL: Field = field(
    "model",
    "model",
    Kind::Text,
    Unit::None,
    "Model name as sent.",
);
pub static MODEL_ID: Field = field(
    "modelId",
    "model_id",
    Kind::Text,
    Unit::None,
    "As sent, else the price definition that matched.",
);
pub static PROMPT_ID: Field = field(
    "promptId",
    "prompt_id",
    Kind::Text,
    Unit::None,
    "Id of the prompt.",
);
pub static PROMPT_NAME: Field = field(
    "promptName",
    "prompt_name",
    Kind::Text,
    Unit::None,
    "Name of the prompt.",
);
pub static PROMPT_VERSION: Field = field(
    "promptVersion",
    "prompt_version",
    Kind::Text,
    Unit::None,
    "Version of the prompt.",
);
pub static UNIT: Field = field(
    "unit",
    "unit",
    Kind::Text,
    Unit::None,
    "Unit of usage; TOKENS where none was sent.",
);
pub static USAGE_DETAILS: Field = field(
    "usageDetails",
    "usage_details",
    Kind::Json,
    Unit::Tokens,
    "Units by bucket.",
);
pub static COST_DETAILS: Field = field(
    "costDetails",
    "cost_details",
    Kind::Json,
    Unit::Usd,
    "Cost by bucket, as decimal strings.",
);
pub static INPUT_TOKENS: Field = field(
    "inputTokens",
    "input_tokens",
    Kind::Int,
    Unit::Tokens,
    "Units read, all input buckets.",
);
pub static OUTPUT_TOKENS: Field = field(
    "outputTokens",
    "output_tokens",
    Kind::Int,
    Unit::Tokens,
    "Units written, all output buckets.",
);
pub static TOTAL_TOKENS: Field = field(
    "totalTokens",
    "total_tokens",
    Kind::Int,
    Unit::Tokens,
    "Total as sent, else the sum.",
);
pub static CACHE_READ_TOKENS: Field = field(
    "cacheReadTokens",
    "cache_read_tokens",
    Kind::Int,
    Unit::Tokens,
    "Read from a prompt cache.",
);
pub static CACHE_WRITE_TOKENS: Field = field(
    "cacheWriteTokens",
    "cache_write_tokens",
    Kind::Int,
    Unit::Tokens,
    "Written to a prompt cache.",
);
pub static REASONING_TOKENS: Field = field(
    "reasoningTokens",
    "reasoning_tokens",
    Kind::Int,
    Unit::Tokens,
    "Spent on reasoning.",
);
pub static INPUT_COST: Field = field(
    "inputCost",
    "input_cost",
    Kind::Money,
    Unit::Usd,
    "Cost of the input buckets.",
);
pub static OUTPUT_COST: Field = field(
    "outputCost",
    "output_cost",
    Kind::Money,
    Unit::Usd,
    "Cost of the output buckets.",
);
pub static TOTAL_COST: Field = field(
    "totalCost",
    "total_cost",
    Kind::Money,
    Unit::Usd,
    "Cost in all.",
);
pub static COST_SOURCE: Field = field(
    "costSource",
    "cost_source",
    Kind::Text,
    Unit::None,
    "`provided` or `computed`.",
);
pub static PRICE_ID: Field = field(
    "priceId",
    "price_id",
    Kind::Text,
    Unit::None,
    "Price definition and tier a computed cost comes from.",
);
pub static INPUT_PRICE: Field = field(
    "inputPrice",
    "input_price",
    Kind::Money,
    Unit::UsdPerToken,
    "Price of one input unit.",
);
pub static OUTPUT_PRICE: Field = field(
    "outputPrice",
    "output_price",
    Kind::Money,
    Unit::UsdPerToken,
    "Price of one output unit.",
);
pub static TOTAL_PRICE: Field = field(
    "totalPrice",
    "total_price",
    Kind::Money,
    Unit::UsdPerToken,
    "Price of one unit of either kind.",
);
pub static LATENCY: Field = field(
    "latency",
    "latency",
    Kind::Float,
    Unit::Seconds,
    "As sent, else end minus start.",
);
pub static LATENCY_SOURCE: Field = field(
    "latencySource",
    "latency_source",
    Kind::Text,
    Unit::None,
    "`provided` or `computed`.",
);
pub static TIME_TO_FIRST_TOKEN: Field = field(
    "timeToFirstToken",
    "time_to_first_token",
    Kind::Float,
    Unit::Seconds,
    "As sent, else first token minus start.",
);
pub static TURN_ID: Field = field(
    "turnId",
    "turn_id",
    Kind::Text,
    Unit::None,
    "The turn of the session.",
);
pub static RUN_ID: Field = field("runId", "run_id", Kind::Text, Unit::None, "The agent run.");
pub static STEP_ID: Field = field(
    "stepId",
    "step_id",
    Kind::Text,
    Unit::None,
    "The step of the run.",
);
pub static PARENT_STEP_ID: Field = field(
    "parentStepId",
    "parent_step_id",
    Kind::Text,
    Unit::None,
    "The step above it.",
);
pub static STEP_TYPE: Field = field(
    "stepType",
    "step_type",
    Kind::Text,
    Unit::None,
    "llm_call, tool_call, retrieval, planner, memory_write, handoff or the sender's own.",
);
pub static STEP_INDEX: Field = field(
    "stepIndex",
    "step_index",
    Kind::Int,
    Unit::None,
    "Position in the run, as sent.",
);
pub static ATTEMPT: Field = field(
    "attempt",
    "attempt",
    Kind::Int,
    Unit::None,
    "Which try it was, as sent.",
);
pub static RUN_STATE: Field = field(
    "runState",
    "run_state",
    Kind::Text,
    Unit::None,
    "State of the run, as sent.",
);
pub static CREATED_AT: Field = field(
    "createdAt",
    "created_at",
    Kind::Time,
    Unit::None,
    "First received.",
);
pub static UPDATED_AT: Field = field(
    "updatedAt",
    "updated_at",
    Kind::Time,
    Unit::None,
    "Last changed by something received.",
);

pub use calls::is_model_call;
pub use measures::{
    COUNT, MEASURE_CACHE_READ_TOKENS, MEASURE_INPUT_COST, MEASURE_INPUT_TOKENS, MEASURE_LATENCY,
    MEASURE_OUTPUT_COST, MEASURE_OUTPUT_TOKENS, MEASURE_OUTPUT_TOKENS_PER_SECOND,
    MEASURE_REASONING_TOKENS, MEASURE_START_TIME, MEASURE_STREAMING_LATENCY,
    MEASURE_TIME_TO_FIRST_TOKEN, MEASURE_TOKENS_PER_SECOND, MEASURE_TOTAL_COST,
    MEASURE_TOTAL_TOKENS, UNIQUE_TRACES,
};

pub static OBSERVATIONS: ViewDef = ViewDef {
    view: View::Observations,
    table: "observations",
    time: &START_TIME,
    key: &[&TRACE_ID, &ID],
    fields: &[
        &TRACE_ID,
        &ID,
        &TYPE,
        &NAME,
        &START_TIME,
        &END_TIME,
        &COMPLETION_START_TIME,
        &LEVEL,
        &STATUS_MESSAGE,
        &PARENT_ID,
        &VERSION,
        &ENVIRONMENT,
        &SESSION_ID,
        &MODEL,
        &MODEL_ID,
        &PROMPT_ID,
        &PROMPT_NAME,
        &PROMPT_VERSION,
        &UNIT,
        &USAGE_DETAILS,
        &COST_DETAILS,
        &INPUT_TOKENS,
        &OUTPUT_TOKENS,
        &TOTAL_TOKENS,
        &CACHE_READ_TOKENS,
        &CACHE_WRITE_TOKENS,
        &REASONING_TOKENS,
        &INPUT_COST,
        &OUTPUT_COST,
        &TOTAL_COST,
        &COST_SOURCE,
        &PRICE_ID,
        &INPUT_PRICE,
        &OUTPUT_PRICE,
        &TOTAL_PRICE,
        &LATENCY,
        &LATENCY_SOURCE,
        &TIME_TO_FIRST_TOKEN,
        &TURN_ID,
        &RUN_ID,
        &STEP_ID,
        &PARENT_STEP_ID,
        &STEP_TYPE,
        &STEP_INDEX,
        &ATTEMPT,
        &RUN_STATE,
        &CREATED_AT,
        &UPDATED_AT,
    ],
    measures: &[
        &COUNT,
        &UNIQUE_TRACES,
        &MEASURE_LATENCY,
        &MEASURE_TIME_TO_FIRST_TOKEN,
        &MEASURE_STREAMING_LATENCY,
        &MEASURE_TOKENS_PER_SECOND,
        &MEASURE_OUTPUT_TOKENS_PER_SECOND,
        &MEASURE_INPUT_TOKENS,
        &MEASURE_OUTPUT_TOKENS,
        &MEASURE_TOTAL_TOKENS,
        &MEASURE_CACHE_READ_TOKENS,
        &MEASURE_REASONING_TOKENS,
        &MEASURE_INPUT_COST,
        &MEASURE_OUTPUT_COST,
        &MEASURE_TOTAL_COST,
        &MEASURE_START_TIME,
    ],
    doc: "Observations, without payloads.",
};
