//! One case per predicate.

use xtrace_model::{Timestamp, Usd};
use xtrace_query::{Comparison, Condition, Field, ListMatch, Plan, Select, TextMatch, Value, View};
use xtrace_query::{observations, traces};

use super::{Case, case};

fn of(view: View, condition: Condition) -> Plan {
    let def = view.def();
    Plan {
        view,
        select: Select::Rows(def.key.to_vec()),
        conditions: vec![condition],
        order: Vec::new(),
        limit: 100,
        offset: 0,
    }
}

fn trace(condition: Condition) -> Plan {
    of(View::Traces, condition)
}

fn observation(condition: Condition) -> Plan {
    of(View::Observations, condition)
}

fn compare(field: &'static Field, comparison: Comparison, value: Value) -> Condition {
    Condition::Compare {
        field,
        comparison,
        value,
    }
}

fn text(matching: TextMatch, text: &str) -> Condition {
    Condition::Text {
        field: &traces::NAME,
        matching,
        text: text.into(),
    }
}

fn tags(matching: ListMatch, values: &[&str]) -> Condition {
    Condition::List {
        field: &traces::TAGS,
        matching,
        values: values.iter().map(|value| (*value).into()).collect(),
    }
}

fn of_ada() -> Condition {
    Condition::equal(&traces::USER_ID, Value::text("ada"))
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

fn micros(seconds: i64) -> Value {
    Value::Time(Timestamp::from_micros(seconds * 1_000_000))
}

fn usd(text: &str) -> Value {
    Value::Money(Usd::parse(text).unwrap())
}

pub(super) fn cases() -> Vec<Case<Plan>> {
    let mut cases = comparisons();
    cases.extend(texts());
    cases.extend(lists());
    cases.extend(combinations());
    cases
}

fn comparisons() -> Vec<Case<Plan>> {
    let mut cases = equalities();
    cases.extend(ranges());
    cases
}

fn equalities() -> Vec<Case<Plan>> {
    vec![
        case("a_text_equals_a_value", trace(of_ada())),
        case(
            "a_text_equals_no_text_of_another_case",
            trace(Condition::equal(&traces::USER_ID, Value::text("ADA"))),
        ),
        case(
            "a_truth_value_holds",
            trace(Condition::equal(&traces::PUBLIC, Value::Bool(true))),
        ),
        case(
            "a_text_is_one_of_several",
            trace(Condition::In {
                field: &traces::USER_ID,
                values: vec![
                    Value::text("ada"),
                    Value::text("grace"),
                    Value::text("nobody"),
                ],
            }),
        ),
        case(
            "one_of_no_values_never_holds",
            trace(Condition::In {
                field: &traces::USER_ID,
                values: Vec::new(),
            }),
        ),
        case(
            "a_text_is_absent",
            trace(Condition::IsAbsent {
                field: &traces::USER_ID,
            }),
        ),
    ]
}

fn ranges() -> Vec<Case<Plan>> {
    vec![
        case(
            "a_text_is_greater_by_its_bytes",
            trace(compare(
                &traces::NAME,
                Comparison::Greater,
                Value::text("Z"),
            )),
        ),
        case(
            "a_number_is_at_least_a_value",
            trace(Condition::at_least(&traces::LATENCY, Value::Float(1.5))),
        ),
        case(
            "a_whole_number_is_less_than_a_fraction",
            observation(compare(
                &observations::INPUT_TOKENS,
                Comparison::Less,
                Value::Float(10.5),
            )),
        ),
        case(
            "an_amount_is_at_most_an_exact_value",
            observation(Condition::at_most(
                &observations::TOTAL_COST,
                usd("0.000000000002"),
            )),
        ),
        case(
            "a_time_is_within_a_closed_interval",
            trace(Condition::All(vec![
                Condition::at_least(&traces::TIMESTAMP, micros(0)),
                Condition::at_most(&traces::TIMESTAMP, micros(1_769_904_000)),
            ])),
        ),
    ]
}

fn texts() -> Vec<Case<Plan>> {
    vec![
        case(
            "a_text_contains_another_in_any_case",
            trace(text(TextMatch::Contains, "CHAT")),
        ),
        case(
            "a_text_contains_letters_beyond_ascii_in_any_case",
            trace(text(TextMatch::Contains, "ÄRGER")),
        ),
        case(
            "wildcards_stand_for_themselves",
            trace(text(TextMatch::Contains, "50%_\\")),
        ),
        case(
            "a_text_starts_with_another_in_any_case",
            trace(text(TextMatch::StartsWith, "chat")),
        ),
        case(
            "a_text_ends_with_another_in_any_case",
            trace(text(TextMatch::EndsWith, "TURN")),
        ),
        case(
            "every_present_text_contains_the_empty_one",
            trace(text(TextMatch::Contains, "")),
        ),
        case(
            "a_character_no_engine_stores_is_sought_as_its_replacement",
            trace(text(TextMatch::Contains, "zero\0")),
        ),
    ]
}

fn lists() -> Vec<Case<Plan>> {
    vec![
        case(
            "a_list_has_all_members",
            trace(tags(ListMatch::All, &["beta", "gateway"])),
        ),
        case(
            "a_list_has_any_member",
            trace(tags(ListMatch::Any, &["beta", "it's"])),
        ),
        case(
            "a_list_has_all_of_no_members",
            trace(tags(ListMatch::All, &[])),
        ),
        case(
            "a_list_has_any_of_no_members",
            trace(tags(ListMatch::Any, &[])),
        ),
        case(
            "a_list_lacks_a_member",
            trace(not(tags(ListMatch::Any, &["gateway"]))),
        ),
        case(
            "a_list_without_members_is_absent",
            trace(Condition::IsAbsent {
                field: &traces::TAGS,
            }),
        ),
    ]
}

fn combinations() -> Vec<Case<Plan>> {
    let slow = || Condition::at_least(&traces::LATENCY, Value::Float(1.0));
    vec![
        case("not_equal_holds_for_an_absent_value", trace(not(of_ada()))),
        case("not_less_holds_for_an_absent_value", trace(not(slow()))),
        case("not_not_is_the_condition", trace(not(not(slow())))),
        case(
            "not_any_needs_none_to_hold",
            trace(not(Condition::Any(vec![of_ada(), slow()]))),
        ),
        case(
            "any_of_two_conditions",
            trace(Condition::Any(vec![of_ada(), slow()])),
        ),
        case(
            "any_of_no_conditions_never_holds",
            trace(Condition::Any(Vec::new())),
        ),
        case(
            "all_of_no_conditions_hold",
            trace(Condition::All(Vec::new())),
        ),
        case(
            "all_within_any_within_not",
            trace(not(Condition::Any(vec![
                Condition::All(vec![of_ada(), slow()]),
                Condition::IsAbsent {
                    field: &traces::NAME,
                },
            ]))),
        ),
        case("observations_of_a_users_traces", observation(of_ada())),
        case(
            "observations_of_other_users_traces",
            observation(not(of_ada())),
        ),
    ]
}
