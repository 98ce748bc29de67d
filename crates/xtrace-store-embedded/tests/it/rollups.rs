//! Rollups are what the truth comes to: after moves, after an update from a store without them, after a rebuild.

use duckdb::Connection;
use tempfile::TempDir;
use xtrace_model::Latest;
use xtrace_store::{TelemetryWriter as _, Upkeep as _, Write};
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedOptions, rebuild};

use crate::support::{at, commit, observation, open, options, scope, trace, trace_id};

const DAY: i64 = 86_400;

/// A call of a model on a day.
fn call(trace: usize, number: usize, day: i64) -> xtrace_store::WriteItem {
    let mut item = observation(trace, number, day * DAY, 7);
    if let Write::Observation { patch, .. } = &mut item.write {
        let stamp = xtrace_model::Stamp::new(at(day * DAY), 0);
        patch.facts.kind = Latest::set(stamp, xtrace_model::ObservationType::Generation);
        patch.facts.model = Latest::set(stamp, format!("m{}", number % 3).into());
    }
    item
}

async fn filled(dir: &TempDir) -> EmbeddedEngine {
    let engine = open(dir);
    for round in 0..6_usize {
        let day = i64::try_from(round).unwrap();
        let items = (0..20).flat_map(|number| {
            [
                trace(number, "n", day * DAY),
                call(number, round, day),
                observation(number, 10 + round, day * DAY, 3),
            ]
        });
        commit(&engine, items.collect()).await;
        if round == 3 {
            engine.move_now().unwrap();
        }
    }
    engine
}

/// Everything that changes rollups, once.
async fn change(engine: &EmbeddedEngine) {
    commit(engine, vec![trace(3, "earlier", -DAY), call(3, 1, 0)]).await;
    commit(engine, vec![call(4, 1, 9), call(50, 1, 9)]).await;
    engine
        .delete_traces(&scope(), &[trace_id(5), trace_id(6)])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_store_of_format_2_gets_rollups_when_it_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let engine = filled(&dir).await;
    engine.store_without_rollups().unwrap();
    assert!(engine.wrong_rollups().is_err(), "they were taken away");
    drop(engine);
    std::fs::write(dir.path().join("FORMAT"), "xtrace-embedded 2\n").unwrap();

    let engine = open(&dir);
    assert_eq!(engine.wrong_rollups().unwrap(), 0);
    change(&engine).await;
    assert_eq!(engine.wrong_rollups().unwrap(), 0);
    drop(engine);
    assert_eq!(open(&dir).wrong_rollups().unwrap(), 0);
}

#[tokio::test]
async fn a_rebuild_puts_wrong_rollups_right() {
    let dir = tempfile::tempdir().unwrap();
    let engine = filled(&dir).await;
    change(&engine).await;
    assert_eq!(engine.wrong_rollups().unwrap(), 0);
    engine.move_now().unwrap();
    engine.close().await.unwrap();
    drop(engine);
    let file = Connection::open(dir.path().join("projection.duckdb")).unwrap();
    file.execute_batch("UPDATE rollups SET traces = traces + 1 WHERE kind = 1")
        .unwrap();
    drop(file);
    let engine = open(&dir);
    assert_ne!(engine.wrong_rollups().unwrap(), 0);
    drop(engine);
    rebuild(&options(&dir), &mut |_| {}).unwrap();
    assert_eq!(open(&dir).wrong_rollups().unwrap(), 0);
}

#[tokio::test]
async fn rows_of_one_cell_are_added_up_now_and_then() {
    let dir = tempfile::tempdir().unwrap();
    let engine = EmbeddedEngine::open(EmbeddedOptions {
        move_rows: 1_000_000,
        ..options(&dir)
    })
    .unwrap();
    // A cell of its own for each trace; then every trace moves a quarter of an hour on, time after time.
    for round in 0..4 {
        let items = (0..5_000).map(|number| {
            let seconds = (2 * i64::try_from(number).unwrap() - round) * 900;
            trace(number, "n", seconds)
        });
        commit(&engine, items.collect()).await;
        engine.move_now().unwrap();
        assert_eq!(engine.wrong_rollups().unwrap(), 0);
    }
    engine.close().await.unwrap();
    drop(engine);
    let file = Connection::open(dir.path().join("projection.duckdb")).unwrap();
    let rows = |sql: &str| -> i64 { file.query_row(sql, [], |row| row.get(0)).unwrap() };
    let added_up = rows("SELECT count(*) FROM rollups WHERE row_version < 0");
    assert!(added_up >= 5_000, "{added_up} rows were made of others");
    let cells =
        rows("SELECT count(*) FROM (SELECT DISTINCT project, kind, bucket, model FROM rollups)");
    let all = rows("SELECT count(*) FROM rollups");
    assert!(all <= 2 * cells + 10_001, "{all} rows for {cells} cells");
}
