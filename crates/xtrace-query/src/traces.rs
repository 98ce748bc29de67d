//! The view of traces: one row per trace, with the summary of its observations.

use crate::value::Kind;
use crate::view::{Derived, Field, Measure, Measured, Unit, View, ViewDef};

const fn field(
    name: &'static str,
    column: &'static str,
    kind: Kind,
    unit: Unit,
    doc: &'static str,
) -> Field {
    Field {
        view: View::Traces,
        name,
        column,
        kind,
        unit,
        doc,
    }
}

const fn measure(name: &'static str, of: Measured, unit: Unit, doc: &'static str) -> Measure {
    Measure {
        view: View::Traces,
        name,
        of,
        unit,
        doc,
    }
}

pub static ID: Field = field(
    "id",
    "id",
    Kind::Text,
    Unit::None,
    "The trace's id, unique in its project.",
);
pub static TIMESTAMP: Field = field(
    "timestamp",
    "timestamp",
    Kind::Time,
    Unit::None,
    "When the trace began.",
);
pub static NAME: Field = field(
    "name",
    "name",
    Kind::Text,
    Unit::None,
    "Name given by the sender.",
);
pub static USER_ID: Field = field(
    "userId",
    "user_id",
    Kind::Text,
    Unit::None,
    "Whose request it was.",
);
pub static SESSION_ID: Field = field(
    "sessionId",
    "session_id",
    Kind::Text,
    Unit::None,
    "The session it belongs to.",
);
pub static TURN_ID: Field = field(
    "turnId",
    "turn_id",
    Kind::Text,
    Unit::None,
    "The turn of the session.",
);
pub static RUN_ID: Field = field("runId", "run_id", Kind::Text, Unit::None, "The agent run.");
pub static RUN_STATE: Field = field(
    "runState",
    "run_state",
    Kind::Text,
    Unit::None,
    "State of the run, as sent.",
);
pub static RELEASE: Field = field(
    "release",
    "release",
    Kind::Text,
    Unit::None,
    "Release of the sending application.",
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
pub static EXTERNAL_ID: Field = field(
    "externalId",
    "external_id",
    Kind::Text,
    Unit::None,
    "Id in the sender's own system.",
);
pub static PUBLIC: Field = field(
    "public",
    "public",
    Kind::Bool,
    Unit::None,
    "Marked public by the sender.",
);
pub static BOOKMARKED: Field = field(
    "bookmarked",
    "bookmarked",
    Kind::Bool,
    Unit::None,
    "Marked by a person.",
);
pub static TAGS: Field = field(
    "tags",
    "tags",
    Kind::TextList,
    Unit::None,
    "Tags, sorted, without repetition.",
);
pub static LATENCY: Field = field(
    "latency",
    "latency",
    Kind::Float,
    Unit::Seconds,
    "As sent, else from the first start to the last end of its observations.",
);
pub static LATENCY_SOURCE: Field = field(
    "latencySource",
    "latency_source",
    Kind::Text,
    Unit::None,
    "`provided` or `computed`.",
);
pub static TOTAL_COST: Field = field(
    "totalCost",
    "total_cost",
    Kind::Money,
    Unit::Usd,
    "As sent, else the sum over its observations.",
);
pub static COST_SOURCE: Field = field(
    "costSource",
    "cost_source",
    Kind::Text,
    Unit::None,
    "`provided` or `computed`.",
);
pub static OBSERVED_COST: Field = field(
    "observedCost",
    "observed_cost",
    Kind::Money,
    Unit::Usd,
    "Sum over the observations with a known cost; absent where there is none.",
);
pub static INPUT_COST: Field = field(
    "inputCost",
    "input_cost",
    Kind::Money,
    Unit::Usd,
    "Sum of input cost over its observations.",
);
pub static OUTPUT_COST: Field = field(
    "outputCost",
    "output_cost",
    Kind::Money,
    Unit::Usd,
    "Sum of output cost over its observations.",
);
pub static INPUT_TOKENS: Field = field(
    "inputTokens",
    "input_tokens",
    Kind::Int,
    Unit::Tokens,
    "Sum over its observations.",
);
pub static OUTPUT_TOKENS: Field = field(
    "outputTokens",
    "output_tokens",
    Kind::Int,
    Unit::Tokens,
    "Sum over its observations.",
);
pub static TOTAL_TOKENS: Field = field(
    "totalTokens",
    "total_tokens",
    Kind::Int,
    Unit::Tokens,
    "Sum over its observations.",
);
pub static OBSERVATION_COUNT: Field = field(
    "observationCount",
    "observation_count",
    Kind::Int,
    Unit::Count,
    "How many observations it has.",
);
pub static DEBUG_COUNT: Field = field(
    "debugCount",
    "debug_count",
    Kind::Int,
    Unit::Count,
    "Observations of level DEBUG.",
);
pub static DEFAULT_COUNT: Field = field(
    "defaultCount",
    "default_count",
    Kind::Int,
    Unit::Count,
    "Observations of level DEFAULT.",
);
pub static WARNING_COUNT: Field = field(
    "warningCount",
    "warning_count",
    Kind::Int,
    Unit::Count,
    "Observations of level WARNING.",
);
pub static ERROR_COUNT: Field = field(
    "errorCount",
    "error_count",
    Kind::Int,
    Unit::Count,
    "Observations of level ERROR.",
);
pub static LEVEL: Field = field(
    "level",
    "level",
    Kind::Text,
    Unit::None,
    "The highest level of its observations.",
);
pub static MODELS: Field = field(
    "models",
    "models",
    Kind::TextList,
    Unit::None,
    "Models its observations used, sorted.",
);
pub static LAST_ACTIVITY: Field = field(
    "lastActivity",
    "last_activity",
    Kind::Time,
    Unit::None,
    "Latest end of an observation, else the timestamp.",
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

pub static COUNT: Measure = measure("count", Measured::Rows, Unit::Count, "Traces.");
pub static OBSERVATIONS_COUNT: Measure = measure(
    "observationsCount",
    Measured::Field(&OBSERVATION_COUNT),
    Unit::Count,
    "Observations of the traces.",
);
pub static UNIQUE_USERS: Measure = measure(
    "uniqueUserIds",
    Measured::Field(&USER_ID),
    Unit::Count,
    "Users.",
);
pub static UNIQUE_SESSIONS: Measure = measure(
    "uniqueSessionIds",
    Measured::Field(&SESSION_ID),
    Unit::Count,
    "Sessions.",
);
pub static MEASURE_LATENCY: Measure = measure(
    "latency",
    Measured::Field(&LATENCY),
    Unit::Seconds,
    "Latency of the traces.",
);
pub static MEASURE_INPUT_TOKENS: Measure = measure(
    "inputTokens",
    Measured::Field(&INPUT_TOKENS),
    Unit::Tokens,
    "Tokens read.",
);
pub static MEASURE_OUTPUT_TOKENS: Measure = measure(
    "outputTokens",
    Measured::Field(&OUTPUT_TOKENS),
    Unit::Tokens,
    "Tokens written.",
);
pub static MEASURE_TOTAL_TOKENS: Measure = measure(
    "totalTokens",
    Measured::Field(&TOTAL_TOKENS),
    Unit::Tokens,
    "Tokens in all.",
);
pub static MEASURE_TOTAL_COST: Measure = measure(
    "totalCost",
    Measured::Field(&TOTAL_COST),
    Unit::Usd,
    "Cost of the traces; those without a known cost count as zero.",
);
pub static MEASURE_OBSERVED_COST: Measure = measure(
    "observedCost",
    Measured::Field(&OBSERVED_COST),
    Unit::Usd,
    "Cost of the traces' observations.",
);
pub static MEASURE_ERRORS: Measure = measure(
    "errorCount",
    Measured::Field(&ERROR_COUNT),
    Unit::Count,
    "Observations of level ERROR.",
);
pub static FAILED: Measure = measure(
    "failedCount",
    Measured::Derived(&Derived::IsAboveZero(&ERROR_COUNT)),
    Unit::Count,
    "Traces with an observation of level ERROR.",
);
pub static MEASURE_TIMESTAMP: Measure = measure(
    "timestamp",
    Measured::Field(&TIMESTAMP),
    Unit::None,
    "Beginning of the traces: first by min, last by max.",
);
pub static MEASURE_LAST_ACTIVITY: Measure = measure(
    "lastActivity",
    Measured::Field(&LAST_ACTIVITY),
    Unit::None,
    "Latest activity of the traces.",
);
pub static MEASURE_CREATED_AT: Measure = measure(
    "createdAt",
    Measured::Field(&CREATED_AT),
    Unit::None,
    "First receipt of the traces.",
);

pub static TRACES: ViewDef = ViewDef {
    view: View::Traces,
    table: "traces",
    time: &TIMESTAMP,
    key: &[&ID],
    fields: &[
        &ID,
        &TIMESTAMP,
        &NAME,
        &USER_ID,
        &SESSION_ID,
        &TURN_ID,
        &RUN_ID,
        &RUN_STATE,
        &RELEASE,
        &VERSION,
        &ENVIRONMENT,
        &EXTERNAL_ID,
        &PUBLIC,
        &BOOKMARKED,
        &TAGS,
        &LATENCY,
        &LATENCY_SOURCE,
        &TOTAL_COST,
        &COST_SOURCE,
        &OBSERVED_COST,
        &INPUT_COST,
        &OUTPUT_COST,
        &INPUT_TOKENS,
        &OUTPUT_TOKENS,
        &TOTAL_TOKENS,
        &OBSERVATION_COUNT,
        &DEBUG_COUNT,
        &DEFAULT_COUNT,
        &WARNING_COUNT,
        &ERROR_COUNT,
        &LEVEL,
        &MODELS,
        &LAST_ACTIVITY,
        &CREATED_AT,
        &UPDATED_AT,
    ],
    measures: &[
        &COUNT,
        &OBSERVATIONS_COUNT,
        &UNIQUE_USERS,
        &UNIQUE_SESSIONS,
        &MEASURE_LATENCY,
        &MEASURE_INPUT_TOKENS,
        &MEASURE_OUTPUT_TOKENS,
        &MEASURE_TOTAL_TOKENS,
        &MEASURE_TOTAL_COST,
        &MEASURE_OBSERVED_COST,
        &MEASURE_ERRORS,
        &FAILED,
        &MEASURE_TIMESTAMP,
        &MEASURE_LAST_ACTIVITY,
        &MEASURE_CREATED_AT,
    ],
    doc: "Traces, each with the summary of its observations.",
};
