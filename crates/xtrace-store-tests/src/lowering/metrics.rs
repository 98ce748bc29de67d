//! Cases of questions about metric series.

use std::collections::BTreeMap;

use xtrace_model::Timestamp;
use xtrace_query::{MetricAggregation, MetricPlan};

use super::{Case, case};

fn plan(aggregation: MetricAggregation, group_by: Option<&[&str]>) -> MetricPlan {
    MetricPlan {
        name: "gpu".into(),
        labels: BTreeMap::new(),
        from: Timestamp::from_micros(0),
        to: Timestamp::from_micros(179_000_000),
        step_micros: 60_000_000,
        aggregation,
        group_by: group_by.map(|keys| keys.iter().map(|key| (*key).into()).collect()),
        series_max: 10,
        points_max: 10,
    }
}

pub(super) fn cases() -> Vec<Case<MetricPlan>> {
    let mut cases = aggregations();
    cases.extend(windows());
    cases
}

fn aggregations() -> Vec<Case<MetricPlan>> {
    use MetricAggregation as By;
    let by_node = |aggregation| plan(aggregation, Some(&["node"]));
    vec![
        case("the_average_per_series", plan(By::Avg, None)),
        case("the_average_per_node", by_node(By::Avg)),
        case("the_greatest_per_node", by_node(By::Max)),
        case("the_least_per_node", by_node(By::Min)),
        case("the_sum_per_node", by_node(By::Sum)),
        case("the_number_of_points_per_node", by_node(By::Count)),
        case(
            "the_last_of_several_series_is_the_greatest_of_the_newest",
            by_node(By::Last),
        ),
        case("the_last_per_series", plan(By::Last, None)),
        case(
            "the_median_over_all_points_of_all_series",
            plan(By::Percentile(50), Some(&[])),
        ),
        case(
            "the_ninety_ninth_percentile_per_series",
            plan(By::Percentile(99), None),
        ),
        case(
            "a_rate_counts_rises_over_resets_and_from_before_the_window",
            MetricPlan {
                from: Timestamp::from_micros(60_000_000),
                ..plan(By::Rate, None)
            },
        ),
        case(
            "a_rate_without_a_point_before_the_window",
            by_node(By::Rate),
        ),
    ]
}

fn windows() -> Vec<Case<MetricPlan>> {
    use MetricAggregation as By;
    let by_node = |aggregation| plan(aggregation, Some(&["node"]));
    vec![
        case(
            "an_absent_label_is_a_group_of_its_own",
            plan(By::Count, Some(&["node", "rack"])),
        ),
        case(
            "labels_asked_for_must_be_there",
            MetricPlan {
                labels: BTreeMap::from([("node".into(), "a".into())]),
                ..plan(By::Sum, None)
            },
        ),
        case(
            "more_series_than_allowed_keep_the_newest",
            MetricPlan {
                series_max: 1,
                ..by_node(By::Sum)
            },
        ),
        case(
            "more_points_than_allowed_keep_the_newest",
            MetricPlan {
                points_max: 1,
                ..by_node(By::Sum)
            },
        ),
        case(
            "buckets_before_the_epoch_round_down",
            MetricPlan {
                from: Timestamp::from_micros(-60_000_000),
                ..plan(By::Sum, Some(&[]))
            },
        ),
        case(
            "a_window_without_points",
            MetricPlan {
                from: Timestamp::from_micros(900_000_000),
                to: Timestamp::from_micros(999_000_000),
                ..plan(By::Sum, None)
            },
        ),
    ]
}
