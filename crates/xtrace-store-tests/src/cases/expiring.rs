//! Retention: what is old enough goes, with all that belongs to it.

use xtrace_query::{MetricAggregation, View};
use xtrace_store::{Expired, Expiry, Upkeep as _};

use crate::builders::{a_series, a_trace, after, an_observation, batch, project};
use crate::plans::{a_metric, keys};
use crate::stage::{Stage, WHOLE};

const DAY: f64 = 86_400.0;

pub async fn traces_go_by_their_last_activity(stage: &mut Stage) {
    // The first began long ago and was active lately; the second ended just in time; the third did not.
    let old = |id: &str| {
        a_trace(id)
            .sent(-30.0 * DAY)
            .timestamp(after(-30.0 * DAY))
            .input("1")
    };
    let until = |id: &str, days: f64| {
        an_observation(id, "o1")
            .sent(-20.0 * DAY)
            .from_to(after(-29.0 * DAY), after(days * DAY))
            .output("2")
    };
    stage
        .commit(batch().with_all(["active", "in-time", "late", "alone"].map(old)))
        .await;
    stage
        .commit(
            batch()
                .with(until("active", -1.0))
                .with(until("in-time", -7.0))
                .with(until("late", -7.1)),
        )
        .await;
    assert_eq!(stage.expire_traces(after(-7.0 * DAY)).await, 2);
    stage.same_records().await;
    for gone in ["late", "alone"] {
        assert_eq!(stage.trace(gone).await, None);
        assert_eq!(stage.observation(gone, "o1").await, None);
        assert!(stage.trace_observations(gone, WHOLE).await.is_empty());
    }
    assert!(stage.the_trace("active").await.payload.input.is_some());
    assert!(
        stage
            .the_observation("in-time", "o1")
            .await
            .payload
            .unwrap()
            .output
            .is_some()
    );
}

pub async fn traces_of_all_projects_expire(stage: &mut Stage) {
    let other = project("other");
    let old = || a_trace("t1").timestamp(after(-9.0 * DAY));
    stage
        .commit(
            batch()
                .with(old())
                .scope(&other)
                .with(old())
                .with(a_trace("t2").timestamp(after(0.0))),
        )
        .await;
    assert_eq!(stage.expire_traces(after(-DAY)).await, 2);
    stage.same_records().await;
    stage.scope = other;
    stage.same_records().await;
    assert!(stage.trace("t2").await.is_some());
}

pub async fn expiry_can_be_repeated_and_what_comes_later_starts_anew(stage: &mut Stage) {
    stage
        .commit(
            batch().with(
                a_trace("t1")
                    .sent(5.0)
                    .name("old")
                    .timestamp(after(-9.0 * DAY))
                    .tags(["old"]),
            ),
        )
        .await;
    assert_eq!(stage.expire_traces(after(-DAY)).await, 1);
    assert_eq!(stage.expire_traces(after(-DAY)).await, 0);
    stage
        .commit(batch().with(a_trace("t1").user("new").timestamp(after(0.0))))
        .await;
    assert_eq!(stage.expire_traces(after(-DAY)).await, 0);
    let row = stage.the_trace("t1").await.row;
    assert_eq!(
        (row.name, row.user_id.as_deref(), row.tags.len()),
        (None, Some("new"), 0)
    );
    stage.reopen().await;
    stage.same_records().await;
}

pub async fn many_traces_expire_in_steps(stage: &mut Stage) {
    let observations = (0..1_500).map(|number| {
        let id = format!("t{}", number / 2);
        an_observation(&id, &format!("o{number}"))
            .start(after(-f64::from(number / 2) * 3_600.0))
            .input("1")
    });
    stage.commit(batch().with_all(observations)).await;
    assert_eq!(stage.expire_traces(after(-100.0 * 3_600.0)).await, 649);
    stage.same_records().await;
}

pub async fn points_expire_by_their_time(stage: &mut Stage) {
    let days = [-40.0, -20.0, -10.0, -8.0, -7.0, -1.0].map(|day| (day * DAY, day));
    stage
        .commit(batch().with(a_series("gpu").label("n", "a").points(days)))
        .await;
    stage
        .commit(batch().with(a_series("gpu").label("n", "b").points([(0.0, 5.0)])))
        .await;
    stage
        .commit(
            batch()
                .with(a_series("old").point(-9.0 * DAY, 5.0))
                .with(a_trace("t1").timestamp(after(-99.0))),
        )
        .await;
    assert_eq!(stage.expire_points(after(-7.0 * DAY)).await, 5);
    assert_eq!(stage.expire_points(after(-7.0 * DAY)).await, 0);
    let all = a_metric("gpu")
        .between(after(-99.0 * DAY), after(DAY))
        .aggregation(MetricAggregation::Count);
    assert_eq!(
        stage.query_metric(&all.plan()).await.series[0].points.len(),
        2
    );
    assert_eq!(stage.latest("gpu", []).await.len(), 2);
    assert!(stage.trace("t1").await.is_some());
    stage.reopen().await;
    assert_eq!(stage.latest("gpu", []).await.len(), 2);
}

pub async fn a_series_whose_points_have_expired_is_gone_until_new_ones_come(stage: &mut Stage) {
    stage
        .commit(batch().with(a_series("old").label("n", "a").point(-9.0 * DAY, 5.0)))
        .await;
    stage
        .commit(batch().with(a_series("new").point(0.0, 1.0)))
        .await;
    assert_eq!(stage.expire_points(after(-DAY)).await, 1);
    assert!(stage.latest("old", []).await.is_empty());
    assert_eq!(stage.metric_names().await, [Box::from("new")]);
    stage
        .commit(batch().with(a_series("old").label("n", "a").point(1.0, 7.0)))
        .await;
    assert_eq!(stage.latest("old", []).await[0].value, 7.0);
    assert_eq!(stage.metric_names().await.len(), 2);
    stage.reopen().await;
    assert_eq!(stage.latest("old", []).await[0].value, 7.0);
}

pub async fn an_expired_point_that_is_sent_again_is_new(stage: &mut Stage) {
    let sent = || batch().with(a_series("gpu").points([(-9.0 * DAY, 1.0), (0.0, 2.0)]));
    stage.commit(sent()).await;
    stage.expire_points(after(-DAY)).await;
    stage.commit(sent()).await;
    let all = a_metric("gpu")
        .between(after(-99.0 * DAY), after(DAY))
        .aggregation(MetricAggregation::Sum);
    stage.query_metric(&all.plan()).await;
}

pub async fn nothing_expires_without_a_limit(stage: &mut Stage) {
    stage
        .commit(
            batch()
                .with(a_trace("t1").timestamp(after(-9_999.0 * DAY)))
                .with(a_series("gpu").point(0.0, 1.0)),
        )
        .await;
    assert_eq!(stage.expire(Expiry::default()).await, Expired::default());
    stage.same_records().await;
    let both = Expiry {
        traces_before: Some(after(DAY)),
        points_before: Some(after(DAY)),
    };
    assert_eq!(
        stage.expire(both).await,
        Expired {
            traces: 1,
            points: 1
        }
    );
}

pub async fn commits_go_on_while_traces_expire(stage: &mut Stage) {
    let old = (0..1_000).map(|number| {
        an_observation(&format!("old{number}"), "o")
            .start(after(-9.0 * DAY))
            .input("1")
    });
    stage.commit(batch().with_all(old)).await;
    let new =
        |round: u32| batch().with(an_observation(&format!("new{round}"), "o").start(after(0.0)));
    let (engine, expiry) = (
        stage.shared_engine(),
        Expiry {
            traces_before: Some(after(-DAY)),
            points_before: None,
        },
    );
    let expiring = tokio::spawn(async move { engine.expire(expiry).await.unwrap() });
    for round in 0..30 {
        stage.commit(new(round)).await;
    }
    assert_eq!(expiring.await.unwrap().traces, 1_000);
    stage.reference.expire(expiry).await.unwrap();
    stage.same_records().await;
    assert_eq!(stage.query(&keys(View::Traces)).await.rows.len(), 30);
}
