//! Series and points.

use xtrace_query::MetricAggregation;
use xtrace_store::Outcome;

use crate::builders::{a_series, batch};
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
    stage
        .commit(batch().with(a_series("gpu").points([(0.0, 1.0), (1.0, 1.0)])))
        .await;
    let report = stage
        .commit(batch().with(a_series("gpu").points([(0.0, 5.0), (1.0, 1.0)])))
        .await;
    assert_eq!(
        report,
        [Outcome::Points {
            accepted: 1,
            duplicate: 1
        }]
    );
    let answer = stage
        .query_metric(&a_metric("gpu").aggregation(MetricAggregation::Sum).plan())
        .await;
    assert_eq!(answer.series[0].points[0].1, 6.0);
    let report = stage
        .commit(batch().with(a_series("gpu").points([(1.0, 7.0), (1.0, 8.0), (1.0, 8.0)])))
        .await;
    assert_eq!(
        report,
        [Outcome::Points {
            accepted: 2,
            duplicate: 1
        }]
    );
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
