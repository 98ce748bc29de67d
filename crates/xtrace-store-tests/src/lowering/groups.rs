//! Cases of groups: every aggregation over every kind, every dimension, and the order of groups.

use xtrace_model::Timestamp;
use xtrace_query::{
    Aggregation, Bucket, Condition, Dimension, Field, Measure, MeasureOf, Order, OrderBy, Plan,
    Select, Value, View, observations, traces, zone,
};

use super::{Case, case};

fn measure(measure: &'static Measure, aggregation: Aggregation) -> MeasureOf {
    MeasureOf {
        measure,
        aggregation,
    }
}

fn count(view: View) -> MeasureOf {
    let of = match view {
        View::Traces => &traces::COUNT,
        View::Observations => &observations::COUNT,
    };
    measure(of, Aggregation::Count)
}

fn groups(view: View, dimensions: Vec<Dimension>, measures: Vec<MeasureOf>) -> Plan {
    Plan {
        view,
        select: Select::Groups {
            dimensions,
            measures,
        },
        conditions: Vec::new(),
        order: Vec::new(),
        limit: 100,
        offset: 0,
    }
}

fn ordered(plan: Plan, by: OrderBy, descending: bool) -> Plan {
    Plan {
        order: vec![Order { by, descending }],
        ..plan
    }
}

fn by(field: &'static Field) -> Vec<Dimension> {
    vec![Dimension::Field(field)]
}

fn bucketed(field: &'static Field, bucket: Bucket) -> Vec<Dimension> {
    vec![Dimension::Bucket { field, bucket }]
}

fn every_aggregation(of: &'static Measure) -> Vec<MeasureOf> {
    [
        Aggregation::Count,
        Aggregation::CountDistinct,
        Aggregation::Sum,
        Aggregation::Avg,
        Aggregation::Min,
        Aggregation::Max,
        Aggregation::Percentile(0),
        Aggregation::Percentile(50),
        Aggregation::Percentile(95),
        Aggregation::Percentile(100),
    ]
    .map(|aggregation| measure(of, aggregation))
    .to_vec()
}

pub(super) fn cases() -> Vec<Case<Plan>> {
    let mut cases = measures();
    cases.extend(made());
    cases.extend(dimensions());
    cases.extend(buckets());
    cases.extend(orders());
    cases
}

fn nothing(plan: Plan) -> Plan {
    Plan {
        conditions: vec![Condition::Any(Vec::new())],
        ..plan
    }
}

fn measures() -> Vec<Case<Plan>> {
    let (traced, observed) = (View::Traces, View::Observations);
    let of_traces = |measures| groups(traced, Vec::new(), measures);
    let of_observations = |measures| groups(observed, Vec::new(), measures);
    let times = [
        Aggregation::Count,
        Aggregation::CountDistinct,
        Aggregation::Min,
        Aggregation::Max,
    ]
    .map(|aggregation| measure(&traces::MEASURE_TIMESTAMP, aggregation));
    vec![
        case("rows_are_counted", of_traces(vec![count(traced)])),
        case(
            "numbers_by_every_aggregation",
            of_traces(every_aggregation(&traces::MEASURE_LATENCY)),
        ),
        case(
            "whole_numbers_by_every_aggregation",
            of_observations(every_aggregation(&observations::MEASURE_INPUT_TOKENS)),
        ),
        case(
            "amounts_by_every_aggregation",
            of_observations(every_aggregation(&observations::MEASURE_TOTAL_COST)),
        ),
        case("times_by_every_aggregation", of_traces(times.to_vec())),
        case(
            "distinct_texts_are_counted",
            of_traces(vec![
                measure(&traces::UNIQUE_USERS, Aggregation::CountDistinct),
                measure(&traces::UNIQUE_USERS, Aggregation::Count),
            ]),
        ),
        case(
            "sums_of_nothing_are_zero_and_other_measures_absent",
            nothing(of_observations(every_aggregation(
                &observations::MEASURE_TOTAL_COST,
            ))),
        ),
        case(
            "sums_of_whole_numbers_stop_at_the_end",
            groups(
                observed,
                by(&observations::TYPE),
                vec![measure(
                    &observations::MEASURE_TOTAL_TOKENS,
                    Aggregation::Sum,
                )],
            ),
        ),
        case(
            "measures_of_traces_that_count_once_among_observations",
            of_observations(vec![
                measure(&traces::UNIQUE_USERS, Aggregation::CountDistinct),
                measure(&traces::MEASURE_LATENCY, Aggregation::Max),
                measure(&traces::MEASURE_TOTAL_COST, Aggregation::Min),
            ]),
        ),
    ]
}

/// Parts of a range, and what is made of fields.
fn made() -> Vec<Case<Plan>> {
    let (traced, observed) = (View::Traces, View::Observations);
    let of_traces = |measures| groups(traced, Vec::new(), measures);
    let of_observations = |measures| groups(observed, Vec::new(), measures);
    vec![
        case(
            "numbers_in_four_parts_of_their_range",
            of_traces(vec![
                measure(&traces::MEASURE_LATENCY, Aggregation::Histogram(4)),
                measure(&traces::MEASURE_LATENCY, Aggregation::Histogram(1)),
            ]),
        ),
        case(
            "amounts_in_parts_of_the_range_of_their_group",
            groups(
                observed,
                by(&observations::TYPE),
                vec![measure(
                    &observations::MEASURE_TOTAL_COST,
                    Aggregation::Histogram(3),
                )],
            ),
        ),
        case(
            "values_made_of_several_fields",
            of_observations(vec![
                measure(&observations::MEASURE_STREAMING_LATENCY, Aggregation::Max),
                measure(&observations::MEASURE_TOKENS_PER_SECOND, Aggregation::Avg),
                measure(
                    &observations::MEASURE_OUTPUT_TOKENS_PER_SECOND,
                    Aggregation::Sum,
                ),
            ]),
        ),
        case(
            "rows_with_a_number_above_zero",
            of_traces(vec![measure(&traces::FAILED, Aggregation::Count)]),
        ),
        case(
            "groups_by_whether_a_field_is_absent",
            groups(
                observed,
                vec![
                    Dimension::IsAbsent(&observations::PARENT_ID),
                    Dimension::IsAbsent(&traces::TAGS),
                ],
                vec![count(observed)],
            ),
        ),
    ]
}

fn dimensions() -> Vec<Case<Plan>> {
    let (traced, observed) = (View::Traces, View::Observations);
    vec![
        case(
            "cost_by_model_counts_unknown_costs_as_zero",
            groups(
                observed,
                by(&observations::MODEL),
                vec![
                    count(observed),
                    measure(&observations::MEASURE_TOTAL_COST, Aggregation::Sum),
                    measure(&observations::UNIQUE_TRACES, Aggregation::CountDistinct),
                ],
            ),
        ),
        case(
            "groups_by_a_list_as_a_whole",
            groups(traced, by(&traces::TAGS), vec![count(traced)]),
        ),
        case(
            "groups_by_a_truth_value",
            groups(traced, by(&traces::PUBLIC), vec![count(traced)]),
        ),
        case(
            "distinct_values_without_measures",
            groups(traced, by(&traces::USER_ID), Vec::new()),
        ),
        case(
            "observations_by_a_field_of_their_traces_and_their_own",
            groups(
                observed,
                vec![
                    Dimension::Field(&traces::USER_ID),
                    Dimension::Field(&observations::LEVEL),
                ],
                vec![count(observed)],
            ),
        ),
        case(
            "groups_are_counted",
            Plan {
                select: Select::CountGroups {
                    dimensions: by(&traces::USER_ID),
                },
                ..groups(traced, Vec::new(), Vec::new())
            },
        ),
        case(
            "groups_without_dimensions_are_one",
            nothing(Plan {
                select: Select::CountGroups {
                    dimensions: Vec::new(),
                },
                ..groups(traced, Vec::new(), Vec::new())
            }),
        ),
        case(
            "groups_of_nothing_are_none",
            nothing(groups(traced, by(&traces::USER_ID), vec![count(traced)])),
        ),
    ]
}

fn buckets() -> Vec<Case<Plan>> {
    let time = |text: &str| Timestamp::parse(text).unwrap();
    let days = |zone: &str| {
        let (from, to) = (time("2026-01-01T00:00:00Z"), time("2026-12-31T00:00:00Z"));
        bucketed(&traces::TIMESTAMP, zone::days(zone, from, to).unwrap())
    };
    let counted = |dimensions| groups(View::Traces, dimensions, vec![count(View::Traces)]);
    let fixed = |micros| bucketed(&traces::TIMESTAMP, Bucket::Fixed { micros });
    let by_day_and_user = {
        let mut dimensions = days("Asia/Shanghai");
        dimensions.push(Dimension::Field(&traces::USER_ID));
        dimensions
    };
    vec![
        case(
            "hours_round_down_before_the_epoch_as_well",
            counted(fixed(3_600_000_000)),
        ),
        case(
            "buckets_of_seven_seconds_are_aligned_to_the_epoch",
            counted(fixed(7_000_000)),
        ),
        case(
            "buckets_of_a_day_and_a_half",
            counted(fixed(129_600_000_000)),
        ),
        case(
            "weeks_begin_on_monday",
            counted(bucketed(&traces::TIMESTAMP, Bucket::Week)),
        ),
        case(
            "months_of_utc",
            counted(bucketed(&traces::TIMESTAMP, Bucket::Month)),
        ),
        case(
            "days_of_utc",
            counted(bucketed(&traces::TIMESTAMP, zone::utc_days())),
        ),
        case(
            "days_of_a_zone_without_clock_changes",
            counted(days("Asia/Shanghai")),
        ),
        case(
            "days_of_a_zone_with_clock_changes",
            counted(days("America/New_York")),
        ),
        case("days_of_a_zone_by_users", counted(by_day_and_user)),
        case(
            "days_of_an_optional_time",
            groups(
                View::Observations,
                bucketed(&observations::END_TIME, zone::utc_days()),
                vec![count(View::Observations)],
            ),
        ),
        case(
            "days_are_counted",
            Plan {
                select: Select::CountGroups {
                    dimensions: days("America/New_York"),
                },
                ..counted(Vec::new())
            },
        ),
    ]
}

fn orders() -> Vec<Case<Plan>> {
    let observed = View::Observations;
    let cost = || measure(&observations::MEASURE_TOTAL_COST, Aggregation::Sum);
    let slowest = measure(&observations::MEASURE_LATENCY, Aggregation::Max);
    let models = || {
        groups(
            observed,
            by(&observations::MODEL),
            vec![count(observed), cost()],
        )
    };
    vec![
        case(
            "groups_by_a_measure_from_the_greatest",
            ordered(models(), OrderBy::Measure(cost()), true),
        ),
        case(
            "groups_by_a_measure_that_is_not_asked_for_with_absent_ones_last",
            ordered(models(), OrderBy::Measure(slowest), true),
        ),
        case(
            "groups_by_a_dimension_from_the_last",
            ordered(models(), OrderBy::Dimension(0), true),
        ),
        case(
            "groups_by_a_field_that_is_a_dimension",
            ordered(models(), OrderBy::Field(&observations::MODEL), true),
        ),
        case(
            "a_page_of_groups",
            Plan {
                limit: 1,
                offset: 1,
                conditions: vec![Condition::equal(
                    &observations::TYPE,
                    Value::text("GENERATION"),
                )],
                ..models()
            },
        ),
        case(
            "a_page_of_groups_by_many_measures",
            a_page(&[&traces::SESSION_ID]),
        ),
        case(
            "a_page_of_groups_of_two_fields_by_many_measures",
            a_page(&[&traces::SESSION_ID, &traces::ENVIRONMENT]),
        ),
        case(
            "a_page_of_groups_in_the_order_of_their_first_rows",
            ordered(
                a_page(&[&traces::SESSION_ID]),
                OrderBy::Measure(measure(&traces::MEASURE_CREATED_AT, Aggregation::Min)),
                true,
            ),
        ),
    ]
}

/// The second page of groups that are not absent, with more measures than decide which they are.
fn a_page(fields: &[&'static Field]) -> Plan {
    let cost = measure(&traces::MEASURE_TOTAL_COST, Aggregation::Sum);
    let measures = vec![
        count(View::Traces),
        measure(&traces::OBSERVATIONS_COUNT, Aggregation::Sum),
        measure(&traces::MEASURE_ERRORS, Aggregation::Sum),
        measure(&traces::MEASURE_LATENCY, Aggregation::Avg),
        measure(&traces::MEASURE_TIMESTAMP, Aggregation::Min),
        cost,
    ];
    let dimensions = fields.iter().map(|field| Dimension::Field(field)).collect();
    let is_present =
        |field: &&'static Field| Condition::Not(Box::new(Condition::IsAbsent { field }));
    Plan {
        conditions: fields.iter().map(is_present).collect(),
        limit: 2,
        offset: 1,
        ..ordered(
            groups(View::Traces, dimensions, measures),
            OrderBy::Measure(cost),
            true,
        )
    }
}
