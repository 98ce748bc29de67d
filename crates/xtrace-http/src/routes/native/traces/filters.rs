//! What traces can be filtered by.

use xtrace_query::{Field, traces as field};

use crate::params::filter::{FilterParam, LEVELS, Test};

/// Where free text is looked for.
static SEARCHED: [&Field; 7] = [
    &field::NAME,
    &field::ID,
    &field::SESSION_ID,
    &field::USER_ID,
    &field::TURN_ID,
    &field::RUN_ID,
    &field::EXTERNAL_ID,
];

pub static FILTERS: [FilterParam; 23] = [
    FilterParam::new("userId", Test::Is(&field::USER_ID), "The user, exact."),
    FilterParam::new("name", Test::Is(&field::NAME), "The name, exact."),
    FilterParam::new("sessionId", Test::Is(&field::SESSION_ID), "The session."),
    FilterParam::new(
        "turnId",
        Test::Is(&field::TURN_ID),
        "The turn of a session.",
    ),
    FilterParam::new("runId", Test::Is(&field::RUN_ID), "The agent run."),
    FilterParam::new(
        "runState",
        Test::Is(&field::RUN_STATE),
        "The state of the run.",
    ),
    FilterParam::new(
        "externalId",
        Test::Is(&field::EXTERNAL_ID),
        "The id in the sender's system.",
    ),
    FilterParam::new("version", Test::Is(&field::VERSION), "The version, exact."),
    FilterParam::new("release", Test::Is(&field::RELEASE), "The release, exact."),
    FilterParam::new(
        "environment",
        Test::AnyOf(&field::ENVIRONMENT),
        "One of these environments; repeatable.",
    ),
    FilterParam::new(
        "tags",
        Test::HasAll(&field::TAGS),
        "Has all of these tags; repeatable, also as `tags[]`.",
    ),
    FilterParam::new(
        "model",
        Test::HasAny(&field::MODELS),
        "An observation used one of these models; repeatable.",
    ),
    FilterParam::new(
        "level",
        Test::AnyWord(&field::LEVEL, &LEVELS),
        "The highest level of its observations is one of these; repeatable or separated by commas.",
    ),
    FilterParam::new(
        "minLevel",
        Test::LevelAtLeast(&field::LEVEL),
        "An observation has this level or a higher one.",
    ),
    FilterParam::new(
        "fromTimestamp",
        Test::AtLeast(&field::TIMESTAMP),
        "Began at this time or later: RFC 3339 with any offset.",
    ),
    FilterParam::new(
        "toTimestamp",
        Test::AtMost(&field::TIMESTAMP),
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
        "bookmarked",
        Test::Is(&field::BOOKMARKED),
        "Bookmarked, or not.",
    ),
    FilterParam::new("public", Test::Is(&field::PUBLIC), "Marked public, or not."),
    FilterParam::new(
        "q",
        Test::Search(&SEARCHED),
        "Text that occurs, in any case, in the name or in the trace's, session's, user's, turn's, run's or \
         external id.",
    ),
];
