//! Hot rows and the file are one.

use xtrace_query::{Order, OrderBy, Plan, View, observations, traces};
use xtrace_store::{Outcome, TelemetryReader, TraceWindow, Upkeep};
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedOptions};

use crate::support::{
    at, commit, count, everything, ints, observation, open, options, plan, points, scope, texts,
    trace, trace_id,
};

#[tokio::test]
async fn commits_wait_for_room_when_points_come_faster_than_they_are_moved() {
    let dir = tempfile::tempdir().unwrap();
    let few = EmbeddedOptions {
        move_rows: 50,
        ..options(&dir)
    };
    let engine = EmbeddedEngine::open(few).unwrap();
    for batch in 0..30 {
        let sent: Vec<(i64, f64)> = (0..100).map(|n| (batch * 100 + n, 1.0)).collect();
        let report = commit(&engine, vec![points("load", "a", &sent)]).await;
        let expected = Outcome::Points {
            accepted: 100,
            duplicate: 0,
        };
        assert_eq!(report, [expected]);
    }
}

#[tokio::test]
async fn a_commit_is_seen_at_once_and_after_a_move_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    let report = commit(
        &engine,
        vec![
            trace(1, "first", 0),
            observation(1, 1, 0, 10),
            observation(1, 2, 5, 7),
        ],
    )
    .await;
    assert_eq!(report, vec![Outcome::Accepted; 3]);
    let hot = everything(&engine, View::Traces).await;
    assert_eq!(hot.rows.len(), 1);
    let tokens = hot.column("totalTokens").unwrap();
    assert_eq!(ints(&hot, tokens), [17]);

    engine.move_now().unwrap();
    assert_eq!(everything(&engine, View::Traces).await, hot);
    assert_eq!(count(&engine, View::Observations).await, 2);
    drop(engine);

    let engine = open(&dir);
    assert_eq!(everything(&engine, View::Traces).await, hot);
    let record = engine.trace(&scope(), &trace_id(1)).await.unwrap().unwrap();
    assert_eq!(
        record.payload.input.unwrap().as_str(),
        "{\"asked\":\"first\"}"
    );
    assert_eq!(record.row.summary.observation_count, 2);
    let window = TraceWindow {
        payloads: true,
        limit: 10,
        offset: 1,
    };
    let second = engine
        .trace_observations(&scope(), &trace_id(1), window)
        .await
        .unwrap();
    assert_eq!(second.len(), 1);
    assert!(second[0].payload.as_ref().unwrap().output.is_some());
    engine.close().await.unwrap();
    assert!(
        engine
            .query(&scope(), &plan(View::Traces, vec![&traces::ID], vec![]))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_row_changed_after_its_move_hides_the_older_version_until_the_next_move() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    commit(&engine, vec![trace(1, "old", 0), observation(1, 1, 0, 10)]).await;
    engine.move_now().unwrap();
    commit(&engine, vec![trace(1, "new", 10)]).await;
    let names = plan(View::Traces, vec![&traces::NAME], vec![]);
    for _ in 0..2 {
        let table = engine.query(&scope(), &names).await.unwrap();
        assert_eq!(texts(&table, 0), ["new"]);
        engine.move_now().unwrap();
    }
    assert_eq!(
        commit(&engine, vec![trace(1, "new", 10)]).await,
        [Outcome::Duplicate]
    );
}

#[tokio::test]
async fn an_unmoved_log_is_replayed_row_by_row() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    for number in 0..20 {
        commit(
            &engine,
            vec![trace(number % 5, &format!("n{number}"), number as i64)],
        )
        .await;
        commit(
            &engine,
            vec![observation(number % 5, number, number as i64, 1)],
        )
        .await;
        if number == 9 {
            engine.move_now().unwrap();
        }
    }
    commit(&engine, vec![points("gpu", "a", &[(0, 1.0), (10, 2.0)])]).await;
    let before = (
        everything(&engine, View::Traces).await,
        everything(&engine, View::Observations).await,
    );
    drop(engine);
    let engine = open(&dir);
    let after = (
        everything(&engine, View::Traces).await,
        everything(&engine, View::Observations).await,
    );
    assert_eq!(before, after);
    let outcome = commit(
        &engine,
        vec![points("gpu", "a", &[(10, 2.0), (0, 3.0), (20, 1.0)])],
    )
    .await;
    assert_eq!(
        outcome,
        [Outcome::Points {
            accepted: 2,
            duplicate: 1
        }]
    );
}

#[tokio::test]
async fn a_foreign_field_is_read_from_the_trace() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    commit(
        &engine,
        vec![trace(1, "the trace", 0), observation(1, 1, 0, 10)],
    )
    .await;
    engine.move_now().unwrap();
    commit(&engine, vec![observation(1, 2, 3, 10)]).await;
    let joined = plan(
        View::Observations,
        vec![&observations::ID, &traces::NAME],
        vec![],
    );
    let table = engine.query(&scope(), &joined).await.unwrap();
    assert_eq!(texts(&table, 1), ["the trace", "the trace"]);
    assert_eq!(at(0).to_string(), "2026-01-05T00:00:00Z");
}

#[tokio::test]
async fn a_page_of_whole_rows_is_that_of_its_keys() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    // Traces share the ids of their observations, so that parts of keys occur in many rows.
    for number in 0..60 {
        let seconds = i64::try_from(number % 7).unwrap();
        commit(
            &engine,
            vec![observation(number % 5, number / 5, seconds, number as u64)],
        )
        .await;
        if number % 25 == 11 {
            engine.move_now().unwrap();
        }
    }
    let fields = View::Observations.def().fields.to_vec();
    let keys = View::Observations.def().key.to_vec();
    for (offset, descending) in [(0, true), (10, true), (55, false), (70, false)] {
        let by = OrderBy::Field(&observations::START_TIME);
        let order = vec![Order { by, descending }];
        let page = |fields| Plan {
            order: order.clone(),
            offset,
            limit: 9,
            ..plan(View::Observations, fields, vec![])
        };
        let rows = engine.query(&scope(), &page(fields.clone())).await.unwrap();
        let wanted = engine.query(&scope(), &page(keys.clone())).await.unwrap();
        assert_eq!(rows.columns.len(), fields.len());
        assert_eq!(
            (texts(&rows, 0), texts(&rows, 1)),
            (texts(&wanted, 0), texts(&wanted, 1))
        );
    }
}
