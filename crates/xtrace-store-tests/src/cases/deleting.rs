//! Deleting traces.

use crate::builders::{a_trace, after, an_observation, batch};
use crate::stage::{Stage, WHOLE};

pub async fn deleted_traces_are_gone_with_all_that_belongs_to_them(stage: &mut Stage) {
    for id in ["t1", "t2", "t3"] {
        let observation = an_observation(id, "o1").usage(1, 1).input(r#""long""#);
        stage
            .commit(
                batch()
                    .with(a_trace(id).name(id).input("1"))
                    .with(observation),
            )
            .await;
    }
    assert_eq!(stage.delete(["t1", "t3", "unknown", "t1"]).await, 2);
    assert_eq!(stage.trace("t1").await, None);
    assert_eq!(stage.observation("t1", "o1").await, None);
    assert!(stage.trace_observations("t3", WHOLE).await.is_empty());
    assert!(stage.trace("t2").await.is_some());
    stage.same_records().await;
    assert_eq!(stage.delete(["t1"]).await, 0);
}

pub async fn what_is_sent_after_a_deletion_starts_anew(stage: &mut Stage) {
    let sent = a_trace("t1")
        .sent(5.0)
        .name("old")
        .tags(["old"])
        .input("1")
        .metadata(r#"{"old":1}"#);
    stage
        .commit(
            batch()
                .with(sent)
                .with(an_observation("t1", "o1").sent(5.0).usage(9, 9).output("2")),
        )
        .await;
    stage.delete(["t1"]).await;
    stage
        .commit(
            batch()
                .with(a_trace("t1").sent(1.0).user("new"))
                .with(an_observation("t1", "o1").sent(1.0)),
        )
        .await;
    let record = stage.the_trace("t1").await;
    assert_eq!(
        (record.row.name, record.row.user_id.as_deref()),
        (None, Some("new"))
    );
    assert_eq!(
        (record.row.tags.len(), record.row.summary.total_tokens),
        (0, 0)
    );
    assert_eq!(
        (record.payload.input, record.payload.metadata),
        (None, None)
    );
    assert_eq!(record.row.created_at, after(1.0));
    assert_eq!(
        stage
            .the_observation("t1", "o1")
            .await
            .payload
            .unwrap()
            .output,
        None
    );
    stage.same_records().await;
}
