//! A full disk: clear errors, nothing acknowledged that is not stored, and work goes on once there is room.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use xtrace_model::PriceBook;
use xtrace_query::{View, observations};
use xtrace_store::{
    CommitBatch, ErrorKind, StoreResult, TelemetryReader, TelemetryWriter, Upkeep, WriteItem,
};
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedOptions};

use crate::child;
use crate::support::{ints, observation, plan, scope};

const BATCH: usize = 50;
const PATIENCE: Duration = Duration::from_secs(60);

fn options(dir: &Path) -> EmbeddedOptions {
    EmbeddedOptions {
        query_threads: 1,
        memtable_bytes: 2 * 1024 * 1024,
        write_buffer_bytes: 4 * 1024 * 1024,
        move_rows: 500,
        ..EmbeddedOptions::new(dir)
    }
}

fn batch(number: usize) -> Vec<WriteItem> {
    let rows = number * BATCH..(number + 1) * BATCH;
    rows.map(|row| observation(row / 7, row, i64::try_from(row).unwrap(), row as u64))
        .collect()
}

async fn try_commit(engine: &EmbeddedEngine, number: usize) -> StoreResult<()> {
    let prices = Arc::new(PriceBook::default());
    engine
        .commit(CommitBatch {
            items: batch(number),
            prices,
        })
        .await
        .map(|_| ())
}

async fn stored(engine: &EmbeddedEngine) -> StoreResult<Vec<i64>> {
    let wanted = plan(
        View::Observations,
        vec![&observations::INPUT_TOKENS],
        vec![],
    );
    let table = engine.query(&scope(), &wanted).await?;
    let mut rows = ints(&table, 0);
    rows.sort_unstable();
    Ok(rows)
}

fn rows_of(batches: usize) -> Vec<i64> {
    (0..i64::try_from(batches * BATCH).unwrap()).collect()
}

#[tokio::test]
async fn the_child_fills_its_disk() {
    let Some((_, dir)) = child::task() else {
        return;
    };
    let dir = Path::new(&dir);
    let engine = EmbeddedEngine::open(options(&dir.join("data"))).unwrap();
    let mut done = 0;
    for round in 0..3 {
        // Room for something at first, then none at all: neither commits nor moves can go on.
        while try_commit(&engine, done).await.is_ok() {
            done += 1;
            if done % 20 == 0 {
                grow_ballast(dir, 4 * 1024 * 1024);
            }
        }
        let error = try_commit(&engine, done).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
        assert!(error.retry_after().is_some());
        eprintln!("round {round}: full after {done} batches");

        std::fs::remove_file(dir.join("ballast")).unwrap();
        commit_until_stored(&engine, done).await;
        done += 1;
        assert_eq!(
            stored(&engine).await.unwrap(),
            rows_of(done),
            "round {round}"
        );
    }
    engine.close().await.unwrap();
    drop(engine);
    let engine = EmbeddedEngine::open(options(&dir.join("data"))).unwrap();
    assert_eq!(stored(&engine).await.unwrap(), rows_of(done));
    eprintln!("all {done} batches are there");
}

/// Tries again as clients do, until the store has room once more.
async fn commit_until_stored(engine: &EmbeddedEngine, batch: usize) {
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = try_commit(engine, batch).await {
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
        assert!(
            Instant::now() < deadline,
            "the store does not come back: {error:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn grow_ballast(dir: &Path, bytes: usize) {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(dir.join("ballast"))
        .unwrap();
    // As much as fits: the last bytes are what the store itself runs out of.
    let _ = file.write_all(&vec![7; bytes]);
}

#[test]
fn a_full_disk_loses_nothing_and_is_recovered_from_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let output = child::run_on_small_disk(
        "full_disk::the_child_fills_its_disk",
        "fill",
        dir.path(),
        96,
    );
    let log = String::from_utf8_lossy(&output.stderr);
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && log.contains("batches are there"),
        "{log}\n{out}"
    );
}
