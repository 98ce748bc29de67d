//! Retention, rebuilding, closing.

use xtrace_query::{LatestPoint, View, traces};
use xtrace_store::{
    ErrorKind, Expired, Expiry, MetricReader, TelemetryReader, TelemetryWriter, TraceWindow, Upkeep,
};
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedError, Progress, rebuild};

use crate::support::{
    at, commit, count, everything, observation, open, options, plan, points, scope, trace, trace_id,
};

const WEEK: i64 = 7 * 86_400;

async fn gauge(engine: &EmbeddedEngine, name: &str) -> f64 {
    let stats = engine.stats().await.unwrap();
    let gauge = stats.gauges.iter().find(|(gauge, _)| *gauge == name);
    gauge.unwrap().1
}

#[tokio::test]
async fn expired_traces_go_with_their_payloads_and_partitions() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    for number in 0..6 {
        let seconds = i64::try_from(number).unwrap() * WEEK;
        let items = vec![
            trace(number, "t", seconds),
            observation(number, 1, seconds, 1),
        ];
        commit(&engine, items).await;
        if number == 2 {
            engine.move_now().unwrap();
        }
    }
    // Begun in the first week and still active in the last: it stays, and so do its payloads.
    commit(&engine, vec![observation(1, 2, 5 * WEEK, 1)]).await;
    assert!(gauge(&engine, "payload_partitions").await >= 6.0);
    let before = Expiry {
        traces_before: Some(at(4 * WEEK)),
        points_before: None,
    };
    let expired = engine.expire(before).await.unwrap();
    assert_eq!(
        expired,
        Expired {
            traces: 3,
            points: 0
        }
    );
    assert_eq!(engine.expire(before).await.unwrap(), Expired::default());
    assert_eq!(count(&engine, View::Traces).await, 3);
    assert!(
        engine
            .trace(&scope(), &trace_id(0))
            .await
            .unwrap()
            .is_none()
    );
    let window = TraceWindow {
        payloads: true,
        limit: 10,
        offset: 0,
    };
    let kept = engine
        .trace_observations(&scope(), &trace_id(1), window)
        .await
        .unwrap();
    assert!(
        kept.iter()
            .all(|one| one.payload.as_ref().unwrap().output.is_some())
    );
    assert!(gauge(&engine, "payload_partitions").await <= 4.0);
    drop(engine);
    let engine = open(&dir);
    assert_eq!(count(&engine, View::Observations).await, 4);
    assert!(gauge(&engine, "payload_partitions").await <= 4.0);
}

#[tokio::test]
async fn expired_points_go_with_series_that_have_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    commit(
        &engine,
        vec![
            points("old", "a", &[(0, 1.0)]),
            points("new", "a", &[(0, 1.0), (WEEK, 2.0)]),
        ],
    )
    .await;
    let before = Expiry {
        traces_before: None,
        points_before: Some(at(WEEK)),
    };
    assert_eq!(
        engine.expire(before).await.unwrap(),
        Expired {
            traces: 0,
            points: 2
        }
    );
    assert_eq!(engine.metric_names(&scope()).await.unwrap(), ["new".into()]);
    let latest: Vec<LatestPoint> = engine
        .latest_points(&scope(), "new", &Default::default(), 9)
        .await
        .unwrap();
    assert_eq!((latest[0].timestamp, latest[0].value), (at(WEEK), 2.0));
    // What went may be sent again, under a new series.
    commit(&engine, vec![points("old", "a", &[(2 * WEEK, 3.0)])]).await;
    drop(engine);
    assert_eq!(
        open(&dir).metric_names(&scope()).await.unwrap(),
        ["new".into(), "old".into()]
    );
}

#[tokio::test]
async fn a_lost_or_damaged_file_is_rebuilt_from_the_truth_and_points_are_kept_where_they_can_be() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    for number in 0..30 {
        let seconds = i64::try_from(number).unwrap();
        let items = vec![
            trace(number % 7, &format!("n{number}"), seconds),
            observation(number % 7, number, seconds, 3),
            points(
                "gpu",
                "a",
                &[(seconds % 20, f64::from(u8::try_from(number).unwrap()))],
            ),
        ];
        commit(&engine, items).await;
        if number % 10 == 4 {
            engine.move_now().unwrap();
        }
    }
    let rows = (
        everything(&engine, View::Traces).await,
        everything(&engine, View::Observations).await,
    );
    let latest = engine
        .latest_points(&scope(), "gpu", &Default::default(), 9)
        .await
        .unwrap();
    drop(engine);

    let mut last = Progress::default();
    rebuild(&options(&dir), &mut |progress| last = progress).unwrap();
    assert_eq!((last.traces, last.observations, last.points), (7, 30, 20));
    let engine = open(&dir);
    let rebuilt = (
        everything(&engine, View::Traces).await,
        everything(&engine, View::Observations).await,
    );
    assert_eq!(rebuilt, rows);
    assert_eq!(
        engine
            .latest_points(&scope(), "gpu", &Default::default(), 9)
            .await
            .unwrap(),
        latest
    );
    commit(&engine, vec![trace(1, "after", 100)]).await;
    engine.close().await.unwrap();
    drop(engine);

    std::fs::remove_file(dir.path().join("projection.duckdb")).unwrap();
    let refused = EmbeddedEngine::open(options(&dir)).err().unwrap();
    assert!(
        matches!(refused, EmbeddedError::PointsLost { .. }),
        "points may not vanish without a word: {refused}"
    );
    rebuild(&options(&dir), &mut |_| {}).unwrap();
    let engine = open(&dir);
    assert_eq!(count(&engine, View::Observations).await, 30);
    let names = plan(View::Traces, vec![&traces::NAME], vec![]);
    let names = engine.query(&scope(), &names).await.unwrap();
    assert!(
        names
            .rows
            .iter()
            .any(|row| row[0].as_text() == Some("after"))
    );
}

#[tokio::test]
async fn a_closed_engine_has_nothing_left_to_do_and_says_that_it_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    commit(&engine, vec![trace(1, "t", 0)]).await;
    engine.probe().await.unwrap();
    let second = EmbeddedEngine::open(options(&dir)).err().unwrap();
    assert!(
        matches!(
            second,
            EmbeddedError::Locked {
                holder: Some(_),
                ..
            }
        ),
        "{second}"
    );
    engine.close().await.unwrap();
    assert_eq!(
        engine.probe().await.unwrap_err().kind,
        ErrorKind::Unavailable
    );
    drop(engine);
    let again = open(&dir);
    assert!(gauge(&again, "hot_rows").await.abs() < 1.0);
    assert_eq!(count(&again, View::Traces).await, 1);
}

#[tokio::test]
async fn a_closed_store_leaves_no_journal_to_read_and_one_that_was_not_closed_is_read_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = open(&dir);
    let mut seen = Vec::new();
    let journals = || {
        let entries = std::fs::read_dir(dir.path().join("truth")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let journals = paths.filter(|path| path.extension().is_some_and(|end| end == "jnl"));
        journals
            .map(|path| path.metadata().unwrap().len())
            .collect::<Vec<_>>()
    };
    for number in 0..6 {
        let items = vec![trace(number, "t", 0), observation(number, 1, 1, 1)];
        commit(&engine, items).await;
        if number == 3 {
            let deleted = [trace_id(0)];
            engine.delete_traces(&scope(), &deleted).await.unwrap();
        }
        let all = everything(&engine, View::Observations).await;
        if number % 2 == 0 {
            engine.close().await.unwrap();
        }
        drop(engine);
        if number % 2 == 0 {
            assert_eq!(journals(), [0], "{number}");
        } else {
            assert!(journals().iter().any(|length| *length > 0), "{number}");
        }
        engine = open(&dir);
        assert_eq!(everything(&engine, View::Observations).await, all);
        seen.push(all.rows.len());
    }
    assert_eq!(seen, [1, 2, 3, 3, 4, 5]);
}
