//! What days can be filtered by: the traces that count.

use xtrace_query::traces as field;

use crate::params::filter::{FilterParam, Test};

pub static FILTERS: [FilterParam; 6] = [
    FilterParam::new(
        "traceName",
        Test::Is(&field::NAME),
        "Count traces of this name, exact.",
    ),
    FilterParam::new(
        "userId",
        Test::Is(&field::USER_ID),
        "Count traces of this user.",
    ),
    FilterParam::new(
        "version",
        Test::Is(&field::VERSION),
        "Count traces of this version.",
    ),
    FilterParam::new(
        "release",
        Test::Is(&field::RELEASE),
        "Count traces of this release.",
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
];
