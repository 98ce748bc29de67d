//! Measures of observations.

use super::{
    CACHE_READ_TOKENS, INPUT_COST, INPUT_TOKENS, LATENCY, OUTPUT_COST, OUTPUT_TOKENS,
    REASONING_TOKENS, START_TIME, TIME_TO_FIRST_TOKEN, TOTAL_COST, TOTAL_TOKENS, TRACE_ID,
};
use crate::view::{Derived, Measure, Measured, Unit, View};

const fn measure(name: &'static str, of: Measured, unit: Unit, doc: &'static str) -> Measure {
    Measure {
        view: View::Observations,
        name,
        of,
        unit,
        doc,
    }
}

pub static COUNT: Measure = measure("count", Measured::Rows, Unit::Count, "Observations.");
pub static UNIQUE_TRACES: Measure = measure(
    "uniqueTraceIds",
    Measured::Field(&TRACE_ID),
    Unit::Count,
    "Traces with such observations.",
);
pub static MEASURE_LATENCY: Measure = measure(
    "latency",
    Measured::Field(&LATENCY),
    Unit::Seconds,
    "Latency of the observations.",
);
pub static MEASURE_TIME_TO_FIRST_TOKEN: Measure = measure(
    "timeToFirstToken",
    Measured::Field(&TIME_TO_FIRST_TOKEN),
    Unit::Seconds,
    "Time to first token.",
);
pub static MEASURE_STREAMING_LATENCY: Measure = measure(
    "streamingLatency",
    Measured::Derived(&Derived::Rest {
        whole: &LATENCY,
        first: &TIME_TO_FIRST_TOKEN,
    }),
    Unit::Seconds,
    "From the first token to the end.",
);
pub static MEASURE_TOKENS_PER_SECOND: Measure = measure(
    "tokensPerSecond",
    Measured::Derived(&Derived::PerSecond {
        amount: &TOTAL_TOKENS,
        whole: &LATENCY,
        first: None,
    }),
    Unit::None,
    "Units in all for each second of latency.",
);
pub static MEASURE_OUTPUT_TOKENS_PER_SECOND: Measure = measure(
    "outputTokensPerSecond",
    Measured::Derived(&Derived::PerSecond {
        amount: &OUTPUT_TOKENS,
        whole: &LATENCY,
        first: Some(&TIME_TO_FIRST_TOKEN),
    }),
    Unit::None,
    "Units written for each second from the first token to the end.",
);
pub static MEASURE_INPUT_TOKENS: Measure = measure(
    "inputTokens",
    Measured::Field(&INPUT_TOKENS),
    Unit::Tokens,
    "Units read.",
);
pub static MEASURE_OUTPUT_TOKENS: Measure = measure(
    "outputTokens",
    Measured::Field(&OUTPUT_TOKENS),
    Unit::Tokens,
    "Units written.",
);
pub static MEASURE_TOTAL_TOKENS: Measure = measure(
    "totalTokens",
    Measured::Field(&TOTAL_TOKENS),
    Unit::Tokens,
    "Units in all.",
);
pub static MEASURE_CACHE_READ_TOKENS: Measure = measure(
    "cacheReadTokens",
    Measured::Field(&CACHE_READ_TOKENS),
    Unit::Tokens,
    "Units read from a prompt cache.",
);
pub static MEASURE_REASONING_TOKENS: Measure = measure(
    "reasoningTokens",
    Measured::Field(&REASONING_TOKENS),
    Unit::Tokens,
    "Units spent on reasoning.",
);
pub static MEASURE_INPUT_COST: Measure = measure(
    "inputCost",
    Measured::Field(&INPUT_COST),
    Unit::Usd,
    "Cost of input.",
);
pub static MEASURE_OUTPUT_COST: Measure = measure(
    "outputCost",
    Measured::Field(&OUTPUT_COST),
    Unit::Usd,
    "Cost of output.",
);
pub static MEASURE_TOTAL_COST: Measure = measure(
    "totalCost",
    Measured::Field(&TOTAL_COST),
    Unit::Usd,
    "Cost; observations without a known cost count as zero.",
);
pub static MEASURE_START_TIME: Measure = measure(
    "startTime",
    Measured::Field(&START_TIME),
    Unit::None,
    "Beginning: first by min, last by max.",
);
