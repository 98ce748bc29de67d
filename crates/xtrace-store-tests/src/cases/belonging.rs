//! Traces and their observations: in any order of arrival, and what the ones sum up to in the others.

use xtrace_model::{Level, ObservationType, Usd};

use crate::builders::{a_trace, after, an_observation, batch};
use crate::stage::{Stage, WHOLE};

pub async fn an_observation_brings_its_trace_into_being(stage: &mut Stage) {
    let sent = an_observation("t1", "o1")
        .sent(2.0)
        .from_to(after(-9.0), after(-7.0))
        .usage(10, 5);
    stage.commit(batch().with(sent)).await;
    let row = stage.the_trace("t1").await.row;
    assert_eq!(
        (row.name, row.timestamp, row.latency_s),
        (None, after(-9.0), Some(2.0))
    );
    assert_eq!((row.created_at, row.updated_at), (after(2.0), after(2.0)));
    assert_eq!(
        (row.summary.observation_count, row.summary.total_tokens),
        (1, 15)
    );
}

pub async fn a_trace_may_be_completed_after_its_observations(stage: &mut Stage) {
    stage
        .commit(
            batch().with(
                an_observation("t1", "o1")
                    .sent(2.0)
                    .start(after(-9.0))
                    .usage(10, 5),
            ),
        )
        .await;
    stage
        .commit(batch().with(a_trace("t1").sent(3.0).name("late").timestamp(after(-10.0))))
        .await;
    stage
        .commit(batch().with(an_observation("t1", "o2").sent(4.0).start(after(-8.0))))
        .await;
    let row = stage.the_trace("t1").await.row;
    assert_eq!(
        (row.name.as_deref(), row.timestamp),
        (Some("late"), after(-10.0))
    );
    assert_eq!(
        (row.created_at, row.summary.observation_count),
        (after(2.0), 2)
    );
}

pub async fn children_may_come_before_parents(stage: &mut Stage) {
    stage
        .commit(
            batch().with(
                an_observation("t1", "child")
                    .parent("root")
                    .start(after(1.0)),
            ),
        )
        .await;
    stage
        .commit(
            batch().with(
                an_observation("t1", "root")
                    .start(after(0.0))
                    .kind(ObservationType::Agent),
            ),
        )
        .await;
    let records = stage.trace_observations("t1", WHOLE).await;
    let ids: Vec<&str> = records
        .iter()
        .map(|record| record.row.key.id.as_str())
        .collect();
    assert_eq!(ids, ["root", "child"]);
    assert_eq!(
        records[1]
            .row
            .parent_observation_id
            .as_ref()
            .map(AsRef::as_ref),
        Some("root")
    );
}

pub async fn two_traces_may_share_an_observation_id(stage: &mut Stage) {
    let [first, second] =
        ["t1", "t2"].map(|trace| an_observation(trace, "o1").name(trace).input(r#""in""#));
    stage.commit(batch().with(second).with(first)).await;
    for trace in ["t1", "t2"] {
        assert_eq!(
            stage.the_observation(trace, "o1").await.row.name.as_deref(),
            Some(trace)
        );
        assert_eq!(
            stage.the_trace(trace).await.row.summary.observation_count,
            1
        );
    }
    assert_eq!(stage.observation_keys("o1").await.len(), 2);
    stage.delete(["t1"]).await;
    assert_eq!(stage.observation("t1", "o1").await, None);
    assert_eq!(stage.observation_keys("o1").await.len(), 1);
}

pub async fn summaries_follow_their_observations(stage: &mut Stage) {
    stage
        .commit(
            batch()
                .with(
                    an_observation("t1", "o1")
                        .from_to(after(0.0), after(2.0))
                        .usage(10, 5)
                        .model("m1"),
                )
                .with(
                    an_observation("t1", "o2")
                        .from_to(after(1.0), after(4.0))
                        .cost([("total", "0.1")]),
                ),
        )
        .await;
    stage
        .commit(
            batch()
                .with(
                    an_observation("t1", "o1")
                        .sent(1.0)
                        .usage(20, 5)
                        .level(Level::Warning)
                        .model("m2"),
                )
                .with(
                    an_observation("t1", "o3")
                        .start(after(9.0))
                        .cost([("input", "0.2"), ("output", "0.3")]),
                ),
        )
        .await;
    let row = stage.the_trace("t1").await.row;
    let summary = row.summary;
    assert_eq!(
        (
            summary.observation_count,
            summary.input_tokens,
            summary.total_tokens
        ),
        (3, 20, 25)
    );
    assert_eq!(
        (summary.first_time, summary.last_time),
        (Some(after(0.0)), Some(after(9.0)))
    );
    assert_eq!((row.latency_s, row.level), (Some(9.0), Level::Warning));
    assert_eq!(row.total_cost, Some(Usd::parse("0.6").unwrap()));
    assert_eq!(
        summary
            .models
            .keys()
            .map(AsRef::as_ref)
            .collect::<Vec<&str>>(),
        ["m2"]
    );
}

pub async fn a_summary_follows_when_the_first_and_last_shrink(stage: &mut Stage) {
    let first = an_observation("t1", "o1")
        .sent(9.0)
        .from_to(after(0.0), after(8.0));
    stage
        .commit(
            batch()
                .with(first)
                .with(an_observation("t1", "o2").from_to(after(2.0), after(3.0))),
        )
        .await;
    // The start that was sent first stands, so an earlier event moves it; the end that was sent last stands.
    let patch = an_observation("t1", "o1").sent(1.0).start(after(4.0));
    stage
        .commit(
            batch()
                .with(patch)
                .with(an_observation("t1", "o1").sent(10.0).end(after(5.0))),
        )
        .await;
    let summary = stage.the_trace("t1").await.row.summary;
    assert_eq!(
        (summary.first_time, summary.last_time),
        (Some(after(2.0)), Some(after(5.0)))
    );
    assert_eq!(summary.observation_count, 2);
}
