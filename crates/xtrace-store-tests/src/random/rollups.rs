//! Plans that can be answered from rollups: those that days are made of, and random ones.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{select, subsequence};
use xtrace_model::Timestamp;
use xtrace_query::{
    Aggregation, Bucket, Comparison, Condition, Dimension, MeasureOf, Order, OrderBy, Plan, Select,
    Value, View, observations as o, traces as t, zone,
};

use crate::builders::after;
use crate::plans::{groups, measure};

/// How many traces and observations there are.
pub fn totals() -> [Plan; 2] {
    [
        groups(
            View::Traces,
            vec![],
            vec![measure(&t::COUNT, Aggregation::Count)],
        ),
        groups(
            View::Observations,
            vec![],
            vec![measure(&o::COUNT, Aggregation::Count)],
        ),
    ]
}

/// Traces by day under conditions: what they add up to, what was sent where nothing is known, how many days there are.
pub fn days(bucket: &Bucket, conditions: &[Condition]) -> [Plan; 3] {
    let traces = groups(
        View::Traces,
        vec![day(bucket)],
        measures(View::Traces, false),
    );
    let sent = groups(
        View::Traces,
        vec![day(bucket)],
        measures(View::Traces, true),
    );
    let count = Plan {
        select: Select::CountGroups {
            dimensions: vec![day(bucket)],
        },
        ..traces.clone()
    };
    [
        with(traces, conditions),
        with(with(sent, conditions), &[is_sent()]),
        with(count, conditions),
    ]
}

/// Model calls by day and model under conditions.
pub fn calls_by_day(bucket: &Bucket, conditions: &[Condition]) -> Plan {
    let dimensions = vec![day(bucket), Dimension::Field(&o::MODEL)];
    let plan = groups(
        View::Observations,
        dimensions,
        measures(View::Observations, false),
    );
    with(with(plan, conditions), &[o::is_model_call()])
}

/// Random ones over the data set of [`crate::dataset`].
pub fn plans() -> impl Strategy<Value = Plan> {
    let choices = (0..3_u8, any::<bool>(), any::<bool>());
    let shape = (choices, buckets(), ranges());
    let page = (
        prop_oneof![3 => Just(10_000), 1 => 0..10_u64],
        prop_oneof![3 => Just(0), 1 => 0..5_u64],
    );
    let picked = (
        subsequence((0..6_usize).collect::<Vec<_>>(), 1..=6),
        vec((0..8_usize, any::<bool>()), 0..3),
    );
    (shape, page, picked).prop_map(
        |(((subject, by_time, counts), bucket, range), page, (picked, orders))| {
            let (view, is_sent_only) = match subject {
                0 => (View::Traces, false),
                1 => (View::Traces, true),
                _ => (View::Observations, false),
            };
            let mut dimensions = Vec::new();
            if by_time || counts {
                dimensions.push(day(&bucket));
            }
            if view == View::Observations {
                dimensions.push(Dimension::Field(&o::MODEL));
            }
            let all = measures(view, is_sent_only);
            let measures: Vec<MeasureOf> = picked
                .iter()
                .filter_map(|index| all.get(*index).copied())
                .collect();
            let mut plan = groups(view, dimensions.clone(), measures);
            if plan.check().is_err() {
                plan = groups(view, dimensions.clone(), all.clone());
            }
            if counts {
                plan.select = Select::CountGroups { dimensions };
            } else {
                let order = orders.into_iter().map(|(index, descending)| {
                    let by = match index.checked_sub(2) {
                        Some(index) => OrderBy::Measure(all[index % all.len()]),
                        None => OrderBy::Dimension(index % dimensions.len().max(1)),
                    };
                    Order { by, descending }
                });
                plan.order = order
                    .filter(|order| {
                        !dimensions.is_empty() || matches!(order.by, OrderBy::Measure(_))
                    })
                    .collect();
            }
            (plan.limit, plan.offset) = page;
            let own = match (view, is_sent_only) {
                (View::Traces, true) => vec![is_sent()],
                (View::Traces, false) => Vec::new(),
                (View::Observations, _) => vec![o::is_model_call()],
            };
            with(with(plan, &own), &range)
        },
    )
}

fn is_sent() -> Condition {
    Condition::IsAbsent {
        field: &t::OBSERVED_COST,
    }
}

fn with(mut plan: Plan, conditions: &[Condition]) -> Plan {
    plan.conditions.extend_from_slice(conditions);
    plan
}

fn day(bucket: &Bucket) -> Dimension {
    Dimension::Bucket {
        field: &t::TIMESTAMP,
        bucket: bucket.clone(),
    }
}

fn measures(view: View, is_sent_only: bool) -> Vec<MeasureOf> {
    match (view, is_sent_only) {
        (View::Traces, false) => vec![
            measure(&t::COUNT, Aggregation::Count),
            measure(&t::OBSERVATIONS_COUNT, Aggregation::Sum),
            measure(&t::MEASURE_OBSERVED_COST, Aggregation::Sum),
        ],
        (View::Traces, true) => vec![
            measure(&t::COUNT, Aggregation::Count),
            measure(&t::MEASURE_TOTAL_COST, Aggregation::Sum),
        ],
        (View::Observations, _) => vec![
            measure(&o::COUNT, Aggregation::Count),
            measure(&o::UNIQUE_TRACES, Aggregation::CountDistinct),
            measure(&o::MEASURE_INPUT_TOKENS, Aggregation::Sum),
            measure(&o::MEASURE_OUTPUT_TOKENS, Aggregation::Sum),
            measure(&o::MEASURE_TOTAL_TOKENS, Aggregation::Sum),
            measure(&o::MEASURE_TOTAL_COST, Aggregation::Sum),
        ],
    }
}

fn buckets() -> impl Strategy<Value = Bucket> {
    let lengths = vec![900_000_000, 3_600_000_000, 86_400_000_000, 99 * 900_000_000];
    let fixed = select(lengths).prop_map(|micros| Bucket::Fixed { micros });
    let (from, to) = (after(-86_400.0 * 400.0), after(86_400.0 * 400.0));
    let zones = vec![
        "Asia/Shanghai",
        "America/New_York",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
    ];
    let days = select(zones).prop_map(move |name| zone::days(name, from, to).expect("a zone"));
    prop_oneof![fixed, days]
}

/// None, one or two bounds, some of them on the edge of a bucket, and whole buckets between.
fn ranges() -> impl Strategy<Value = Vec<Condition>> {
    let at = |comparison, quarters: i64, micros: i64| Condition::Compare {
        field: &t::TIMESTAMP,
        comparison,
        value: Value::Time(Timestamp::from_micros(
            after(0.0).as_micros() + quarters * 900_000_000 + micros,
        )),
    };
    let off = || {
        prop_oneof![
            Just(0_i64),
            Just(-1),
            Just(1),
            -450_000_000..450_000_000_i64
        ]
    };
    let lower = select(vec![Comparison::Greater, Comparison::GreaterOrEqual]);
    let upper = select(vec![Comparison::Less, Comparison::LessOrEqual]);
    let lower = (lower, -100..1_200_i64, off()).prop_map(move |(c, q, m)| (q, at(c, q, m)));
    let length = (upper, 3..1_500_i64, off());
    (lower, length, any::<bool>(), any::<bool>()).prop_map(
        move |((quarters, lower), (comparison, length, micros), has_lower, has_upper)| {
            let mut range = Vec::new();
            if has_lower {
                range.push(lower);
            }
            if has_upper {
                range.push(at(comparison, quarters + length, micros));
            }
            range
        },
    )
}
