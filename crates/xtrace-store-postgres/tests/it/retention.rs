//! Retention: weeks are dropped whole, and writers go on meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::{Connection as _, Executor as _};
use xtrace_model::{ManualClock, Timestamp};
use xtrace_store::{
    Expired, Expiry, Outcome, TelemetryReader, TelemetryWriter, TraceWindow, Upkeep,
};
use xtrace_store_tests::builders::{
    PROJECT, a_series, a_trace, an_observation, batch, project, trace_id,
};

use crate::support::{database, open_at, options, psql, time};

const TABLES_OF_OLD_WEEK: &str =
    "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname LIKE '%\\_20260105'";

/// A trace of the week that began on 2026-01-05, and the present, ten weeks later.
async fn with_an_old_trace(
    database: &str,
) -> (xtrace_store_postgres::PostgresEngine, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(time("2026-01-07T12:00:00Z")));
    let engine = open_at(database, &clock).await;
    let start = time("2026-01-07T11:00:00Z");
    let old = batch()
        .with(a_trace("old").timestamp(start).input("\"x\""))
        .with(an_observation("old", "o").start(start).output("\"y\""));
    engine.commit(old.build()).await.unwrap();
    clock.set(time("2026-03-18T12:00:00Z"));
    (engine, clock)
}

fn traces_before(cutoff: &str) -> Expiry {
    Expiry {
        traces_before: Some(time(cutoff)),
        points_before: None,
    }
}

#[tokio::test]
async fn a_week_of_old_traces_is_dropped_as_tables() {
    let database = database();
    let (engine, _) = with_an_old_trace(&database).await;
    let new = batch().with(a_trace("new").timestamp(time("2026-03-18T11:00:00Z")));
    engine.commit(new.build()).await.unwrap();
    assert_eq!(
        psql(&database, TABLES_OF_OLD_WEEK),
        "7",
        "five of telemetry, two of points"
    );

    let expired = engine
        .expire(traces_before("2026-02-18T00:00:00Z"))
        .await
        .unwrap();

    assert_eq!(
        expired,
        Expired {
            traces: 1,
            points: 0
        }
    );
    assert_eq!(psql(&database, TABLES_OF_OLD_WEEK), "2");
    assert_eq!(psql(&database, "SELECT trace_id FROM trace_keys"), "new");
    assert_eq!(psql(&database, "SELECT count(*) FROM retired_parts"), "0");
    assert_eq!(
        engine
            .trace(&project(PROJECT), &trace_id("old"))
            .await
            .unwrap(),
        None
    );
    assert!(
        engine
            .trace(&project(PROJECT), &trace_id("new"))
            .await
            .unwrap()
            .is_some()
    );
    let again = engine
        .expire(traces_before("2026-02-18T00:00:00Z"))
        .await
        .unwrap();
    assert_eq!(again, Expired::default());
}

#[tokio::test]
async fn a_week_with_an_active_trace_stays_and_loses_only_its_old_ones() {
    let database = database();
    let (engine, _) = with_an_old_trace(&database).await;
    let start = time("2026-01-07T11:30:00Z");
    let end = time("2026-03-18T11:00:00Z");
    // The clock stands in March, but these belong to the week in which the trace was first heard of.
    let clock = Arc::new(ManualClock::at(time("2026-01-08T12:00:00Z")));
    let earlier = open_at(&database, &clock).await;
    earlier
        .commit(batch().with(a_trace("long").timestamp(start)).build())
        .await
        .unwrap();
    engine
        .commit(
            batch()
                .with(an_observation("long", "o").from_to(start, end))
                .build(),
        )
        .await
        .unwrap();

    let expired = engine
        .expire(traces_before("2026-02-18T00:00:00Z"))
        .await
        .unwrap();

    assert_eq!(expired.traces, 1);
    assert_eq!(
        psql(&database, "SELECT DISTINCT trace_id FROM observations"),
        "long"
    );
    assert_eq!(psql(&database, TABLES_OF_OLD_WEEK), "7");
}

#[tokio::test]
async fn what_comes_late_for_a_dropped_week_starts_anew() {
    let database = database();
    let (engine, _) = with_an_old_trace(&database).await;
    // As after a crash between detaching and dropping: the key is still there and means nothing.
    let cutoff = "timestamptz '2026-02-18 00:00:00+00'";
    let retired = psql(
        &database,
        &format!("SELECT xtrace_retire_week(date '2026-01-05', {cutoff})"),
    );
    assert_eq!(retired, "t");
    assert_eq!(
        engine
            .trace(&project(PROJECT), &trace_id("old"))
            .await
            .unwrap(),
        None
    );

    let late = batch().with(an_observation("old", "late").start(time("2026-03-18T11:00:00Z")));
    assert_eq!(
        engine.commit(late.build()).await.unwrap(),
        [Outcome::Accepted]
    );

    engine
        .expire(traces_before("2026-02-18T00:00:00Z"))
        .await
        .unwrap();
    assert_eq!(psql(&database, TABLES_OF_OLD_WEEK), "2");
    let window = TraceWindow {
        payloads: true,
        limit: 10,
        offset: 0,
    };
    let observations = engine
        .trace_observations(&project(PROJECT), &trace_id("old"), window)
        .await
        .unwrap();
    let ids: Vec<&str> = observations
        .iter()
        .map(|observation| observation.row.key.id.as_str())
        .collect();
    assert_eq!(ids, ["late"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_go_on_while_a_week_to_be_dropped_is_in_use() {
    let database = database();
    let (engine, _) = with_an_old_trace(&database).await;
    let engine = Arc::new(engine);
    let mut reader = sqlx::PgConnection::connect(&options(&database).url)
        .await
        .unwrap();
    reader
        .execute("BEGIN; SELECT count(*) FROM traces")
        .await
        .unwrap();
    let expiring = tokio::spawn({
        let engine = engine.clone();
        async move { engine.expire(traces_before("2026-02-18T00:00:00Z")).await }
    });
    let mut longest = Duration::ZERO;
    let mut serial = 0;
    while !expiring.is_finished() {
        let started = Instant::now();
        let id = format!("t{serial}");
        engine
            .commit(
                batch()
                    .with(a_trace(&id).timestamp(time("2026-03-18T11:00:00Z")))
                    .build(),
            )
            .await
            .unwrap();
        longest = longest.max(started.elapsed());
        serial += 1;
    }
    assert!(
        longest < Duration::from_secs(2),
        "a commit waited {longest:?}"
    );
    assert_eq!(
        expiring.await.unwrap().unwrap().traces,
        1,
        "row by row where the week cannot be dropped"
    );
    drop(reader);
    assert_eq!(
        engine
            .trace(&project(PROJECT), &trace_id("old"))
            .await
            .unwrap(),
        None
    );
}

/// As rows and in chunks: the background may have packed them.
const STORED_POINTS: &str = "SELECT (SELECT count(*) FROM metric_points) \
     + (SELECT coalesce(sum(count), 0) FROM metric_chunks)";

#[tokio::test]
async fn points_are_dropped_by_weeks_and_deleted_before_the_cutoff_and_silent_series_go() {
    let database = database();
    let clock = Arc::new(ManualClock::at(time("2026-01-20T12:00:00Z")));
    let engine = open_at(&database, &clock).await;
    let ancient = Timestamp::from_micros(1);
    let points = |name: &str| {
        let old = [
            "2026-01-06T00:00:00Z",
            "2026-01-13T00:00:00Z",
            "2026-01-15T00:00:00Z",
        ];
        old.iter()
            .fold(a_series(name), |series, at| series.point_at(time(at), 1.0))
            .point_at(ancient, 2.0)
    };
    let silent = a_series("silent").point_at(time("2026-01-06T00:00:00Z"), 1.0);
    engine
        .commit(batch().with(points("kept")).with(silent).build())
        .await
        .unwrap();

    let expiry = Expiry {
        traces_before: None,
        points_before: Some(time("2026-01-14T00:00:00Z")),
    };
    let expired = engine.expire(expiry).await.unwrap();

    assert_eq!(
        expired,
        Expired {
            traces: 0,
            points: 4
        }
    );
    assert_eq!(psql(&database, STORED_POINTS), "1");
    assert_eq!(
        psql(
            &database,
            "SELECT to_regclass('metric_points_20260105') IS NULL"
        ),
        "t"
    );
    assert_eq!(psql(&database, "SELECT name FROM metric_series"), "kept");
    // The engine still remembers the id of the series that is gone.
    let again = a_series("silent").point_at(time("2026-01-20T00:00:00Z"), 3.0);
    engine.commit(batch().with(again).build()).await.unwrap();
    assert_eq!(psql(&database, STORED_POINTS), "2");
}

#[tokio::test]
async fn partitions_appear_as_time_goes_on() {
    let database = database();
    let (engine, clock) = with_an_old_trace(&database).await;
    for (week, day) in [
        "2026-03-18T12:00:00Z",
        "2026-04-20T00:00:00Z",
        "2026-06-01T00:00:00Z",
    ]
    .iter()
    .enumerate()
    {
        clock.set(time(day));
        let id = format!("t{week}");
        let items = batch()
            .with(a_trace(&id))
            .with(a_series("s").point_at(time(day), 1.0));
        engine.commit(items.build()).await.unwrap();
    }
    let weeks = psql(
        &database,
        "SELECT string_agg(to_char(part, 'MMDD'), ' ' ORDER BY part) FROM trace_keys",
    );
    assert_eq!(weeks, "0105 0316 0420 0601");
    assert_eq!(
        psql(&database, "SELECT count(*) FROM metric_points_20260601"),
        "1"
    );
}
