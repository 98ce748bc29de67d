//! What sessions can be filtered by: the traces that count.

use xtrace_query::{Field, traces as field};

use crate::params::filter::{FilterParam, Test};

/// Where free text is looked for.
static SEARCHED: [&Field; 3] = [&field::SESSION_ID, &field::USER_ID, &field::NAME];

pub static FILTERS: [FilterParam; 6] = [
    FilterParam::new(
        "fromTimestamp",
        Test::AtLeast(&field::TIMESTAMP),
        "Count traces that began at this time or later: RFC 3339 with any offset.",
    ),
    FilterParam::new(
        "toTimestamp",
        Test::AtMost(&field::TIMESTAMP),
        "Count traces that began at this time or earlier: RFC 3339 with any offset.",
    ),
    FilterParam::new(
        "userId",
        Test::Is(&field::USER_ID),
        "Count traces of this user.",
    ),
    FilterParam::new(
        "environment",
        Test::AnyOf(&field::ENVIRONMENT),
        "Count traces of these environments; repeatable.",
    ),
    FilterParam::new(
        "tags",
        Test::HasAll(&field::TAGS),
        "Count traces with all of these tags; repeatable.",
    ),
    FilterParam::new(
        "q",
        Test::Search(&SEARCHED),
        "Count traces where this text occurs, in any case, in the session's id, the user's id or the name.",
    ),
];
