//! What observations can be filtered by.

use xtrace_query::{Field, observations as field, traces};

use crate::params::filter::{FilterParam, LEVELS, TYPES, Test};

/// Where free text is looked for.
static SEARCHED: [&Field; 8] = [
    &field::NAME,
    &field::ID,
    &field::TRACE_ID,
    &field::MODEL,
    &field::STATUS_MESSAGE,
    &field::TURN_ID,
    &field::RUN_ID,
    &field::STEP_ID,
];

pub static FILTERS: [FilterParam; 26] = [
    FilterParam::new("traceId", Test::Is(&field::TRACE_ID), "The trace."),
    FilterParam::new("name", Test::Is(&field::NAME), "The name, exact."),
    FilterParam::new(
        "type",
        Test::AnyWord(&field::TYPE, &TYPES),
        "One of these types; repeatable or separated by commas.",
    ),
    FilterParam::new(
        "level",
        Test::AnyWord(&field::LEVEL, &LEVELS),
        "One of these levels; repeatable or separated by commas.",
    ),
    FilterParam::new(
        "minLevel",
        Test::LevelAtLeast(&field::LEVEL),
        "This level or a higher one.",
    ),
    FilterParam::new(
        "parentObservationId",
        Test::Is(&field::PARENT_ID),
        "The observation above.",
    ),
    FilterParam::new(
        "userId",
        Test::Is(&traces::USER_ID),
        "The user of the trace.",
    ),
    FilterParam::new(
        "sessionId",
        Test::OwnOrElse(&field::SESSION_ID, &traces::SESSION_ID),
        "The session: the observation's own, else the trace's.",
    ),
    FilterParam::new(
        "turnId",
        Test::OwnOrElse(&field::TURN_ID, &traces::TURN_ID),
        "The turn: the observation's own, else the trace's.",
    ),
    FilterParam::new(
        "runId",
        Test::OwnOrElse(&field::RUN_ID, &traces::RUN_ID),
        "The run: the observation's own, else the trace's.",
    ),
    FilterParam::new("stepId", Test::Is(&field::STEP_ID), "The step of the run."),
    FilterParam::new(
        "parentStepId",
        Test::Is(&field::PARENT_STEP_ID),
        "The step above.",
    ),
    FilterParam::new(
        "stepType",
        Test::AnyOf(&field::STEP_TYPE),
        "One of these step types; repeatable.",
    ),
    FilterParam::new("attempt", Test::Is(&field::ATTEMPT), "Which try it was."),
    FilterParam::new(
        "model",
        Test::AnyOf(&field::MODEL),
        "One of these models; repeatable.",
    ),
    FilterParam::new(
        "environment",
        Test::AnyOf(&field::ENVIRONMENT),
        "One of these environments; repeatable.",
    ),
    FilterParam::new("version", Test::Is(&field::VERSION), "The version, exact."),
    FilterParam::new(
        "promptName",
        Test::Is(&field::PROMPT_NAME),
        "The prompt's name, exact.",
    ),
    FilterParam::new(
        "tags",
        Test::HasAll(&traces::TAGS),
        "The trace has all of these tags; repeatable.",
    ),
    FilterParam::new(
        "fromStartTime",
        Test::AtLeast(&field::START_TIME),
        "Began at this time or later: RFC 3339 with any offset.",
    ),
    FilterParam::new(
        "toStartTime",
        Test::AtMost(&field::START_TIME),
        "Began at this time or earlier: RFC 3339 with any offset.",
    ),
    FilterParam::new(
        "minLatency",
        Test::AtLeast(&field::LATENCY),
        "Took at least so many seconds.",
    ),
    FilterParam::new(
        "maxLatency",
        Test::AtMost(&field::LATENCY),
        "Took at most so many seconds.",
    ),
    FilterParam::new(
        "minCost",
        Test::AtLeast(&field::TOTAL_COST),
        "Cost at least so many USD.",
    ),
    FilterParam::new(
        "maxCost",
        Test::AtMost(&field::TOTAL_COST),
        "Cost at most so many USD.",
    ),
    FilterParam::new(
        "q",
        Test::Search(&SEARCHED),
        "Text that occurs, in any case, in the name, the model, the status message or the observation's, trace's, \
         turn's, run's or step's id.",
    ),
];
