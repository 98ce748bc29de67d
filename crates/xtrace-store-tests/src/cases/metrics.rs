//! Series and points.

use xtrace_model::Timestamp;
use xtrace_query::{LatestPoint, MetricAggregation};
use xtrace_store::Outcome;

use crate::SERIES_MAX;
use crate::builders::{a_series, after, an_observation, batch, labels, project};
use crate::dataset::AWKWARD;
use crate::plans::a_metric;
use crate::stage::Stage;

pub async fn points_are_visible_and_count_once(stage: &mut Stage) {
    let sent = || {
        batch().with(
            a_series("gpu")
                .label("node", "a")
                .points([(0.0, 1.0), (15.0, 3.0)]),
        )
    };
    stage.commit(sent()).await;
    assert_eq!(
        stage.commit(sent()).await,
        [Outcome::Points {
            accepted: 0,
            duplicate: 2
        }]
    );
    let answer = stage
        .query_metric(&a_metric("gpu").aggregation(MetricAggregation::Sum).plan())
        .await;
    assert_eq!((answer.series.len(), answer.series_total), (1, 1));
    assert_eq!(
        answer.series[0]
            .points
            .iter()
            .map(|(_, value)| *value)
            .collect::<Vec<f64>>(),
        [4.0]
    );
}

pub async fn a_changed_value_replaces(stage: &mut Stage) {
    let points = |accepted, duplicate| Outcome::Points {
        accepted,
        duplicate,
    };
    stage
        .commit(batch().with(a_series("gpu").points([(0.0, 5.0), (1.0, 1.0)])))
        .await;
    for (value, sum) in [(7.0, 8.0), (2.0, 3.0), (-4.0, -3.0), (0.0, 1.0)] {
        let report = stage
            .commit(batch().with(a_series("gpu").points([(0.0, value), (1.0, 1.0)])))
            .await;
        assert_eq!(report, [points(1, 1)]);
        let sums = a_metric("gpu").aggregation(MetricAggregation::Sum).plan();
        assert_eq!(stage.query_metric(&sums).await.series[0].points[0].1, sum);
    }
    let report = stage
        .commit(batch().with(a_series("gpu").points([(1.0, 9.0), (1.0, 8.0), (1.0, 8.0)])))
        .await;
    assert_eq!(report, [points(2, 1)]);
    assert_eq!(stage.latest("gpu", []).await[0].value, 8.0);
}

pub async fn every_aggregation_of_a_bucket(stage: &mut Stage) {
    let values = [(0.0, 4.0), (10.0, 1.0), (20.0, 10.0), (59.0, 5.0)];
    stage
        .commit(batch().with(a_series("gpu").points(values)))
        .await;
    let expected = [
        (MetricAggregation::Avg, 5.0),
        (MetricAggregation::Max, 10.0),
        (MetricAggregation::Min, 1.0),
        (MetricAggregation::Sum, 20.0),
        (MetricAggregation::Last, 5.0),
        (MetricAggregation::Count, 4.0),
        // Rises 1 (a reset), 9 and 5 in 60 seconds.
        (MetricAggregation::Rate, 0.25),
        (MetricAggregation::Percentile(50), 4.5),
        (MetricAggregation::Percentile(90), 8.5),
        (MetricAggregation::Percentile(100), 10.0),
    ];
    for (aggregation, value) in expected {
        let answer = stage
            .query_metric(&a_metric("gpu").aggregation(aggregation).plan())
            .await;
        let points = &answer.series[0].points;
        assert_eq!(points.len(), 1, "{aggregation:?}");
        assert!(
            (points[0].1 - value).abs() < 1e-9,
            "{aggregation:?}: {} is not {value}",
            points[0].1
        );
    }
}

pub async fn points_may_come_in_any_order(stage: &mut Stage) {
    for seconds in [30.0, 10.0, 50.0, 20.0, 40.0, 0.0] {
        stage
            .commit(batch().with(a_series("gpu").point(seconds, seconds)))
            .await;
    }
    stage
        .commit(batch().with(a_series("gpu").points([(15.0, 1.0), (5.0, 2.0), (55.0, 3.0)])))
        .await;
    for aggregation in [
        MetricAggregation::Last,
        MetricAggregation::Rate,
        MetricAggregation::Percentile(50),
    ] {
        stage
            .query_metric(&a_metric("gpu").aggregation(aggregation).step(20.0).plan())
            .await;
    }
    assert_eq!(stage.latest("gpu", []).await[0].timestamp, after(55.0));
}

pub async fn points_that_come_or_change_hours_later_count_once(stage: &mut Stage) {
    const HOURS: u32 = 5;
    let hour = |hour: u32| {
        let times = (0..24).map(|point| f64::from(hour * 24 + point) * 150.0);
        a_series("gpu").points(times.map(|time| (time, time / 8.0)))
    };
    for number in 0..HOURS {
        stage.commit(batch().with(hour(number))).await;
    }
    // All of an hour again, one value of it changed, one point between two, and one before and after all.
    let late = [(3_600.0, 450.0), (3_750.0, 7.25), (3_800.0, -1.0)];
    stage
        .commit(batch().with(hour(2)).with(a_series("gpu").points(late)))
        .await;
    let ends = [(-1.0, 3.0), (5.0 * 3_600.0, 4.0)];
    stage
        .commit(batch().with(a_series("gpu").points(ends)))
        .await;
    // What was changed is changed back, within one batch and in another.
    let back = [
        (3_750.0, 1.0),
        (3_750.0, 468.75),
        (3_750.0, 468.75),
        (3_800.0, 2.0),
    ];
    stage
        .commit(batch().with(a_series("gpu").points(back)))
        .await;
    for aggregation in [
        MetricAggregation::Sum,
        MetricAggregation::Count,
        MetricAggregation::Rate,
        MetricAggregation::Percentile(90),
    ] {
        for step in [60.0, 1_000.0, 3_600.0, 86_400.0] {
            let plan = a_metric("gpu")
                .between(after(-7_200.0), after(f64::from(HOURS + 1) * 3_600.0))
                .aggregation(aggregation)
                .step(step)
                .plan();
            stage.query_metric(&plan).await;
        }
    }
    assert_eq!(stage.latest("gpu", []).await[0].value, 4.0);
    stage.expire_points(after(3_760.0)).await;
    let all = a_metric("gpu")
        .between(after(-7_200.0), after(1e6))
        .step(86_400.0);
    let counted = all.aggregation(MetricAggregation::Count).plan();
    stage.query_metric(&counted).await;
}

pub async fn one_batch_may_hold_the_same_series_several_times(stage: &mut Stage) {
    let series = || a_series("gpu").label("node", "a");
    let report = stage
        .commit(
            batch()
                .with(series().points([(0.0, 1.0), (1.0, 1.0)]))
                .with(a_series("gpu").label("node", "b").point(0.0, 9.0))
                .with(series().points([(1.0, 2.0), (0.0, 1.0), (2.0, 3.0)])),
        )
        .await;
    let points = |accepted, duplicate| Outcome::Points {
        accepted,
        duplicate,
    };
    assert_eq!(report, [points(2, 0), points(1, 0), points(2, 1)]);
    assert_eq!(stage.latest("gpu", [("node", "a")]).await[0].value, 3.0);
    let sum = a_metric("gpu")
        .label("node", "a")
        .aggregation(MetricAggregation::Sum)
        .plan();
    assert_eq!(stage.query_metric(&sum).await.series[0].points[0].1, 6.0);
}

pub async fn values_are_kept_to_the_bit(stage: &mut Stage) {
    let values = [
        0.1,
        1e-300,
        1e300,
        -2.5,
        f64::MAX,
        f64::MIN_POSITIVE,
        1.0 / 3.0,
    ];
    for (index, value) in values.into_iter().enumerate() {
        stage
            .commit(
                batch().with(
                    a_series("gpu")
                        .label("n", &index.to_string())
                        .point(0.0, value),
                ),
            )
            .await;
    }
    stage.reopen().await;
    let latest = stage.latest("gpu", []).await;
    assert_eq!(
        latest
            .iter()
            .map(|point| point.value.to_bits())
            .collect::<Vec<_>>(),
        values.map(f64::to_bits)
    );
}

pub async fn points_lie_between_the_centuries(stage: &mut Stage) {
    let times = [
        "2000-01-01T00:00:00Z",
        "2026-01-31T12:00:00.000001Z",
        "2099-12-31T23:59:59.999999Z",
    ];
    let times = times.map(|text| Timestamp::parse(text).unwrap());
    let series = times
        .into_iter()
        .fold(a_series("gpu"), |series, time| series.point_at(time, 1.0));
    stage.commit(batch().with(series)).await;
    for from in times {
        let count = a_metric("gpu")
            .between(from, from)
            .aggregation(MetricAggregation::Count)
            .step(1.0);
        let answer = stage.query_metric(&count.plan()).await;
        assert_eq!((answer.series.len(), answer.latest), (1, Some(from)));
    }
}

pub async fn names_are_sorted_without_repetition(stage: &mut Stage) {
    let series = ["b", "a", "b", "ä", "B", "a b"].into_iter().enumerate();
    let series = series.map(|(index, name)| {
        a_series(name)
            .label("n", &index.to_string())
            .point(0.0, 1.0)
    });
    stage.commit(batch().with_all(series)).await;
    let names = stage.metric_names().await;
    assert_eq!(
        names.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
        ["B", "a", "a b", "b", "ä"]
    );
    stage.reopen().await;
    assert_eq!(stage.metric_names().await, names);
}

pub async fn latest_points_of_series_with_such_labels(stage: &mut Stage) {
    let series = |node: &str, gpu: &str| a_series("gpu").label("node", node).label("gpu", gpu);
    stage
        .commit(batch().with(series("b", "0").points([(9.0, 1.0), (5.0, 2.0)])))
        .await;
    stage
        .commit(
            batch()
                .with(series("a", "1").point(1.0, 3.0))
                .with(series("a", "0").point(2.0, 4.0)),
        )
        .await;
    stage
        .commit(
            batch()
                .with(a_series("gpu").point(0.0, 5.0))
                .with(a_series("other").point(0.0, 6.0)),
        )
        .await;
    let check = |found: Vec<LatestPoint>, expected: &[(f64, f64)]| {
        let found: Vec<(Timestamp, f64)> = found
            .iter()
            .map(|point| (point.timestamp, point.value))
            .collect();
        let expected: Vec<(Timestamp, f64)> = expected
            .iter()
            .map(|(at, value)| (after(*at), *value))
            .collect();
        assert_eq!(found, expected);
    };
    check(
        stage.latest("gpu", []).await,
        &[(0.0, 5.0), (2.0, 4.0), (9.0, 1.0), (1.0, 3.0)],
    );
    check(
        stage.latest("gpu", [("node", "a")]).await,
        &[(2.0, 4.0), (1.0, 3.0)],
    );
    check(
        stage.latest("gpu", [("node", "a"), ("gpu", "1")]).await,
        &[(1.0, 3.0)],
    );
    check(stage.latest("gpu", [("node", "c")]).await, &[]);
    check(stage.latest("unknown", []).await, &[]);
    let two = stage
        .engine()
        .latest_points(&stage.scope, "gpu", &labels([]), 2)
        .await
        .unwrap();
    check(two, &[(0.0, 5.0), (2.0, 4.0)]);
    stage.reopen().await;
    check(
        stage.latest("gpu", []).await,
        &[(0.0, 5.0), (2.0, 4.0), (9.0, 1.0), (1.0, 3.0)],
    );
}

pub async fn the_latest_point_follows_every_commit(stage: &mut Stage) {
    let commits = [
        (5.0, 1.0),
        (3.0, 2.0),
        (5.0, 9.0),
        (7.0, 3.0),
        (7.0, 3.0),
        (6.0, 1.0),
    ];
    for point in commits {
        stage
            .commit(batch().with(a_series("gpu").points([point])))
            .await;
        stage.latest("gpu", []).await;
    }
    let latest = stage.latest("gpu", []).await;
    assert_eq!((latest[0].timestamp, latest[0].value), (after(7.0), 3.0));
}

pub async fn any_text_is_a_name_or_a_label(stage: &mut Stage) {
    let texts: Vec<&str> = AWKWARD
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    let series = texts.iter().map(|text| {
        a_series(text)
            .label(text, text)
            .label("empty", "")
            .point(0.0, 1.0)
    });
    stage.commit(batch().with_all(series)).await;
    stage.reopen().await;
    assert_eq!(stage.metric_names().await.len(), texts.len());
    for text in texts {
        assert_eq!(stage.latest(text, [(text, text)]).await.len(), 1);
        let answer = stage
            .query_metric(
                &a_metric(text)
                    .label(text, text)
                    .group_by([text, "empty"])
                    .plan(),
            )
            .await;
        assert_eq!(answer.series[0].labels[text].as_deref(), Some(text));
    }
}

pub async fn series_beyond_the_limit_are_rejected_and_their_neighbours_stored(stage: &mut Stage) {
    let rejected = |report: &[Outcome]| {
        let rejected = report
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Rejected(_)));
        rejected.count()
    };
    let numbered = |number: u64, at| {
        let series = a_series("many").label("number", &number.to_string());
        series.point(at, 1.0)
    };
    let other = project("other");
    let few = (0..3).map(|number| numbered(number, 0.0));
    stage.commit(batch().scope(&other).with_all(few)).await;
    // All but two, then three more of which one comes twice, between series that are known and another project's.
    let most = (2..SERIES_MAX).map(|number| numbered(number, 0.0));
    assert_eq!(rejected(&stage.commit(batch().with_all(most)).await), 0);
    let last = batch()
        .with(numbered(SERIES_MAX + 1, 0.0))
        .with(numbered(SERIES_MAX + 1, 1.0))
        .with(numbered(SERIES_MAX + 2, 0.0))
        .with(numbered(SERIES_MAX + 3, 0.0))
        .with(numbered(SERIES_MAX + 3, 1.0))
        .with(numbered(7, 1.0))
        .with(an_observation("t", "o"))
        .scope(&other)
        .with(numbered(SERIES_MAX + 3, 0.0));
    let report = stage.commit(last.clone()).await;
    assert_eq!(rejected(&report), 2);
    assert_eq!(rejected(&stage.commit(last).await), 2);
    stage.reopen().await;
    let more = |number| batch().with(numbered(number, 2.0));
    let report = stage.commit(more(SERIES_MAX + 4)).await;
    let [Outcome::Rejected(rejection)] = &report[..] else {
        panic!("{report:?}")
    };
    assert_eq!(rejection.code, "series_limit");
    assert_eq!(rejected(&stage.commit(more(SERIES_MAX + 2)).await), 0);
    let answer = stage.query_metric(&a_metric("many").plan()).await;
    assert_eq!(answer.series_total, SERIES_MAX);
}
