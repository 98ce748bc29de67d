use std::sync::Mutex;

use async_trait::async_trait;
use tokio::sync::Notify;
use xtrace_model::{ProjectId, TraceId, TraceState};
use xtrace_store::{Outcome, ProjectScope, StoreResult, Write};

use super::*;

/// A writer that notes the size of each commit, waits where told to, and fails on the id `poison`.
#[derive(Default)]
struct Writer {
    commits: Mutex<Vec<usize>>,
    gate: Option<Notify>,
    is_down: AtomicBool,
}

#[async_trait]
impl TelemetryWriter for Writer {
    async fn commit(&self, batch: CommitBatch) -> StoreResult<CommitReport> {
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::new(
                ErrorKind::Unavailable,
                "test.commit",
                "down",
            ));
        }
        let is_poison = |item: &WriteItem| matches!(&item.write, Write::Trace { id, .. } if id.as_str() == "poison");
        if batch.items.iter().any(is_poison) {
            return Err(StoreError::new(ErrorKind::Invalid, "test.commit", "poison"));
        }
        let is_bomb = |item: &WriteItem| matches!(&item.write, Write::Trace { id, .. } if id.as_str() == "bomb");
        assert!(!batch.items.iter().any(is_bomb), "a defect of the engine");
        self.commits.lock().unwrap().push(batch.items.len());
        Ok(vec![Outcome::Accepted; batch.items.len()])
    }

    async fn delete_traces(&self, _: &ProjectScope, _: &[TraceId]) -> StoreResult<u64> {
        Ok(0)
    }
}

fn traces(ids: &[&str]) -> Vec<WriteItem> {
    let scope = ProjectScope::new(ProjectId::new("p").unwrap());
    let item = |id: &&str| WriteItem {
        scope: scope.clone(),
        write: Write::Trace {
            id: TraceId::new(*id).unwrap(),
            patch: Box::<TraceState>::default(),
        },
    };
    ids.iter().map(item).collect()
}

fn start(writer: &Arc<Writer>, options: QueueOptions) -> Ingest {
    Ingest::start(writer.clone(), Arc::default(), options, Arc::default())
}

async fn send(ingest: &Ingest, ids: &[&str]) -> Result<CommitReport, IngestError> {
    ingest.submit(ingest.admit(100)?, traces(ids)).await
}

fn assert_accounted(ingest: &Ingest) {
    let figures = &ingest.shared.figures;
    let mut rejected = 0;
    for reason in [
        "queue_full",
        "shutting_down",
        "store_unavailable",
        "store_error",
    ] {
        let reason = crate::figures::Reason {
            reason: reason.into(),
        };
        rejected += figures.rejected.get_or_create(&reason).get();
    }
    assert_eq!(
        figures.received.get(),
        figures.accepted.get() + figures.duplicate.get() + rejected
    );
    assert_eq!(
        (figures.queue_items.get(), figures.queue_bytes.get()),
        (0, 0)
    );
}

#[tokio::test]
async fn a_lone_request_commits_at_once_and_waiting_ones_commit_together() {
    let writer = Arc::new(Writer {
        gate: Some(Notify::new()),
        ..Writer::default()
    });
    let ingest = start(&writer, QueueOptions::default());
    let first = tokio::spawn({
        let ingest = ingest.clone();
        async move { send(&ingest, &["a"]).await }
    });
    tokio::task::yield_now().await;
    let others: Vec<_> = (0..5)
        .map(|_| {
            let ingest = ingest.clone();
            tokio::spawn(async move { send(&ingest, &["b", "c"]).await })
        })
        .collect();
    tokio::task::yield_now().await;
    writer.gate.as_ref().unwrap().notify_one();
    assert_eq!(first.await.unwrap().unwrap().len(), 1);
    writer.gate.as_ref().unwrap().notify_one();
    for other in others {
        assert_eq!(other.await.unwrap().unwrap().len(), 2);
    }
    assert_eq!(*writer.commits.lock().unwrap(), [1, 10]);
    assert_accounted(&ingest);
}

#[tokio::test]
async fn an_engine_that_can_has_two_commits_at_once_and_the_rest_waits_together() {
    let writer = Arc::new(Writer {
        gate: Some(Notify::new()),
        ..Writer::default()
    });
    let options = QueueOptions {
        commits_at_once: 2,
        ..QueueOptions::default()
    };
    let ingest = start(&writer, options);
    let mut sent = Vec::new();
    for _ in 0..5 {
        let ingest = ingest.clone();
        sent.push(tokio::spawn(async move { send(&ingest, &["a"]).await }));
        // The committer has taken it, or knows that it cannot.
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(ingest.shared.figures.queue_items.get(), 5);
    for _ in 0..3 {
        writer.gate.as_ref().unwrap().notify_one();
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
    }
    for one in sent {
        assert_eq!(one.await.unwrap().unwrap().len(), 1);
    }
    assert_eq!(*writer.commits.lock().unwrap(), [1, 1, 3]);
    assert_accounted(&ingest);
}

#[tokio::test]
async fn a_poisoned_request_fails_alone() {
    let writer = Arc::new(Writer {
        gate: Some(Notify::new()),
        ..Writer::default()
    });
    let ingest = start(&writer, QueueOptions::default());
    let sends = ["a", "poison", "b"].map(|id| {
        let ingest = ingest.clone();
        tokio::spawn(async move { send(&ingest, &[id]).await })
    });
    let opener = tokio::spawn({
        let writer = writer.clone();
        async move {
            loop {
                writer.gate.as_ref().unwrap().notify_one();
                tokio::task::yield_now().await;
            }
        }
    });
    let mut failed = 0;
    for send in sends {
        failed += usize::from(send.await.unwrap().is_err());
    }
    opener.abort();
    assert_eq!(failed, 1);
    assert_eq!(writer.commits.lock().unwrap().iter().sum::<usize>(), 2);
    assert_accounted(&ingest);
}

#[tokio::test]
async fn refuses_what_exceeds_the_byte_budget_and_takes_it_once_there_is_room() {
    let writer = Arc::new(Writer::default());
    let ingest = start(
        &writer,
        QueueOptions {
            bytes_max: 10 * 1024,
            ..QueueOptions::default()
        },
    );
    let held = ingest.admit(8 * 1024).unwrap();
    assert!(matches!(
        ingest.admit(4 * 1024),
        Err(IngestError::QueueFull { .. })
    ));
    ingest.submit(held, traces(&["a"])).await.unwrap();
    ingest
        .submit(ingest.admit(4 * 1024).unwrap(), traces(&["b"]))
        .await
        .unwrap();
    assert_accounted(&ingest);
}

#[tokio::test]
async fn a_store_that_is_down_is_the_answer_of_every_request() {
    let writer = Arc::new(Writer::default());
    writer.is_down.store(true, Ordering::SeqCst);
    let ingest = start(&writer, QueueOptions::default());
    let error = send(&ingest, &["a"]).await.unwrap_err();
    assert_eq!(error.reason(), "store_unavailable");
    writer.is_down.store(false, Ordering::SeqCst);
    assert!(send(&ingest, &["a"]).await.is_ok());
    assert_accounted(&ingest);
}

#[tokio::test]
async fn drains_what_was_admitted_and_refuses_the_rest() {
    let writer = Arc::new(Writer {
        gate: Some(Notify::new()),
        ..Writer::default()
    });
    let ingest = start(&writer, QueueOptions::default());
    let sent = tokio::spawn({
        let ingest = ingest.clone();
        async move { send(&ingest, &["a"]).await }
    });
    tokio::task::yield_now().await;
    let drained = tokio::spawn({
        let ingest = ingest.clone();
        async move { ingest.drain().await }
    });
    tokio::task::yield_now().await;
    assert!(matches!(
        ingest.admit(1),
        Err(IngestError::ShuttingDown { .. })
    ));
    assert!(!drained.is_finished());
    writer.gate.as_ref().unwrap().notify_one();
    drained.await.unwrap();
    assert!(sent.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_panic_of_the_engine_fails_its_commit_and_no_later_one() {
    let writer = Arc::new(Writer::default());
    let ingest = start(&writer, QueueOptions::default());
    let failed = send(&ingest, &["bomb"]).await;
    assert!(matches!(failed, Err(IngestError::Store(error)) if error.kind == ErrorKind::Internal));
    assert_eq!(send(&ingest, &["a"]).await.unwrap().len(), 1);
    assert_eq!(ingest.depth().bytes, 0);
}
