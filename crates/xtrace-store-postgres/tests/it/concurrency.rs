//! Several processes on one database.

use std::sync::Arc;

use xtrace_model::{TraceId, TraceRow};
use xtrace_store::{CommitBatch, Engine, TelemetryWriter, TraceWindow, WriteItem};
use xtrace_store_tests::builders::{PROJECT, a_trace, an_observation, batch, project, trace_id};
use xtrace_store_tests::{Harness, ReferenceHarness};

use crate::support::{Numbers, database, open, options, psql};

const WRITERS: u64 = 6;
const COMMITS: u64 = 25;
const TRACES: u64 = 7;
const OBSERVATIONS: u64 = 4;

fn trace_name(number: u64) -> String {
    format!("trace-{number}")
}

/// A few patches of traces and observations that every writer changes, in no particular order. Receipts differ, so
/// that no two patches say different things of one moment.
fn random_batch(numbers: &mut Numbers, serial: u64) -> CommitBatch {
    let mut patches = batch();
    for step in 0..1 + numbers.below(12) {
        let trace = trace_name(numbers.below(TRACES));
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let sent = (serial * 100 + step) as f64 / 8.0;
        let text = format!("{serial}/{step}");
        patches = if numbers.below(4) == 0 {
            let tag = format!("tag-{}", numbers.below(40));
            patches.with(
                a_trace(&trace)
                    .sent(sent)
                    .name(&text)
                    .tags([&tag])
                    .output("{\"a\":1}"),
            )
        } else {
            let id = format!("observation-{}", numbers.below(OBSERVATIONS));
            let observation = an_observation(&trace, &id).sent(sent).name(&text);
            patches.with(
                observation
                    .usage(numbers.below(100), numbers.below(100))
                    .metadata(&format!("{{\"k{step}\":{serial}}}")),
            )
        };
    }
    patches.build()
}

/// What does not depend on the order of commits: all but when the last change was received.
fn without_last_receipt(mut row: TraceRow) -> TraceRow {
    row.updated_at = row.created_at;
    row
}

async fn assert_same_trace(found: &dyn Engine, expected: &dyn Engine, id: &TraceId) {
    let scope = project(PROJECT);
    let (ours, theirs) = (
        found.trace(&scope, id).await.unwrap().unwrap(),
        expected.trace(&scope, id).await.unwrap().unwrap(),
    );
    assert_eq!(ours.payload, theirs.payload);
    assert_eq!(
        without_last_receipt(ours.row),
        without_last_receipt(theirs.row)
    );
    let window = TraceWindow {
        payloads: true,
        limit: 100,
        offset: 0,
    };
    let ours = found.trace_observations(&scope, id, window).await.unwrap();
    let theirs = expected
        .trace_observations(&scope, id, window)
        .await
        .unwrap();
    assert_eq!(ours.len(), theirs.len());
    for (mut ours, theirs) in ours.into_iter().zip(theirs) {
        ours.row.updated_at = theirs.row.updated_at;
        assert_eq!(ours, theirs);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn overlapping_updates_of_two_processes_neither_deadlock_nor_lose_anything() {
    let database = database();
    let processes = [
        Arc::new(open(options(&database)).await),
        Arc::new(open(options(&database)).await),
    ];
    let mut everything: Vec<WriteItem> = Vec::new();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let mut numbers = Numbers(writer + 1);
        let batches: Vec<CommitBatch> = (0..COMMITS)
            .map(|commit| random_batch(&mut numbers, commit * WRITERS + writer))
            .collect();
        everything.extend(batches.iter().flat_map(|batch| batch.items.clone()));
        let engine = processes[usize::from(writer % 2 == 0)].clone();
        writers.spawn(async move {
            for batch in batches {
                let items = batch.items.len();
                assert_eq!(engine.commit(batch).await.unwrap().len(), items);
            }
        });
    }
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }
    let reference = ReferenceHarness::default().open().await;
    reference
        .commit(CommitBatch {
            items: everything,
            prices: Arc::default(),
        })
        .await
        .unwrap();
    for number in 0..TRACES {
        assert_same_trace(&*processes[0], &*reference, &trace_id(&trace_name(number))).await;
    }
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(psql(&database, deadlocks), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deleting_beside_writing_leaves_no_orphans() {
    let database = database();
    let engine = Arc::new(open(options(&database)).await);
    let other = open(options(&database)).await;
    let writer = tokio::spawn({
        let engine = engine.clone();
        async move {
            let mut numbers = Numbers(99);
            for serial in 0..80 {
                engine
                    .commit(random_batch(&mut numbers, serial))
                    .await
                    .unwrap();
            }
        }
    });
    let mut numbers = Numbers(7);
    while !writer.is_finished() {
        let id = trace_id(&trace_name(numbers.below(TRACES)));
        other.delete_traces(&project(PROJECT), &[id]).await.unwrap();
    }
    writer.await.unwrap();
    for table in ["observations", "observation_payloads", "trace_payloads"] {
        let orphans = format!(
            "SELECT count(*) FROM {table} AS x WHERE NOT EXISTS
             (SELECT FROM traces AS t WHERE t.project = x.project AND t.id = x.trace_id AND t.part = x.part)"
        );
        assert_eq!(psql(&database, &orphans), "0", "{table}");
    }
    let sums = "SELECT count(*) FROM traces AS t WHERE observation_count <>
                (SELECT count(*) FROM observations AS o WHERE o.project = t.project AND o.trace_id = t.id)";
    assert_eq!(psql(&database, sums), "0");
}
