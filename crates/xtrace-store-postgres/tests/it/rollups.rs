//! Rollups are what the rows come to: beside several writers, after an update from a schema without them, after weeks
//! were dropped.

use std::sync::Arc;

use sqlx::{Connection as _, PgConnection, Row as _};
use xtrace_model::{ManualClock, ObservationType, SummaryWithoutCalls, TraceFacts, TraceSummary};
use xtrace_store::{Expiry, TelemetryWriter as _, Upkeep as _};
use xtrace_store_postgres::PostgresEngine;
use xtrace_store_tests::builders::{
    PROJECT, a_trace, after, an_observation, batch, project, trace_id,
};

use crate::support::{Numbers, database, open, open_at, options, psql, time};

const SUM: &str = "SELECT xtrace_sum_rollups()";
const CHANGES: &str = "SELECT count(*) FROM rollup_changes";

/// Commits some calls of some traces, on any of a few days.
async fn commit_some(engine: &PostgresEngine, numbers: &mut Numbers, serial: u32) {
    let mut patches = batch();
    for _ in 0..1 + numbers.below(8) {
        let trace = format!("t{}", numbers.below(12));
        let day = f64::from(u8::try_from(numbers.below(5)).unwrap()) * -86_400.0;
        patches = match numbers.below(3) {
            // The first event decides when a trace began: each moves it.
            0 => patches.with(
                a_trace(&trace)
                    .sent(-f64::from(serial))
                    .timestamp(after(day)),
            ),
            _ => patches.with(
                an_observation(&trace, &format!("o{}", numbers.below(4)))
                    .sent(f64::from(serial))
                    .start(after(day))
                    .kind(ObservationType::Generation)
                    .model(&format!("m{}", numbers.below(3)))
                    .usage(numbers.below(99), numbers.below(99)),
            ),
        };
    }
    engine.commit(patches.build()).await.unwrap();
}

async fn assert_right(engine: &PostgresEngine) {
    assert_eq!(engine.wrong_rollups().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commits_deletions_and_sums_at_once_leave_exact_rollups() {
    let database = database();
    let mut working = tokio::task::JoinSet::new();
    for writer in 0..3_u32 {
        let engine = open(options(&database)).await;
        working.spawn(async move {
            let mut numbers = Numbers(77 + u64::from(writer));
            for serial in 0..40 {
                commit_some(&engine, &mut numbers, serial * 3 + writer).await;
                if numbers.below(6) == 0 {
                    let id = trace_id(&format!("t{}", numbers.below(12)));
                    engine
                        .delete_traces(&project(PROJECT), &[id])
                        .await
                        .unwrap();
                }
            }
        });
    }
    let summing = database.clone();
    let sums = tokio::task::spawn_blocking(move || {
        let summed = (0..30).map(|_| psql(&summing, SUM).parse::<u64>().unwrap());
        summed.sum::<u64>()
    });
    while let Some(done) = working.join_next().await {
        done.unwrap();
    }
    assert_ne!(sums.await.unwrap(), 0, "changes were added up meanwhile");
    let engine = open(options(&database)).await;
    assert_right(&engine).await;
    psql(&database, SUM);
    assert_eq!(psql(&database, CHANGES), "0");
    assert_right(&engine).await;
}

#[tokio::test]
async fn a_dropped_week_takes_its_sums_along_wherever_its_traces_lie_in_time() {
    let database = database();
    let clock = Arc::new(ManualClock::at(time("2026-01-07T12:00:00Z")));
    let engine = open_at(&database, &clock).await;
    let call = |trace: &str, at: &str| {
        an_observation(trace, "o")
            .start(time(at))
            .kind(ObservationType::Embedding)
            .usage(1, 2)
    };
    // Received in one week, of another.
    let old = batch().with(call("old", "2025-11-07T11:00:00Z"));
    engine.commit(old.build()).await.unwrap();
    clock.set(time("2026-03-18T12:00:00Z"));
    let new = batch().with(call("new", "2025-11-07T11:05:00Z"));
    engine.commit(new.build()).await.unwrap();
    let late = batch().with(call("new", "2026-03-18T11:00:00Z").sent(1.0));
    engine.commit(late.build()).await.unwrap();
    psql(&database, SUM);
    let younger = batch().with(call("younger", "2026-03-18T11:00:00Z"));
    engine.commit(younger.build()).await.unwrap();
    assert_right(&engine).await;

    let expiry = Expiry {
        traces_before: Some(time("2026-02-18T00:00:00Z")),
        points_before: None,
    };
    assert_eq!(
        engine.expire(expiry).await.unwrap().traces,
        2,
        "both of November"
    );
    assert_right(&engine).await;
    let left = "SELECT string_agg(DISTINCT part::text, ',') FROM rollup_cells";
    assert_eq!(psql(&database, left), "2026-03-16");
    let all = "SELECT sum(traces) FROM rollup_cells WHERE kind = 0";
    assert_eq!(psql(&database, all), "1");
    let empty = "SELECT count(*) FROM rollups WHERE traces = 0 AND observations = 0";
    assert_eq!(psql(&database, empty), "0");
}

/// Gives all traces the states that they had before there were rollups.
async fn take_calls_away(database: &str) {
    let url = options(database).url;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let select = sqlx::query("SELECT id, state FROM traces");
    let rows = select.fetch_all(&mut connection).await.unwrap();
    for row in rows {
        let (id, state): (String, Vec<u8>) = (row.get("id"), row.get("state"));
        assert_eq!(state[0], 2);
        let (facts, summary): (TraceFacts, TraceSummary) =
            postcard::from_bytes(&state[1..]).unwrap();
        let old = (facts, SummaryWithoutCalls::from(summary));
        let state = postcard::to_extend(&old, vec![1]).unwrap();
        let update = sqlx::query("UPDATE traces SET state = $2 WHERE id = $1");
        let update = update.bind(id).bind(state);
        update.execute(&mut connection).await.unwrap();
    }
    psql(database, "DELETE FROM rollups; DELETE FROM rollup_changes");
}

#[tokio::test]
async fn traces_of_before_there_were_rollups_are_added_up_by_the_update() {
    let database = database();
    let engine = open(options(&database)).await;
    let mut numbers = Numbers(5);
    for serial in 0..30 {
        commit_some(&engine, &mut numbers, serial).await;
    }
    take_calls_away(&database).await;
    assert_ne!(engine.wrong_rollups().await.unwrap(), 0, "there are none");

    // What the update does as its last step.
    assert_ne!(engine.rebuild_rollups().await.unwrap(), 0);
    assert_right(&engine).await;
    for serial in 30..60 {
        commit_some(&engine, &mut numbers, serial).await;
        assert_right(&engine).await;
    }
    take_calls_away(&database).await;
    engine.rebuild_rollups().await.unwrap();
    let ids: Vec<_> = (0..12).map(|n| trace_id(&format!("t{n}"))).collect();
    engine
        .delete_traces(&project(PROJECT), &ids[..6])
        .await
        .unwrap();
    assert_right(&engine).await;
}

#[tokio::test]
async fn changes_are_added_up_when_there_are_many() {
    let database = database();
    let engine = open(options(&database)).await;
    let calls = |serial: u32| {
        (0..300).map(move |n| {
            let day = f64::from(n) * -86_400.0;
            a_trace(&format!("t{n}"))
                .sent(-f64::from(serial))
                .timestamp(after(day + f64::from(serial) * 900.0))
        })
    };
    // 300 cells lose a trace and 300 others get one each time: the first event decides when a trace began.
    for serial in 0..6 {
        engine
            .commit(batch().with_all(calls(serial)).build())
            .await
            .unwrap();
    }
    let are_there_few = || psql(&database, CHANGES).parse::<u64>().unwrap() < 2_000;
    crate::support::wait_until("changes to be added up", are_there_few).await;
    assert_right(&engine).await;
}
