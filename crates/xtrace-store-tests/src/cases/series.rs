//! Questions about series: steps, groups, caps, windows.

use xtrace_query::{MetricAggregation, MetricAnswer};
use xtrace_store::ErrorKind;

use crate::builders::{a_series, after, batch};
use crate::plans::{MetricQuestion, a_metric};
use crate::stage::Stage;

const AGGREGATIONS: [MetricAggregation; 11] = [
    MetricAggregation::Avg,
    MetricAggregation::Max,
    MetricAggregation::Min,
    MetricAggregation::Sum,
    MetricAggregation::Last,
    MetricAggregation::Count,
    MetricAggregation::Rate,
    MetricAggregation::Percentile(50),
    MetricAggregation::Percentile(90),
    MetricAggregation::Percentile(95),
    MetricAggregation::Percentile(99),
];

/// Two hours of four nodes with two devices each, every 15 seconds; some labels, points and whole minutes missing.
pub async fn store_fleet(stage: &Stage) {
    let mut writes = batch();
    for device in 0..8_u32 {
        let mut series = a_series("util").label("gpu", &(device % 2).to_string());
        if device != 5 {
            series = series.label("node", &format!("n{}", device / 2));
        }
        if device > 5 {
            series = series.label("zone", "b");
        }
        let ticks =
            (0..480_u32).filter(|tick| (tick / 4 + device) % 7 != 0 && tick % (device + 3) != 1);
        // Eighths, so that sums are the same in any order; falling now and then, as counters do when they start anew.
        writes = writes.with(series.points(ticks.map(|tick| {
            let value = f64::from((tick * (device + 1)) % 97) / 8.0;
            (f64::from(tick) * 15.0 - 3_600.0 + f64::from(device), value)
        })));
    }
    stage
        .commit(writes.with(a_series("other").label("node", "n0").point(0.0, 1e6)))
        .await;
}

fn values(answer: &MetricAnswer) -> Vec<Vec<f64>> {
    answer
        .series
        .iter()
        .map(|series| series.points.iter().map(|(_, value)| *value).collect())
        .collect()
}

pub async fn every_aggregation_by_steps_of_any_length(stage: &mut Stage) {
    store_fleet(stage).await;
    for aggregation in AGGREGATIONS {
        for step in [0.25, 7.0, 15.0, 60.0, 300.0, 3_600.0, 86_400.0] {
            stage
                .query_metric(&a_metric("util").aggregation(aggregation).step(step).plan())
                .await;
        }
    }
}

pub async fn every_aggregation_over_groups(stage: &mut Stage) {
    store_fleet(stage).await;
    for aggregation in AGGREGATIONS {
        let question = || a_metric("util").aggregation(aggregation).step(300.0);
        stage
            .query_metric(&question().group_by(["node"]).plan())
            .await;
        stage.query_metric(&question().group_by([]).plan()).await;
        stage
            .query_metric(&question().group_by(["zone", "gpu"]).plan())
            .await;
        stage
            .query_metric(&question().group_by(["unknown"]).label("gpu", "1").plan())
            .await;
    }
}

pub async fn an_absent_label_is_a_group_of_its_own(stage: &mut Stage) {
    let series = [
        ("a", Some("x")),
        ("b", Some("x")),
        ("c", None),
        ("d", Some("")),
    ];
    let series = series.map(|(node, zone)| {
        let series = a_series("gpu").label("node", node).point(0.0, 1.0);
        zone.map_or(series.clone(), |zone| series.label("zone", zone))
    });
    stage.commit(batch().with_all(series)).await;
    let sum = a_metric("gpu")
        .aggregation(MetricAggregation::Sum)
        .group_by(["zone"]);
    let answer = stage.query_metric(&sum.plan()).await;
    let zones: Vec<Option<&str>> = answer
        .series
        .iter()
        .map(|series| series.labels["zone"].as_deref())
        .collect();
    assert_eq!(zones, [None, Some(""), Some("x")]);
    assert_eq!(
        (values(&answer), answer.series_total),
        (vec![vec![1.0], vec![1.0], vec![2.0]], 3)
    );
}

pub async fn labels_asked_for_must_be_there(stage: &mut Stage) {
    store_fleet(stage).await;
    for (label, value, expected) in [
        ("node", "n1", 2),
        ("gpu", "0", 4),
        ("zone", "b", 2),
        ("zone", "a", 0),
        ("x", "", 0),
    ] {
        let answer = stage
            .query_metric(&a_metric("util").label(label, value).plan())
            .await;
        assert_eq!(answer.series.len(), expected, "{label}={value}");
    }
    let both = stage
        .query_metric(
            &a_metric("util")
                .label("node", "n1")
                .label("gpu", "1")
                .plan(),
        )
        .await;
    assert_eq!(both.series.len(), 1);
    assert_eq!(
        stage.query_metric(&a_metric("unknown").plan()).await,
        MetricAnswer::default()
    );
}

pub async fn both_ends_of_the_window_are_included(stage: &mut Stage) {
    stage
        .commit(batch().with(a_series("gpu").points([
            (0.0, 1.0),
            (60.0, 2.0),
            (120.0, 4.0),
            (180.0, 8.0),
        ])))
        .await;
    let sum = |from, to| {
        a_metric("gpu")
            .aggregation(MetricAggregation::Sum)
            .between(after(from), after(to))
            .step(3_600.0)
    };
    let check = async |from, to, expected: &[f64]| {
        let answer = stage.query_metric(&sum(from, to).plan()).await;
        assert_eq!(values(&answer).concat(), expected);
        answer.latest
    };
    assert_eq!(check(60.0, 120.0, &[6.0]).await, Some(after(120.0)));
    assert_eq!(check(60.5, 119.5, &[]).await, None);
    assert_eq!(check(180.0, 180.0, &[8.0]).await, Some(after(180.0)));
    assert_eq!(check(-999.0, 999.0, &[15.0]).await, Some(after(180.0)));
}

pub async fn caps_keep_the_newest_and_say_that_they_cut(stage: &mut Stage) {
    store_fleet(stage).await;
    let question = || a_metric("util").aggregation(MetricAggregation::Max);
    let whole = stage.query_metric(&question().plan()).await;
    assert!(
        !whole.is_truncated && whole.series_total == 8,
        "{} series",
        whole.series_total
    );
    let few_points = stage.query_metric(&question().caps(8, 3).plan()).await;
    assert!(few_points.is_truncated && few_points.series.len() == 8);
    for (found, all) in few_points.series.iter().zip(&whole.series) {
        assert_eq!(found.points, all.points[all.points.len() - 3..]);
    }
    let few_series = stage.query_metric(&question().caps(3, 10_000).plan()).await;
    assert!(
        few_series.is_truncated && few_series.series.len() == 3 && few_series.series_total == 8
    );
    for answer in [&few_points, &few_series] {
        assert_eq!(answer.latest, whole.latest);
    }
    for (series, points) in [(1, 1), (8, 120), (7, 10_000), (2, 50)] {
        stage
            .query_metric(&question().caps(series, points).plan())
            .await;
        stage
            .query_metric(&question().group_by(["node"]).caps(series, points).plan())
            .await;
    }
}

pub async fn of_equally_new_series_the_first_labels_are_kept(stage: &mut Stage) {
    let series = ["c", "a", "b"].map(|node| a_series("gpu").label("node", node).point(0.0, 1.0));
    stage
        .commit(
            batch()
                .with_all(series)
                .with(a_series("gpu").label("node", "z").point(1.0, 1.0)),
        )
        .await;
    let answer = stage
        .query_metric(&a_metric("gpu").caps(2, 10).plan())
        .await;
    let nodes: Vec<Option<&str>> = answer
        .series
        .iter()
        .map(|series| series.labels["node"].as_deref())
        .collect();
    assert_eq!(
        (nodes, answer.series_total, answer.is_truncated),
        (vec![Some("a"), Some("z")], 4, true)
    );
}

pub async fn aggregates_are_exact_whatever_the_caps(stage: &mut Stage) {
    let points = (0..5_000).map(|tick| (f64::from(tick) * 0.5, f64::from(tick)));
    stage
        .commit(batch().with(a_series("gpu").points(points)))
        .await;
    let answer = stage
        .query_metric(
            &a_metric("gpu")
                .aggregation(MetricAggregation::Count)
                .step(3_600.0)
                .caps(1, 1)
                .plan(),
        )
        .await;
    assert_eq!(values(&answer), [[5_000.0]]);
    let answer = stage
        .query_metric(
            &a_metric("gpu")
                .aggregation(MetricAggregation::Percentile(99))
                .step(3_600.0)
                .caps(1, 1)
                .plan(),
        )
        .await;
    assert!((values(&answer)[0][0] - 4_949.01).abs() < 1e-6);
}

pub async fn empty_buckets_are_left_out(stage: &mut Stage) {
    stage
        .commit(batch().with(a_series("gpu").points([(0.0, 1.0), (59.9, 2.0), (300.0, 3.0)])))
        .await;
    let answer = stage
        .query_metric(&a_metric("gpu").aggregation(MetricAggregation::Sum).plan())
        .await;
    assert_eq!(
        answer.series[0].points,
        [(after(0.0), 3.0), (after(300.0), 3.0)]
    );
}

pub async fn the_last_of_several_series_at_one_time_is_the_greatest(stage: &mut Stage) {
    let points = [
        ("a", 1.0, 9.0),
        ("b", 2.0, 3.0),
        ("c", 2.0, 4.0),
        ("d", 2.0, -5.0),
        ("e", 0.0, 9.0),
    ];
    let series = |name: &str, points: &[(&str, f64, f64)]| {
        let points = points.iter().copied();
        let series = points
            .map(|(node, seconds, value)| a_series(name).label("node", node).point(seconds, value));
        series.collect::<Vec<_>>()
    };
    let mirrored = points.map(|(node, seconds, value)| (node, seconds, -value));
    stage
        .commit(
            batch()
                .with_all(series("gpu", &points))
                .with_all(series("mirrored", &mirrored)),
        )
        .await;
    for (name, expected) in [("gpu", 4.0), ("mirrored", 5.0)] {
        let last = a_metric(name)
            .aggregation(MetricAggregation::Last)
            .group_by([]);
        assert_eq!(
            values(&stage.query_metric(&last.plan()).await),
            [[expected]]
        );
    }
}

fn rate() -> MetricQuestion {
    a_metric("requests").aggregation(MetricAggregation::Rate)
}

pub async fn a_rate_counts_rises_and_takes_a_fall_for_a_reset(stage: &mut Stage) {
    let points = [
        (0.0, 10.0),
        (30.0, 40.0),
        (60.0, 70.0),
        (90.0, 6.0),
        (119.0, 12.0),
        (180.0, 12.0),
    ];
    stage
        .commit(batch().with(a_series("requests").points(points)))
        .await;
    let answer = stage.query_metric(&rate().plan()).await;
    // 30 in the first minute, 30 + 6 + 6 in the second, nothing in the last.
    assert_eq!(
        answer.series[0].points,
        [(after(0.0), 0.5), (after(60.0), 0.7), (after(180.0), 0.0)]
    );
}

pub async fn a_rate_begins_with_the_point_before_the_window(stage: &mut Stage) {
    stage
        .commit(batch().with(a_series("requests").points([
            (-30.0, 10.0),
            (15.0, 70.0),
            (75.0, 100.0),
        ])))
        .await;
    let window = |from, to| rate().between(after(from), after(to));
    let answer = stage.query_metric(&window(0.0, 100.0).plan()).await;
    assert_eq!(
        answer.series[0].points,
        [(after(0.0), 1.0), (after(60.0), 0.5)]
    );
    assert_eq!(answer.latest, Some(after(75.0)));
    stage.query_metric(&window(15.0, 100.0).plan()).await;
    stage
        .query_metric(&window(16.0, 100.0).step(1.0).plan())
        .await;
}

pub async fn a_rate_without_a_rise_to_count_has_no_points(stage: &mut Stage) {
    stage
        .commit(batch().with(a_series("requests").label("node", "a").point(0.0, 10.0)))
        .await;
    let answer = stage.query_metric(&rate().plan()).await;
    assert_eq!(
        (answer.series.len(), answer.series_total, answer.latest),
        (0, 1, Some(after(0.0)))
    );
    stage
        .commit(
            batch().with(
                a_series("requests")
                    .label("node", "b")
                    .points([(-400.0, 1.0), (0.0, 61.0)]),
            ),
        )
        .await;
    let answer = stage
        .query_metric(&rate().between(after(-10.0), after(10.0)).plan())
        .await;
    assert_eq!((answer.series.len(), answer.series_total), (0, 2));
    let answer = stage.query_metric(&rate().plan()).await;
    assert_eq!(values(&answer), [[1.0]]);
}

pub async fn rates_of_a_group_add_up(stage: &mut Stage) {
    let series = [("a", 60.0), ("b", 120.0)].map(|(node, rise)| {
        a_series("requests")
            .label("node", node)
            .points([(0.0, 1e6), (30.0, 1e6 + rise)])
    });
    stage.commit(batch().with_all(series)).await;
    assert_eq!(
        values(&stage.query_metric(&rate().group_by([]).plan()).await),
        [[3.0]]
    );
    assert_eq!(
        values(&stage.query_metric(&rate().plan()).await),
        [[1.0], [2.0]]
    );
}

pub async fn questions_that_make_no_sense_are_refused(stage: &mut Stage) {
    let no_step = a_metric("gpu").step(0.0).plan();
    let long_step = a_metric("gpu").step(367.0 * 86_400.0).plan();
    let backwards = a_metric("gpu").between(after(1.0), after(0.0)).plan();
    let percentage = a_metric("gpu")
        .aggregation(MetricAggregation::Percentile(101))
        .plan();
    for plan in [no_step, long_step, backwards, percentage] {
        let answer = stage.engine().query_metric(&stage.scope, &plan).await;
        assert_eq!(
            answer.map_err(|error| error.kind),
            Err(ErrorKind::Invalid),
            "{plan:?}"
        );
    }
}
