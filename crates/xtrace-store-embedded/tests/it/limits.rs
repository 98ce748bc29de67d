//! Bounds: time, memory, series, hot rows.

use std::time::Duration;

use xtrace_query::{Aggregation, Dimension, MeasureOf, Plan, Select, View, observations, traces};
use xtrace_store::{ErrorKind, Outcome, TelemetryReader, Upkeep};
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedOptions};

use crate::support::{commit, count, observation, options, plan, points, scope};

const ROWS: usize = 6_000;

/// A plan that takes its time: a percentile per observation.
fn slow_plan() -> Plan {
    let latency = MeasureOf {
        measure: &observations::MEASURE_LATENCY,
        aggregation: Aggregation::Percentile(95),
    };
    let dimensions = vec![
        Dimension::Field(&observations::ID),
        Dimension::Field(&observations::TRACE_ID),
        Dimension::Field(&traces::NAME),
    ];
    let select = Select::Groups {
        dimensions,
        measures: vec![latency],
    };
    Plan {
        view: View::Observations,
        select,
        conditions: Vec::new(),
        order: Vec::new(),
        limit: 10,
        offset: 0,
    }
}

async fn filled(options: EmbeddedOptions) -> EmbeddedEngine {
    let engine = EmbeddedEngine::open(options).unwrap();
    let rows: Vec<usize> = (0..ROWS).collect();
    for chunk in rows.chunks(1_000) {
        let items = chunk
            .iter()
            .map(|row| observation(row / 20, *row, *row as i64, 1))
            .collect();
        commit(&engine, items).await;
    }
    engine
}

#[tokio::test]
async fn a_query_past_its_time_ends_and_the_next_one_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(options(&dir)).await);
    let timeout = Duration::from_millis(1);
    let engine = EmbeddedEngine::open(EmbeddedOptions {
        query_timeout: timeout,
        query_concurrency: 1,
        ..options(&dir)
    });
    let engine = engine.unwrap();
    let error = engine.query(&scope(), &slow_plan()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error:?}");
    drop(engine);
    let engine = EmbeddedEngine::open(options(&dir)).unwrap();
    assert_eq!(count(&engine, View::Observations).await, ROWS);
}

#[tokio::test]
async fn a_query_that_nobody_waits_for_gives_its_place_to_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let engine = filled(EmbeddedOptions {
        query_concurrency: 1,
        ..options(&dir)
    })
    .await;
    for _ in 0..20 {
        let abandoned = tokio::time::timeout(
            Duration::from_millis(1),
            engine.query(&scope(), &slow_plan()),
        )
        .await;
        drop(abandoned);
    }
    assert_eq!(count(&engine, View::Observations).await, ROWS);
}

/// An interrupt may come at any moment, the last of a query included; the connection must not carry it to the next one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_given_up_at_any_moment_does_no_harm_to_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let engine = filled(EmbeddedOptions {
        query_concurrency: 2,
        ..options(&dir)
    })
    .await;
    let quick = plan(
        View::Observations,
        vec![&observations::INPUT_TOKENS],
        vec![],
    );
    let scope = scope();
    let mut given_up = 0;
    for round in 0..300_u64 {
        let patience = Duration::from_micros(round % 60 * 100);
        let answer = tokio::time::timeout(patience, engine.query(&scope, &quick)).await;
        given_up += u32::from(answer.is_err());
        let next = engine.query(&scope, &quick).await;
        assert!(next.is_ok(), "round {round}: {next:?}");
    }
    assert!(given_up > 0);
}

#[tokio::test]
async fn series_over_the_limit_are_rejected_and_their_neighbours_stored() {
    let dir = tempfile::tempdir().unwrap();
    let engine = EmbeddedEngine::open(EmbeddedOptions {
        series_max: 2,
        ..options(&dir)
    })
    .unwrap();
    let report = commit(
        &engine,
        vec![
            points("m", "a", &[(0, 1.0)]),
            points("m", "b", &[(0, 1.0)]),
            points("m", "c", &[(0, 1.0)]),
            points("m", "a", &[(1, 1.0)]),
        ],
    )
    .await;
    let Outcome::Rejected(rejection) = &report[2] else {
        panic!("{report:?}")
    };
    assert_eq!(rejection.code, "series_limit");
    assert_eq!(
        report[3],
        Outcome::Points {
            accepted: 1,
            duplicate: 0
        }
    );
}

#[tokio::test]
async fn rows_move_by_themselves_when_there_are_many_or_they_are_old() {
    for (move_rows, move_age) in [
        (100, Duration::from_secs(3600)),
        (1_000_000, Duration::from_millis(1)),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let engine = EmbeddedEngine::open(EmbeddedOptions {
            move_rows,
            move_age,
            ..options(&dir)
        })
        .unwrap();
        let items = (0..200)
            .map(|row| observation(row, row, row as i64, 1))
            .collect();
        commit(&engine, items).await;
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while gauge(&engine, "hot_rows").await > 0.0 {
            assert!(std::time::Instant::now() < deadline, "nothing moved");
            tokio::task::yield_now().await;
        }
        assert_eq!(count(&engine, View::Observations).await, 200);
        let ids = plan(View::Traces, vec![&traces::ID], vec![]);
        assert_eq!(engine.query(&scope(), &ids).await.unwrap().rows.len(), 200);
    }
}

async fn gauge(engine: &EmbeddedEngine, name: &str) -> f64 {
    let stats = engine.stats().await.unwrap();
    stats
        .gauges
        .iter()
        .find(|(gauge, _)| *gauge == name)
        .unwrap()
        .1
}
