//! Plans that are answered from rollups.

use xtrace_model::Timestamp;
use xtrace_query::{Condition, Value, traces, zone};

use super::{Case, case};
use crate::random::rollups::{calls_by_day, days, totals};

pub(super) fn cases() -> Vec<Case<xtrace_query::Plan>> {
    let [traces_in_all, observations_in_all] = totals();
    let time = |text: &str| Value::Time(Timestamp::parse(text).unwrap());
    let range = [
        Condition::at_least(&traces::TIMESTAMP, time("2026-01-01T00:07:00Z")),
        Condition::at_most(&traces::TIMESTAMP, time("2026-03-01T12:00:00Z")),
    ];
    let whole = [Condition::at_least(
        &traces::TIMESTAMP,
        time("2026-01-01T00:00:00Z"),
    )];
    let utc = zone::utc_days();
    let [of_traces, sent, counted] = days(&utc, &whole);
    vec![
        case("all_traces_from_rollups", traces_in_all),
        case("all_observations_from_rollups", observations_in_all),
        case("days_of_traces_from_rollups", of_traces),
        case("sent_cost_by_day_from_rollups", sent),
        case("days_are_counted_from_rollups", counted),
        case(
            "calls_by_day_and_model_from_rollups_and_from_rows_at_both_ends",
            calls_by_day(&utc, &range),
        ),
    ]
}
