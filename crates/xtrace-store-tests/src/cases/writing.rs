//! What a commit leaves, and what it reports.

use xtrace_model::{Level, ObservationType, Usd};
use xtrace_store::Outcome;

use crate::builders::{a_series, a_trace, after, an_observation, batch, noon};
use crate::stage::{Stage, WHOLE};

pub async fn a_commit_is_visible_when_it_returns(stage: &mut Stage) {
    stage
        .commit(
            batch().with(
                a_trace("t1")
                    .name("checkout")
                    .timestamp(after(-5.0))
                    .input(r#"{"q":1}"#),
            ),
        )
        .await;
    let record = stage.the_trace("t1").await;
    assert_eq!(record.row.name.as_deref(), Some("checkout"));
    assert_eq!(record.row.timestamp, after(-5.0));
    assert_eq!(record.row.created_at, noon());
    assert_eq!(&*record.row.environment, "default");
    assert_eq!(record.payload.input.unwrap().as_str(), r#"{"q":1}"#);
    assert_eq!(record.payload.output, None);
}

pub async fn outcomes_follow_the_order_of_items(stage: &mut Stage) {
    stage.commit(batch().with(a_trace("t1").name("a"))).await;
    let report = stage
        .commit(
            batch()
                .with(an_observation("t2", "o1").name("new"))
                .with(a_trace("t1").name("a"))
                .with(a_series("gpu").points([(0.0, 1.0), (1.0, 2.0), (0.0, 1.0)]))
                .with(a_trace("t3").name("new")),
        )
        .await;
    let points = Outcome::Points {
        accepted: 2,
        duplicate: 1,
    };
    assert_eq!(
        report,
        [
            Outcome::Accepted,
            Outcome::Duplicate,
            points,
            Outcome::Accepted
        ]
    );
}

pub async fn what_was_there_already_is_a_duplicate(stage: &mut Stage) {
    let sent = || {
        batch()
            .with(
                a_trace("t1")
                    .name("a")
                    .tags(["x"])
                    .input("[1]")
                    .metadata(r#"{"k":1}"#),
            )
            .with(
                an_observation("t1", "o1")
                    .name("b")
                    .usage(3, 4)
                    .output("2")
                    .metadata(r#"{"k":{"l":[]}}"#),
            )
            .with(a_series("gpu").point(0.0, 1.5))
    };
    stage.commit(sent()).await;
    let before = (
        stage.the_trace("t1").await,
        stage.the_observation("t1", "o1").await,
    );
    let report = stage.commit(sent()).await;
    let points = Outcome::Points {
        accepted: 0,
        duplicate: 1,
    };
    assert_eq!(report, [Outcome::Duplicate, Outcome::Duplicate, points]);
    assert_eq!(
        (
            stage.the_trace("t1").await,
            stage.the_observation("t1", "o1").await
        ),
        before
    );
}

pub async fn later_events_win_field_by_field(stage: &mut Stage) {
    stage
        .commit(batch().with(a_trace("t1").name("old").user("u1").input("1")))
        .await;
    stage
        .commit(
            batch().with(
                a_trace("t1")
                    .sent(1.0)
                    .name("new")
                    .session("s1")
                    .output("2"),
            ),
        )
        .await;
    let record = stage.the_trace("t1").await;
    assert_eq!(record.row.name.as_deref(), Some("new"));
    assert_eq!(record.row.user_id.as_deref(), Some("u1"));
    assert_eq!(record.row.session_id.as_deref(), Some("s1"));
    assert_eq!(record.payload.input.unwrap().as_str(), "1");
    assert_eq!(record.payload.output.unwrap().as_str(), "2");
    assert_eq!(
        (record.row.created_at, record.row.updated_at),
        (noon(), after(1.0))
    );
}

pub async fn earlier_events_change_nothing_that_is_later(stage: &mut Stage) {
    stage
        .commit(
            batch().with(
                an_observation("t1", "o1")
                    .sent(5.0)
                    .name("new")
                    .level(Level::Error),
            ),
        )
        .await;
    stage
        .commit(batch().with(an_observation("t1", "o1").sent(1.0).name("old").model("m")))
        .await;
    let row = stage.the_observation("t1", "o1").await.row;
    assert_eq!(row.name.as_deref(), Some("new"));
    assert_eq!(row.level, Level::Error);
    assert_eq!(row.model.as_deref(), Some("m"));
    assert_eq!(row.created_at, after(1.0));
}

pub async fn an_explicit_null_clears(stage: &mut Stage) {
    stage
        .commit(batch().with(a_trace("t1").name("a").input("1")))
        .await;
    stage
        .commit(batch().with(an_observation("t1", "o1").model("m").cost([("total", "1")])))
        .await;
    stage
        .commit(batch().with(a_trace("t1").sent(1.0).without_name().without_input()))
        .await;
    stage
        .commit(
            batch().with(
                an_observation("t1", "o1")
                    .sent(1.0)
                    .without_model()
                    .without_cost(),
            ),
        )
        .await;
    let record = stage.the_trace("t1").await;
    assert_eq!((record.row.name, record.payload.input), (None, None));
    assert_eq!(
        (record.row.total_cost, record.row.summary.models.len()),
        (None, 0)
    );
    assert_eq!(stage.the_observation("t1", "o1").await.row.model, None);
}

pub async fn one_batch_may_hold_the_same_key_several_times(stage: &mut Stage) {
    let report = stage
        .commit(
            batch()
                .with(an_observation("t1", "o1").name("a").usage(1, 1))
                .with(a_trace("t1").name("x"))
                .with(an_observation("t1", "o1").rank(1).name("b").usage(2, 2))
                .with(a_trace("t1").rank(1).user("u"))
                .with(an_observation("t1", "o1").rank(1).name("b").usage(2, 2)),
        )
        .await;
    let [accepted, duplicate] = [Outcome::Accepted, Outcome::Duplicate];
    assert_eq!(
        report,
        [
            accepted.clone(),
            accepted.clone(),
            accepted.clone(),
            accepted,
            duplicate
        ]
    );
    let trace = stage.the_trace("t1").await.row;
    assert_eq!(
        (trace.name.as_deref(), trace.user_id.as_deref()),
        (Some("x"), Some("u"))
    );
    assert_eq!(
        (trace.summary.observation_count, trace.summary.total_tokens),
        (1, 4)
    );
}

pub async fn tags_unite(stage: &mut Stage) {
    stage
        .commit(batch().with(a_trace("t1").tags(["b", "a"])))
        .await;
    stage
        .commit(batch().with(a_trace("t1").tags(["c", "a"])))
        .await;
    let tags = stage.the_trace("t1").await.row.tags;
    assert_eq!(
        tags.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
        ["a", "b", "c"]
    );
}

pub async fn metadata_merges_deeply(stage: &mut Stage) {
    stage
        .commit(batch().with(a_trace("t1").metadata(r#"{"a":{"x":1,"y":1.50},"b":[1]}"#)))
        .await;
    stage
        .commit(
            batch().with(
                a_trace("t1")
                    .sent(1.0)
                    .metadata(r#"{"a":{"x":2,"z":null},"c":"C"}"#),
            ),
        )
        .await;
    stage
        .commit(batch().with(an_observation("t1", "o1").metadata(r#""not an object""#)))
        .await;
    let metadata = stage.the_trace("t1").await.payload.metadata.unwrap();
    assert_eq!(
        metadata.as_str(),
        r#"{"a":{"x":2,"y":1.50,"z":null},"b":[1],"c":"C"}"#
    );
    let metadata = stage
        .the_observation("t1", "o1")
        .await
        .payload
        .unwrap()
        .metadata
        .unwrap();
    assert_eq!(metadata.as_str(), r#"{"metadata":"not an object"}"#);
}

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
