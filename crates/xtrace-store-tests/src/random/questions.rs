//! Random questions about the series of [`crate::cases::series`].

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::sample::select;
use xtrace_query::{MetricAggregation, MetricPlan};

use crate::builders::after;
use crate::plans::a_metric;

const LABELS: [(&str, &str); 5] = [
    ("gpu", "0"),
    ("gpu", "1"),
    ("node", "n1"),
    ("zone", "b"),
    ("unknown", ""),
];

/// Questions that make sense.
pub fn questions() -> impl Strategy<Value = MetricPlan> {
    let window = (-4_000..4_000_i32, 0..8_000_i32);
    let steps = prop_oneof![1..400_i32, Just(3_600), Just(86_400), Just(100_000)];
    let caps = (
        prop_oneof![Just(1_000), 1..9_usize],
        prop_oneof![Just(10_000), 1..30_usize],
    );
    let groups = option::of(vec(select(vec!["node", "gpu", "zone", "unknown"]), 0..3));
    let labels = option::of(0..LABELS.len());
    (aggregations(), window, steps, caps, groups, labels).prop_map(
        |(aggregation, (from, length), step, (series, points), group_by, label)| {
            let (from, to) = (f64::from(from), f64::from(from + length));
            let question = a_metric("util")
                .aggregation(aggregation)
                .between(after(from), after(to))
                .step(f64::from(step) / 4.0)
                .caps(series, points);
            let mut plan = match label.map(|index| LABELS[index]) {
                Some((name, value)) => question.label(name, value).plan(),
                None => question.plan(),
            };
            plan.group_by = group_by.map(|labels| labels.into_iter().map(Into::into).collect());
            plan
        },
    )
}

fn aggregations() -> impl Strategy<Value = MetricAggregation> {
    prop_oneof![
        select(vec![
            MetricAggregation::Avg,
            MetricAggregation::Max,
            MetricAggregation::Min,
            MetricAggregation::Sum,
            MetricAggregation::Last,
            MetricAggregation::Count,
            MetricAggregation::Rate,
        ]),
        (0..=100_u8).prop_map(MetricAggregation::Percentile),
    ]
}
