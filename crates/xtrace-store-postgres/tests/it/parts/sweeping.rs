//! Sweeps beside writers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use xtrace_store::TelemetryWriter;
use xtrace_store_postgres::PostgresEngine;
use xtrace_store_tests::builders::{PROJECT, a_trace, batch, project, trace_id};

use super::support::{Stored, conversation, sweep, trace_input};
use crate::support::{Numbers, database, open, options, psql};

const WRITERS: u64 = 2;
/// Writers go on until there have been so many sweeps.
const SWEEPS: u64 = 25;

/// How far both sides have come.
#[derive(Default)]
struct Progress {
    written: AtomicU64,
    sweeps: AtomicU64,
}

/// Whether others may delete a trace.
fn is_deletable(serial: u64) -> bool {
    serial.is_multiple_of(4)
}

/// Texts of neighbours share messages.
fn contested(serial: u64) -> String {
    conversation(serial * 3..serial * 3 + 6)
}

fn last_text(writer: u64, serial: u64) -> String {
    if serial.is_multiple_of(3) {
        contested(serial + 1)
    } else {
        contested(serial + writer)
    }
}

/// The answer is how many traces it wrote.
async fn write_traces(engine: Arc<PostgresEngine>, writer: u64, progress: Arc<Progress>) -> u64 {
    let mut serial = 0;
    while progress.sweeps.load(Ordering::Relaxed) < SWEEPS {
        progress.written.fetch_max(serial, Ordering::Relaxed);
        let id = format!("{writer}-{serial}");
        let items = batch().with(a_trace(&id).input(&contested(serial + writer)));
        engine.commit(items.build()).await.unwrap();
        // Replaced now and then, so that parts go out of use where they are written, too.
        if serial.is_multiple_of(3) {
            let text = contested(serial + 1);
            let later = batch().with(a_trace(&id).sent(1.0).input(&text));
            engine.commit(later.build()).await.unwrap();
        }
        let found = trace_input(&engine, &id).await;
        let is_deleted = found.is_none() && is_deletable(serial);
        assert!(
            is_deleted || found.unwrap() == last_text(writer, serial),
            "{id}"
        );
        serial += 1;
    }
    serial
}

/// Writes what the writers are about to write, and deletes and sweeps it away.
async fn delete_and_sweep(engine: Arc<PostgresEngine>, progress: Arc<Progress>) {
    let mut numbers = Numbers(11);
    while progress.sweeps.fetch_add(1, Ordering::Relaxed) < SWEEPS {
        let written = progress.written.load(Ordering::Relaxed);
        for _ in 0..5 {
            let text = contested(written + numbers.below(30));
            let items = batch().with(a_trace("victim").input(&text));
            engine.commit(items.build()).await.unwrap();
            let other = numbers.below(written + 1) / 4 * 4;
            let other = format!("{}-{other}", numbers.below(WRITERS));
            let gone = [trace_id("victim"), trace_id(&other)];
            engine
                .delete_traces(&project(PROJECT), &gone)
                .await
                .unwrap();
        }
        sweep(&engine).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sweep_beside_writers_removes_nothing_that_they_name() {
    let database = database();
    let keeper = Arc::new(open(options(&database)).await);
    let sweeper = Arc::new(open(options(&database)).await);
    let progress = Arc::new(Progress::default());
    let sweeping = tokio::spawn(delete_and_sweep(sweeper.clone(), progress.clone()));
    let writers = (0..WRITERS).map(|writer| {
        let writing = write_traces(keeper.clone(), writer, progress.clone());
        tokio::spawn(writing)
    });
    let writers: Vec<_> = writers.collect();
    sweeping.await.unwrap();
    for (writer, writing) in (0..WRITERS).zip(writers) {
        let written = writing.await.unwrap();
        for serial in (0..written).filter(|serial| !is_deletable(*serial)) {
            let id = format!("{writer}-{serial}");
            let found = trace_input(&sweeper, &id).await.unwrap();
            assert!(found == last_text(writer, serial), "{id}");
        }
    }
    Stored::of(&database).assert_nothing_is_missing();
    let removals: u64 = psql(&database, "SELECT epoch FROM payload_epoch")
        .parse()
        .unwrap();
    assert!(
        removals > SWEEPS / 5,
        "{removals} removals put nothing to the test"
    );
    sweep(&keeper).await;
    let stored = Stored::of(&database);
    stored.assert_nothing_is_missing();
    stored.assert_nothing_is_left();
}
