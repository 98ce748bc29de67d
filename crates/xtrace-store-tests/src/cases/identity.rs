//! Keys: any text is an id, and nothing of another project is ever seen.

use xtrace_query::{Condition, MetricAggregation, Value, View, traces as t};

use crate::builders::{
    a_series, a_trace, an_observation, batch, labels, observation_key, project, trace_id,
};
use crate::dataset::AWKWARD;
use crate::plans::{a_metric, keys, keys_where};
use crate::stage::{Stage, WHOLE};

pub async fn an_unknown_id_is_no_error(stage: &mut Stage) {
    assert_eq!(stage.trace("unknown").await, None);
    assert_eq!(stage.observation("unknown", "unknown").await, None);
    assert!(stage.trace_observations("unknown", WHOLE).await.is_empty());
    assert!(stage.observation_keys("unknown").await.is_empty());
    stage.commit(batch().with(a_trace("t1"))).await;
    assert_eq!(stage.observation("t1", "unknown").await, None);
    assert!(stage.trace_observations("t1", WHOLE).await.is_empty());
    assert_eq!(stage.delete(["unknown"]).await, 0);
}

pub async fn any_text_is_an_id(stage: &mut Stage) {
    let long = "ü".repeat(128);
    let longest = "x".repeat(256);
    let awkward = AWKWARD.into_iter().filter(|text| !text.is_empty());
    let ids: Vec<&str> = awkward
        .chain([
            &*long, &*longest, "a/b", "a:b", "..", "T1", "t1", "\u{1}", "\u{ff}",
        ])
        .collect();
    for id in &ids {
        let observation = an_observation(id, id).name(id).input("1");
        stage
            .commit(
                batch()
                    .with(a_trace(id).name(id).output("2"))
                    .with(observation),
            )
            .await;
    }
    stage.reopen().await;
    for id in &ids {
        assert_eq!(stage.the_trace(id).await.row.name.as_deref(), Some(*id));
        assert_eq!(
            stage.the_observation(id, id).await.row.name.as_deref(),
            Some(*id)
        );
        assert_eq!(stage.observation_keys(id).await, [observation_key(id, id)]);
        let plan = keys_where(View::Traces, Condition::equal(&t::ID, Value::text(*id)));
        assert_eq!(stage.query(&plan).await.rows, [[Value::text(*id)]]);
    }
    stage.same_records().await;
    let deleted = stage.delete(["T1", "..", "a/b"]).await;
    assert_eq!(
        (deleted, stage.query(&keys(View::Traces)).await.rows.len()),
        (3, ids.len() - 3)
    );
}

pub async fn an_id_is_not_the_beginning_of_another(stage: &mut Stage) {
    // Keys made by putting ids side by side would mix these up.
    let pairs = [
        ("a", "bc"),
        ("ab", "c"),
        ("abc", "abc"),
        ("a", "b"),
        ("a\u{1}b", "c"),
        ("a", "\u{1}b"),
    ];
    stage
        .commit(batch().with_all(pairs.map(|(trace, id)| an_observation(trace, id).name(id))))
        .await;
    for (trace, id) in pairs {
        assert_eq!(
            stage.the_observation(trace, id).await.row.name.as_deref(),
            Some(id)
        );
    }
    stage.same_records().await;
    stage.delete(["a"]).await;
    stage.same_records().await;
    assert_eq!(stage.query(&keys(View::Observations)).await.rows.len(), 3);
}

pub async fn at_most_a_hundred_keys_of_an_observation_id(stage: &mut Stage) {
    let observations = (0..150).map(|trace| an_observation(&format!("t{trace:03}"), "same"));
    stage.commit(batch().with_all(observations)).await;
    let keys = stage.observation_keys("same").await;
    assert_eq!((keys.len(), keys[99].trace_id.as_str()), (100, "t099"));
}

pub async fn nothing_of_another_project_is_seen(stage: &mut Stage) {
    let others = ["proj", "project2", "Project", "project%", "other"].map(project);
    for scope in [&stage.scope].into_iter().chain(&others) {
        let name = scope.project().as_str();
        let both = batch()
            .scope(scope)
            .with(a_trace("t1").name(name).input("1"))
            .with(an_observation("t1", "o1").name(name).usage(1, 1))
            .with(a_series("gpu").label("project", name).point(0.0, 1.0));
        stage.commit(both).await;
    }
    stage.same_records().await;
    assert_eq!(stage.query(&keys(View::Observations)).await.rows.len(), 1);
    assert_eq!(stage.the_trace("t1").await.row.summary.observation_count, 1);
    assert_eq!(stage.observation_keys("o1").await.len(), 1);
    assert_eq!(stage.latest("gpu", []).await.len(), 1);
    let sum = a_metric("gpu")
        .aggregation(MetricAggregation::Sum)
        .group_by([])
        .plan();
    assert_eq!(stage.query_metric(&sum).await.series[0].points[0].1, 1.0);
    stage.delete(["t1"]).await;
    for other in &others {
        let record = stage
            .engine()
            .trace(other, &trace_id("t1"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(record.row.name.as_deref(), Some(other.project().as_str()));
        assert_eq!(
            stage
                .engine()
                .query(other, &keys(View::Observations))
                .await
                .unwrap()
                .rows
                .len(),
            1
        );
        let payloads = stage
            .engine()
            .trace_payloads(other, &[trace_id("t1")])
            .await
            .unwrap();
        assert!(payloads[0].input.is_some());
    }
    assert_eq!(stage.trace("t1").await, None);
}

pub async fn one_batch_may_write_to_several_projects(stage: &mut Stage) {
    let other = project("other");
    let both = batch()
        .with(a_trace("t1").name("here"))
        .scope(&other)
        .with(a_trace("t1").name("there"))
        .with(an_observation("t1", "o1"))
        .with(a_series("there").point(0.0, 1.0));
    stage.commit(both).await;
    let here = stage.the_trace("t1").await.row;
    assert_eq!(
        (here.name.as_deref(), here.summary.observation_count),
        (Some("here"), 0)
    );
    let there = stage
        .engine()
        .trace(&other, &trace_id("t1"))
        .await
        .unwrap()
        .unwrap()
        .row;
    assert_eq!(
        (there.name.as_deref(), there.summary.observation_count),
        (Some("there"), 1)
    );
    assert!(stage.metric_names().await.is_empty());
    assert_eq!(
        stage.engine().metric_names(&other).await.unwrap(),
        [Box::from("there")]
    );
    let latest = stage
        .engine()
        .latest_points(&other, "there", &labels([]), 10)
        .await
        .unwrap();
    assert_eq!(latest.len(), 1);
}

pub async fn a_project_nobody_wrote_to_is_empty(stage: &mut Stage) {
    stage
        .commit(
            batch()
                .with(a_trace("t1"))
                .with(a_series("gpu").point(0.0, 1.0)),
        )
        .await;
    let nobody = project("nobody's");
    assert_eq!(
        stage
            .engine()
            .trace(&nobody, &trace_id("t1"))
            .await
            .unwrap(),
        None
    );
    assert!(
        stage
            .engine()
            .query(&nobody, &keys(View::Traces))
            .await
            .unwrap()
            .rows
            .is_empty()
    );
    assert!(
        stage
            .engine()
            .metric_names(&nobody)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        stage
            .engine()
            .delete_traces(&nobody, &[trace_id("t1")])
            .await
            .unwrap(),
        0
    );
    assert!(stage.trace("t1").await.is_some());
}
