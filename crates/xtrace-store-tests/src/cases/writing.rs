//! What a commit leaves, and what it reports.

use xtrace_model::Level;
use xtrace_store::Outcome;

use crate::builders::{a_series, a_trace, after, an_observation, batch, noon};
use crate::stage::Stage;

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
