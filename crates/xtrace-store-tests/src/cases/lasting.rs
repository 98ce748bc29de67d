//! What outlives an engine, and what ends with it.

use xtrace_query::View;
use xtrace_store::{Engine, ErrorKind, Expiry, ProjectScope, StoreResult};

use crate::builders::{
    a_series, a_trace, after, an_observation, batch, labels, noon, observation_key, trace_id,
};
use crate::plans::{a_metric, rows};
use crate::stage::{Stage, WHOLE};

pub async fn everything_is_there_after_reopening(stage: &mut Stage) {
    stage
        .commit(
            batch()
                .with(a_trace("t1").name("a").input("1"))
                .with(a_trace("t2")),
        )
        .await;
    stage
        .commit(
            batch()
                .with(an_observation("t1", "o1").usage(1, 2))
                .with(a_series("gpu").point(0.0, 1.0)),
        )
        .await;
    stage.delete(["t2"]).await;
    stage.reopen().await;
    stage.same_records().await;
    stage
        .commit(
            batch()
                .with(a_trace("t1").sent(1.0).name("b"))
                .with(a_series("gpu").point(1.0, 2.0)),
        )
        .await;
    stage.reopen().await;
    stage.same_records().await;
    assert_eq!(stage.the_trace("t1").await.row.name.as_deref(), Some("b"));
    assert_eq!(stage.latest("gpu", []).await.len(), 1);
}

pub async fn a_commit_outlives_an_engine_that_is_not_closed(stage: &mut Stage) {
    for round in 0..3_u32 {
        let seconds = f64::from(round);
        let observation = an_observation("t1", &format!("o{round}"))
            .sent(seconds)
            .usage(1, 1)
            .input("1");
        let series = a_series("gpu").points([(seconds, seconds), (0.0, seconds)]);
        stage
            .commit(
                batch()
                    .with(a_trace("t1").sent(seconds).name("a"))
                    .with(observation)
                    .with(series),
            )
            .await;
        stage
            .commit(batch().with(a_trace(&format!("gone {round}"))))
            .await;
        stage.delete([&*format!("gone {round}")]).await;
        stage.reopen_without_closing().await;
        stage.same_records().await;
        stage.latest("gpu", []).await;
    }
    assert_eq!(stage.the_trace("t1").await.row.summary.observation_count, 3);
}

pub async fn deletions_and_expiry_outlive_reopening(stage: &mut Stage) {
    let day = 86_400.0;
    let old = |id: &str| a_trace(id).timestamp(after(-9.0 * day)).input("1");
    stage
        .commit(
            batch()
                .with_all(["t1", "t2", "t3"].map(old))
                .with(a_trace("t4").timestamp(noon())),
        )
        .await;
    stage
        .commit(batch().with(a_series("gpu").points([(-9.0 * day, 1.0), (0.0, 2.0)])))
        .await;
    stage.delete(["t1"]).await;
    stage.reopen().await;
    assert_eq!(stage.expire_traces(after(-day)).await, 2);
    assert_eq!(stage.expire_points(after(-day)).await, 1);
    stage.reopen_without_closing().await;
    stage.same_records().await;
    let all = a_metric("gpu")
        .between(after(-99.0 * day), after(day))
        .plan();
    assert_eq!(stage.query_metric(&all).await.series[0].points.len(), 1);
    assert_eq!(stage.expire_points(after(-day)).await, 0);
}

fn kind<T>(result: StoreResult<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind)
}

pub async fn every_call_after_close_is_unavailable(stage: &mut Stage) {
    stage
        .commit(
            batch()
                .with(a_trace("t1"))
                .with(a_series("gpu").point(0.0, 1.0)),
        )
        .await;
    let engine = stage.shared_engine();
    engine.close().await.expect("closes");
    let mut answers = ask_for_telemetry(engine.as_ref(), &stage.scope).await;
    answers.extend(ask_for_the_rest(engine.as_ref(), &stage.scope).await);
    for (call, kind) in answers {
        assert_eq!(kind, Some(ErrorKind::Unavailable), "{call}");
    }
    drop(engine);
    stage.reopen().await;
    stage.same_records().await;
}

/// The kind of error of each call that answers about traces and observations.
async fn ask_for_telemetry(
    engine: &dyn Engine,
    scope: &ProjectScope,
) -> Vec<(&'static str, Option<ErrorKind>)> {
    let (id, key) = (trace_id("t1"), observation_key("t1", "o1"));
    vec![
        (
            "commit",
            kind(engine.commit(batch().with(a_trace("t2")).build()).await),
        ),
        (
            "delete_traces",
            kind(engine.delete_traces(scope, &[trace_id("t1")]).await),
        ),
        (
            "query",
            kind(engine.query(scope, &rows(View::Traces)).await),
        ),
        ("trace", kind(engine.trace(scope, &id).await)),
        (
            "trace_observations",
            kind(engine.trace_observations(scope, &id, WHOLE).await),
        ),
        ("observation", kind(engine.observation(scope, &key).await)),
        (
            "observation_keys",
            kind(engine.observation_keys(scope, &key.id).await),
        ),
        (
            "trace_payloads",
            kind(engine.trace_payloads(scope, &[trace_id("t1")]).await),
        ),
        (
            "observation_payloads",
            kind(
                engine
                    .observation_payloads(scope, &[observation_key("t1", "o1")])
                    .await,
            ),
        ),
    ]
}

/// The kind of error of each call that answers about metrics, the catalogue and the engine itself.
async fn ask_for_the_rest(
    engine: &dyn Engine,
    scope: &ProjectScope,
) -> Vec<(&'static str, Option<ErrorKind>)> {
    vec![
        ("metric_names", kind(engine.metric_names(scope).await)),
        (
            "query_metric",
            kind(engine.query_metric(scope, &a_metric("gpu").plan()).await),
        ),
        (
            "latest_points",
            kind(engine.latest_points(scope, "gpu", &labels([]), 1).await),
        ),
        (
            "ensure_project",
            kind(engine.ensure_project(scope.project(), noon()).await),
        ),
        ("projects", kind(engine.projects().await)),
        (
            "expire",
            kind(
                engine
                    .expire(Expiry {
                        traces_before: Some(noon()),
                        points_before: None,
                    })
                    .await,
            ),
        ),
        ("probe", kind(engine.probe().await)),
    ]
}
