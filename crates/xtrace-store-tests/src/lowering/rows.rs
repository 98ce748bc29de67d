//! Cases of rows: selection, order, pages.

use xtrace_query::{
    Condition, Field, Order, OrderBy, Plan, Select, Value, View, observations, traces,
};

use super::{Case, case};

fn rows(view: View, fields: Vec<&'static Field>, order: &[(&'static Field, bool)]) -> Plan {
    Plan {
        view,
        select: Select::Rows(fields),
        conditions: Vec::new(),
        order: order
            .iter()
            .map(|(field, descending)| Order {
                by: OrderBy::Field(field),
                descending: *descending,
            })
            .collect(),
        limit: 100,
        offset: 0,
    }
}

fn trace_ids(order: &[(&'static Field, bool)]) -> Plan {
    rows(View::Traces, vec![&traces::ID], order)
}

fn of_one_trace() -> Plan {
    let is_of_it = Condition::equal(&observations::TRACE_ID, Value::text("t1"));
    let order = [(&observations::START_TIME, false)];
    Plan {
        conditions: vec![is_of_it],
        limit: 2,
        ..rows(View::Observations, vec![&observations::ID], &order)
    }
}

pub(super) fn cases() -> Vec<Case<Plan>> {
    vec![
        case(
            "every_field_of_traces",
            rows(View::Traces, traces::TRACES.fields.to_vec(), &[]),
        ),
        case(
            "every_field_of_observations",
            rows(
                View::Observations,
                observations::OBSERVATIONS.fields.to_vec(),
                &[],
            ),
        ),
        case(
            "newest_first_then_by_key",
            trace_ids(&[(&traces::TIMESTAMP, true)]),
        ),
        case(
            "texts_ascend_by_bytes_with_absent_ones_last",
            trace_ids(&[(&traces::NAME, false)]),
        ),
        case(
            "numbers_descend_with_absent_ones_last",
            trace_ids(&[(&traces::LATENCY, true)]),
        ),
        case(
            "amounts_ascend_with_absent_ones_last",
            trace_ids(&[(&traces::TOTAL_COST, false)]),
        ),
        case(
            "two_orders_then_the_key",
            trace_ids(&[(&traces::USER_ID, false), (&traces::LATENCY, true)]),
        ),
        case(
            "the_key_itself_descends_once",
            trace_ids(&[(&traces::ID, true)]),
        ),
        case(
            "a_page_leaves_rows_out",
            Plan {
                limit: 2,
                offset: 1,
                ..trace_ids(&[(&traces::TIMESTAMP, true)])
            },
        ),
        case("the_first_observations_of_one_trace", of_one_trace()),
        case(
            "observations_with_fields_of_their_traces",
            rows(
                View::Observations,
                vec![
                    &observations::ID,
                    &observations::NAME,
                    &traces::NAME,
                    &traces::TAGS,
                ],
                &[(&traces::TIMESTAMP, true)],
            ),
        ),
    ]
}
