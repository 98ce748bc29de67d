//! The writer panics in the middle of a commit: the commit is refused, the store opens itself anew, nothing that was
//! acknowledged before is missing, and what was refused can be sent again. Rows cannot be made visible: nobody is
//! answered without them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use xtrace_model::PriceBook;
use xtrace_query::{View, observations};
use xtrace_store::{CommitBatch, StoreResult, TelemetryReader, TelemetryWriter, Upkeep};
use xtrace_store_embedded::failpoint::{Action, Point, arm, disarm};
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedOptions};

use crate::child;
use crate::support::{ints, observation, plan, scope};

const PATIENCE: Duration = Duration::from_secs(60);

async fn try_commit(engine: &EmbeddedEngine, number: usize) -> StoreResult<()> {
    let tokens = u64::try_from(number).unwrap();
    let batch = CommitBatch {
        items: vec![observation(number / 2, number, 0, tokens)],
        prices: Arc::new(PriceBook::default()),
    };
    engine.commit(batch).await.map(|_| ())
}

/// Tries again as clients do.
async fn commit_until_stored(engine: &EmbeddedEngine, number: usize) {
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = try_commit(engine, number).await {
        assert!(
            Instant::now() < deadline,
            "the store does not come back: {error:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn stored(engine: &EmbeddedEngine) -> Vec<i64> {
    try_stored(engine).await.unwrap()
}

async fn try_stored(engine: &EmbeddedEngine) -> StoreResult<Vec<i64>> {
    let wanted = plan(
        View::Observations,
        vec![&observations::INPUT_TOKENS],
        vec![],
    );
    let mut rows = ints(&engine.query(&scope(), &wanted).await?, 0);
    rows.sort_unstable();
    Ok(rows)
}

/// Asks until the store is open again.
async fn wait_until_stored(engine: &EmbeddedEngine) -> Vec<i64> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match try_stored(engine).await {
            Ok(rows) => return rows,
            Err(error) => assert!(
                Instant::now() < deadline,
                "the store does not come back: {error:?}"
            ),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// In a process of its own, for points are armed for all engines of a process.
#[tokio::test]
async fn the_child_panics_and_goes_on() {
    let Some((_, dir)) = child::task() else {
        return;
    };
    let options = EmbeddedOptions::new(Path::new(&dir));
    let engine = EmbeddedEngine::open(options.clone()).unwrap();
    let points = [Point::BeforeHandingOver, Point::AfterHandingOver];
    let rounds = points.into_iter().cycle().take(6).enumerate();
    for (round, point) in rounds {
        commit_until_stored(&engine, round * 2).await;
        arm(point, Action::Panic);
        let refused = try_commit(&engine, round * 2 + 1).await;
        disarm();
        assert!(refused.is_err(), "{point:?}: a panic was acknowledged");
        commit_until_stored(&engine, round * 2 + 1).await;
        assert_eq!(
            stored(&engine).await,
            (0..i64::try_from(round * 2 + 2).unwrap()).collect::<Vec<_>>(),
            "{point:?}"
        );
    }
    engine.close().await.unwrap();
    drop(engine);
    let engine = EmbeddedEngine::open(options).unwrap();
    assert_eq!(stored(&engine).await, (0..12).collect::<Vec<_>>());
    eprintln!("everything is there");
}

#[test]
fn a_panic_of_the_writer_costs_its_commit_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let output = child::run("panics::the_child_panics_and_goes_on", "panic", dir.path());
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && log.contains("everything is there"),
        "{log}"
    );
}

#[tokio::test]
async fn the_child_cannot_let_rows_enter() {
    let Some((_, dir)) = child::task() else {
        return;
    };
    let engine = EmbeddedEngine::open(EmbeddedOptions::new(Path::new(&dir))).unwrap();
    let actions = [Action::Fail, Action::Panic].into_iter().cycle().take(6);
    for (round, action) in actions.enumerate() {
        commit_until_stored(&engine, round * 2).await;
        stored(&engine).await;
        arm(Point::BeforeEntering, action);
        try_commit(&engine, round * 2 + 1)
            .await
            .expect("it is durable");
        let unseen = try_stored(&engine).await;
        assert!(
            unseen.is_err(),
            "{action:?}: answered without rows that were acknowledged"
        );
        disarm();
        let all: Vec<i64> = (0..i64::try_from(round * 2 + 2).unwrap()).collect();
        assert_eq!(wait_until_stored(&engine).await, all, "{action:?}");
    }
    eprintln!("everything was seen");
}

#[test]
fn what_was_acknowledged_and_cannot_enter_fails_queries_until_the_store_is_open_anew() {
    let dir = tempfile::tempdir().unwrap();
    let output = child::run(
        "panics::the_child_cannot_let_rows_enter",
        "enter",
        dir.path(),
    );
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && log.contains("everything was seen"),
        "{log}"
    );
}
