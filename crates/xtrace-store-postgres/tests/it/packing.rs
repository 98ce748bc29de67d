//! Points as rows and in chunks. That readers see no difference is in the suite, which packs between commits.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection as _, Executor as _, PgConnection};
use xtrace_model::{ManualClock, Timestamp};
use xtrace_query::MetricAggregation;
use xtrace_store::{
    Expired, Expiry, MetricReader as _, Outcome, TelemetryWriter as _, Upkeep as _,
};
use xtrace_store_postgres::PostgresEngine;
use xtrace_store_tests::builders::{Batch, PROJECT, a_series, batch, project};
use xtrace_store_tests::plans::a_metric;

use crate::support::{Numbers, database, open, open_at, options, psql, time};

const ROWS: &str = "SELECT count(*) FROM metric_points";
const CHUNKS: &str = "SELECT count(*) || ' of ' || sum(count) FROM metric_chunks";
const HOURS: &str = "SELECT count(*) FROM metric_open";

/// The sum of all points of a series, and how many there are.
async fn sum(engine: &PostgresEngine, name: &str) -> (f64, f64) {
    let mut answers = [0.0; 2];
    let aggregations = [MetricAggregation::Sum, MetricAggregation::Count];
    for (answer, aggregation) in answers.iter_mut().zip(aggregations) {
        let mut plan = a_metric(name).aggregation(aggregation).plan();
        plan.from = time("2026-01-01T00:00:00Z");
        plan.to = time("2026-03-01T00:00:00Z");
        plan.step_micros = 366 * 86_400_000_000;
        let scope = project(PROJECT);
        let found = engine.query_metric(&scope, &plan).await.unwrap();
        *answer = found
            .series
            .iter()
            .flat_map(|series| &series.points)
            .map(|(_, value)| value)
            .sum();
    }
    answers.into()
}

fn points(accepted: u64, duplicate: u64) -> [Outcome; 1] {
    [Outcome::Points {
        accepted,
        duplicate,
    }]
}

#[tokio::test]
async fn points_of_a_packed_hour_that_come_again_or_change_are_told_apart() {
    let database = database();
    let engine = open(options(&database)).await;
    let other = open(options(&database)).await;
    let minutes = || a_series("s").points((0..60).map(|minute| (f64::from(minute) * 60.0, 2.0)));
    let commit = |batch: Batch| engine.commit(batch.build());
    assert_eq!(
        commit(batch().with(minutes())).await.unwrap(),
        points(60, 0)
    );
    other.pack_points(Timestamp::MAX).await.unwrap();
    assert_eq!(
        (psql(&database, ROWS), psql(&database, CHUNKS)),
        ("0".into(), "1 of 60".into())
    );

    assert_eq!(
        commit(batch().with(minutes())).await.unwrap(),
        points(0, 60)
    );
    assert_eq!(
        (psql(&database, ROWS), psql(&database, HOURS)),
        ("0".into(), "0".into())
    );
    let changed = a_series("s").points([(60.0, 5.0), (61.0, 1.0), (120.0, 2.0)]);
    assert_eq!(commit(batch().with(changed)).await.unwrap(), points(2, 1));
    assert_eq!(
        (psql(&database, ROWS), psql(&database, HOURS)),
        ("2".into(), "1".into())
    );
    assert_eq!(sum(&engine, "s").await, (124.0, 61.0));
    // The row is what counts now, not the chunk.
    let back = a_series("s").points([(60.0, 5.0), (60.0, 2.0), (60.0, 5.0), (60.0, 2.0)]);
    assert_eq!(commit(batch().with(back)).await.unwrap(), points(3, 1));
    assert_eq!(sum(&other, "s").await, (121.0, 61.0));

    other.pack_points(Timestamp::MAX).await.unwrap();
    assert_eq!(
        (psql(&database, ROWS), psql(&database, CHUNKS)),
        ("0".into(), "1 of 61".into())
    );
    assert_eq!(sum(&engine, "s").await, (121.0, 61.0));
}

#[tokio::test]
async fn retention_cuts_through_a_chunk_and_counts_each_point_once() {
    let database = database();
    let clock = Arc::new(ManualClock::at(time("2026-01-20T12:00:00Z")));
    let engine = open_at(&database, &clock).await;
    let at = |text: &str| time(text);
    let days = [
        "06T10:10", "14T09:50", "14T10:10", "14T10:20", "14T10:40", "14T11:10", "20T11:59",
    ];
    let sent = days.iter().fold(a_series("s"), |series, day| {
        series.point_at(at(&format!("2026-01-{day}:00Z")), 1.0)
    });
    let ancient = a_series("s").point_at(Timestamp::from_micros(1), 1.0);
    engine
        .commit(batch().with(sent).with(ancient).build())
        .await
        .unwrap();
    engine.pack_points(Timestamp::MAX).await.unwrap();
    assert_eq!(psql(&database, CHUNKS), "6 of 8");
    let changed = a_series("s").point_at(at("2026-01-14T10:10:00Z"), 9.0);
    engine.commit(batch().with(changed).build()).await.unwrap();

    let expiry = Expiry {
        traces_before: None,
        points_before: Some(at("2026-01-14T10:20:00Z")),
    };
    let expired = engine.expire(expiry).await.unwrap();
    assert_eq!(
        expired,
        Expired {
            traces: 0,
            points: 4
        }
    );
    assert_eq!(sum(&engine, "s").await, (4.0, 4.0));
    assert_eq!(
        (psql(&database, ROWS), psql(&database, CHUNKS)),
        ("0".into(), "3 of 4".into())
    );
    assert_eq!(engine.expire(expiry).await.unwrap(), Expired::default());
    let all = Expiry {
        points_before: Some(at("2026-02-01T00:00:00Z")),
        ..expiry
    };
    assert_eq!(engine.expire(all).await.unwrap().points, 4);
    let left = "SELECT (SELECT count(*) FROM metric_chunks) + (SELECT count(*) FROM metric_open)
                       + (SELECT count(*) FROM metric_series)";
    assert_eq!(psql(&database, left), "0");
}

#[tokio::test]
async fn an_hour_of_more_points_than_a_chunk_may_hold_stays_rows() {
    let database = database();
    let engine = open(options(&database)).await;
    engine
        .commit(batch().with(a_series("s").point(0.0, 1.0)).build())
        .await
        .unwrap();
    psql(
        &database,
        "INSERT INTO metric_points SELECT s.id, p.\"timestamp\" + n * interval '1 ms', 1
         FROM metric_series AS s, metric_points AS p, generate_series(1, 200000) AS n",
    );
    for _ in 0..2 {
        engine.pack_points(Timestamp::MAX).await.unwrap();
        assert_eq!(psql(&database, ROWS), "200001");
        assert_eq!(sum(&engine, "s").await, (200_001.0, 200_001.0));
    }
}

#[tokio::test]
async fn points_of_servers_that_did_not_pack_are_found_and_packed() {
    let database = database();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let all = sqlx::migrate::Migrator::new(folder).await.unwrap();
    let older = all
        .iter()
        .filter(|migration| migration.version < 7)
        .cloned();
    let mut connection = PgConnection::connect(&options(&database).url)
        .await
        .unwrap();
    sqlx::migrate::Migrator::with_migrations(older.collect())
        .run_direct(None, &mut connection, false)
        .await
        .unwrap();
    psql(
        &database,
        "SELECT xtrace_create_points_week('2026-01-12');
         INSERT INTO metric_series (project, name, labels, labels_hash)
         SELECT 'project', 's' || n, '{}', sha256(convert_to(n::text, 'UTF8')) FROM generate_series(1, 3) AS n;
         INSERT INTO metric_points SELECT id, '2026-01-11 22:30:00+00'::timestamptz + n * interval '7 minutes', n
         FROM metric_series, generate_series(1, 100) AS n",
    );
    let engine = open(options(&database)).await;
    assert_eq!(sum(&engine, "s2").await, (5_050.0, 100.0));
    engine.pack_points(Timestamp::MAX).await.unwrap();
    assert_eq!(
        (psql(&database, ROWS), psql(&database, HOURS)),
        ("0".into(), "0".into())
    );
    assert_eq!(sum(&engine, "s2").await, (5_050.0, 100.0));
}

#[tokio::test]
async fn an_hour_that_a_writer_holds_is_packed_later() {
    let database = database();
    let engine = open(options(&database)).await;
    let mut writer = PgConnection::connect(&options(&database).url)
        .await
        .unwrap();
    let mut transaction = writer.begin().await.unwrap();
    // Before there is a point: packing goes on in the background as well.
    let hold = "SELECT pg_advisory_xact_lock_shared(hashtext('xtrace.points'), slot) FROM generate_series(0, 63) AS slot";
    transaction.execute(hold).await.unwrap();
    let sent = a_series("s").point_at(time("2026-01-01T05:10:00Z"), 1.0);
    engine.commit(batch().with(sent).build()).await.unwrap();
    engine.pack_points(Timestamp::MAX).await.unwrap();
    assert_eq!(
        (psql(&database, ROWS), psql(&database, HOURS)),
        ("1".into(), "1".into())
    );
    transaction.commit().await.unwrap();
    engine.pack_points(Timestamp::MAX).await.unwrap();
    assert_eq!(psql(&database, ROWS), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_written_beside_packing_that_is_broken_off_is_there_once() {
    let database = database();
    let engine = Arc::new(open(options(&database)).await);
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..3_u32 {
        let engine = engine.clone();
        writers.spawn(async move {
            let mut accepted = 0;
            for round in 0..40 {
                // Hours that the others write to as well; every point is sent twice.
                let times = (0..20).map(|n| f64::from((round / 2 * 20 + n) * 30 * 3 + number * 30));
                let sent = a_series("s").points(times.map(|time| (time, 1.0)));
                let report = engine.commit(batch().with(sent).build()).await.unwrap();
                if let Outcome::Points { accepted: new, .. } = &report[0] {
                    accepted += new;
                }
            }
            accepted
        });
    }
    let packer = open(options(&database)).await;
    let mut numbers = Numbers(77);
    let mut accepted = 0;
    while !writers.is_empty() {
        let limit = Duration::from_millis(numbers.below(40));
        let packing = packer.pack_points(Timestamp::MAX);
        if let Ok(packed) = tokio::time::timeout(limit, packing).await {
            packed.unwrap();
        }
        while let Some(written) = writers.try_join_next() {
            accepted += written.unwrap();
        }
        let (sum, count) = sum(&packer, "s").await;
        // Each is 1; more are written between the two questions.
        assert!(sum <= count && count <= 1_200.0, "{sum} {count}");
    }
    assert_eq!(accepted, 1_200);
    assert_eq!(sum(&engine, "s").await, (1_200.0, 1_200.0));
    packer.pack_points(Timestamp::MAX).await.unwrap();
    assert_eq!(psql(&database, ROWS), "0");
    assert_eq!(sum(&engine, "s").await, (1_200.0, 1_200.0));
}
