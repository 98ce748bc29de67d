//! Group commit: requests wait, bounded by bytes and by count, for the single committer.
//!
//! The committer takes all that wait (up to [`QueueOptions::group_requests_max`] requests or
//! [`QueueOptions::group_bytes_max`] bytes), commits once and answers each. It never waits for company:
//! a lone request commits at once. At most [`QueueOptions::commits_at_once`] groups are with the engine, so that it can
//! prepare one while it writes the one before. Requests of two such groups all wait for their answers, so none of their
//! senders can tell in which order they were stored. What the committer deliberately does not do: retry. An error is
//! the sender's answer, and sending again is harmless.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use xtrace_model::PriceBook;
use xtrace_store::{CommitBatch, CommitReport, ErrorKind, StoreError, TelemetryWriter, WriteItem};

use crate::figures::IngestFigures;

/// One permit of the byte budget stands for this many bytes.
const BYTES_PER_PERMIT: usize = 1024;

/// Bounds of the queue.
#[derive(Clone, Copy, Debug)]
pub struct QueueOptions {
    /// Bytes of all requests that wait or are being committed, as sent and decompressed.
    pub bytes_max: usize,
    /// Requests that wait.
    pub requests_max: usize,
    /// Requests of one commit.
    pub group_requests_max: usize,
    /// Bytes of one commit; a larger request still commits, alone.
    pub group_bytes_max: usize,
    /// Commits that the engine has at once, at least one.
    pub commits_at_once: usize,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self {
            bytes_max: 128 * 1024 * 1024,
            requests_max: 10_000,
            group_requests_max: 200,
            group_bytes_max: 16 * 1024 * 1024,
            commits_at_once: 1,
        }
    }
}

/// Why a request was not stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IngestError {
    #[error("the ingest queue is full ({limit})")]
    QueueFull {
        limit: String,
        retry_after: Duration,
    },
    #[error("the server is shutting down")]
    ShuttingDown { retry_after: Duration },
    #[error(transparent)]
    Store(Arc<StoreError>),
}

/// How full the queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueDepth {
    pub items: u64,
    pub bytes: usize,
    pub bytes_max: usize,
}

/// The entrance to the store: everything written passes here.
#[derive(Clone)]
pub struct Ingest {
    shared: Arc<Shared>,
}

struct Shared {
    sender: mpsc::Sender<Request>,
    budget: Arc<Semaphore>,
    options: QueueOptions,
    figures: Arc<IngestFigures>,
    is_closed: AtomicBool,
}

/// Room in the queue, given back when dropped: once the request has been answered or abandoned.
pub struct Admitted {
    permit: OwnedSemaphorePermit,
    bytes: usize,
    shared: Weak<Shared>,
    figures: Arc<IngestFigures>,
}

impl Admitted {
    /// Takes room for `bytes` more, as a body arrives.
    ///
    /// # Errors
    /// As [`Ingest::admit`]; the room taken so far is kept.
    pub fn grow(&mut self, bytes: usize) -> Result<(), IngestError> {
        let shared = self.shared.upgrade().ok_or_else(shutting_down)?;
        let held = permits_for(self.bytes);
        let wanted = permits_for(self.bytes.saturating_add(bytes));
        if wanted > held {
            self.permit.merge(shared.take(wanted - held)?);
        }
        self.bytes += bytes;
        self.figures.queue_bytes.inc_by(gauged(bytes));
        Ok(())
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.figures.queue_bytes.dec_by(gauged(self.bytes));
    }
}

/// A request in the queue. Its figures move when it is answered, whether or not the sender still listens.
struct Request {
    items: Vec<WriteItem>,
    /// What each item counts.
    weights: Vec<u64>,
    count: u64,
    admitted: Admitted,
    answer: oneshot::Sender<Result<CommitReport, IngestError>>,
}

impl Request {
    fn answer(self, result: Result<CommitReport, IngestError>) {
        let figures = &self.admitted.figures;
        figures.queue_items.dec_by(gauged(self.count));
        figures.count_result(&self.weights, &result);
        // Room is given back before the answer, so that who waits for the answer finds it free.
        drop(self.admitted);
        // A sender that has gone away needs no answer; what it sent is stored all the same.
        drop(self.answer.send(result));
    }
}

fn gauged(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

impl Ingest {
    /// Starts the committer on the current runtime.
    pub fn start(
        writer: Arc<dyn TelemetryWriter>,
        prices: Arc<PriceBook>,
        options: QueueOptions,
        figures: Arc<IngestFigures>,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(options.requests_max);
        let budget = Arc::new(Semaphore::new(options.bytes_max.div_ceil(BYTES_PER_PERMIT)));
        let commits = Commits {
            writer,
            prices,
            figures: figures.clone(),
        };
        let committer = Committer {
            commits: Arc::new(commits),
            turns: Arc::new(Semaphore::new(options.commits_at_once.max(1))),
            options,
            held: None,
        };
        tokio::spawn(committer.run(receiver));
        let shared = Shared {
            sender,
            budget,
            options,
            figures,
            is_closed: AtomicBool::new(false),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Takes room for a request of `bytes`, before it is decoded.
    ///
    /// # Errors
    /// [`IngestError::QueueFull`] when the byte budget is used up, [`IngestError::ShuttingDown`].
    pub fn admit(&self, bytes: usize) -> Result<Admitted, IngestError> {
        let shared = &self.shared;
        if shared.is_closed.load(Ordering::Acquire) {
            return Err(IngestError::ShuttingDown {
                retry_after: Duration::from_secs(5),
            });
        }
        let permit = shared.take(permits_for(bytes))?;
        shared.figures.queue_bytes.inc_by(gauged(bytes));
        let figures = shared.figures.clone();
        Ok(Admitted {
            permit,
            bytes,
            shared: Arc::downgrade(shared),
            figures,
        })
    }

    /// Commits the items with whatever else waits; returns when they are durable and visible.
    ///
    /// # Errors
    /// Nothing of the request was acknowledged; the error says whether and when to try again.
    pub async fn submit(
        &self,
        admitted: Admitted,
        items: Vec<WriteItem>,
    ) -> Result<CommitReport, IngestError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let weights: Vec<u64> = items.iter().map(weight).collect();
        let count = weights.iter().sum();
        self.shared.figures.received.inc_by(count);
        self.shared.figures.queue_items.inc_by(gauged(count));
        let (answer, answered) = oneshot::channel();
        let request = Request {
            items,
            weights,
            count,
            admitted,
            answer,
        };
        match self.shared.sender.try_send(request) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(request)) => {
                let limit = format!("{} requests", self.shared.options.requests_max);
                let retry_after = Duration::from_secs(1);
                request.answer(Err(IngestError::QueueFull { limit, retry_after }));
            }
            Err(mpsc::error::TrySendError::Closed(request)) => {
                request.answer(Err(shutting_down()));
            }
        }
        answered.await.unwrap_or_else(|_| Err(shutting_down()))
    }

    pub fn depth(&self) -> QueueDepth {
        QueueDepth {
            items: u64::try_from(self.shared.figures.queue_items.get()).unwrap_or(0),
            bytes: usize::try_from(self.shared.figures.queue_bytes.get()).unwrap_or(0),
            bytes_max: self.shared.options.bytes_max,
        }
    }

    pub fn is_closed(&self) -> bool {
        self.shared.is_closed.load(Ordering::Acquire)
    }

    /// Stops admitting and returns when all that was admitted has been answered.
    pub async fn drain(&self) {
        self.shared.is_closed.store(true, Ordering::Release);
        let all = self.shared.options.bytes_max.div_ceil(BYTES_PER_PERMIT);
        let all = u32::try_from(all).unwrap_or(u32::MAX);
        if let Ok(permits) = self.shared.budget.acquire_many(all).await {
            permits.forget();
        }
    }
}

impl Shared {
    fn take(&self, permits: u32) -> Result<OwnedSemaphorePermit, IngestError> {
        self.budget
            .clone()
            .try_acquire_many_owned(permits)
            .map_err(|_| {
                let limit = format!("{} bytes", self.options.bytes_max);
                IngestError::QueueFull {
                    limit,
                    retry_after: Duration::from_secs(1),
                }
            })
    }
}

/// At least one, so that even an empty request counts.
fn permits_for(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(BYTES_PER_PERMIT).max(1)).unwrap_or(u32::MAX)
}

fn shutting_down() -> IngestError {
    IngestError::ShuttingDown {
        retry_after: Duration::from_secs(5),
    }
}

/// Points count one by one, everything else as one item.
fn weight(item: &WriteItem) -> u64 {
    match &item.write {
        xtrace_store::Write::Points { points, .. } => points.len() as u64,
        _ => 1,
    }
}

struct Committer {
    commits: Arc<Commits>,
    /// One for each commit that the engine may have.
    turns: Arc<Semaphore>,
    options: QueueOptions,
    /// A request that did not fit into the group before.
    held: Option<Request>,
}

impl Committer {
    async fn run(mut self, mut receiver: mpsc::Receiver<Request>) {
        loop {
            let first = match self.held.take() {
                Some(request) => request,
                None => match receiver.recv().await {
                    Some(request) => request,
                    None => return,
                },
            };
            // Before the group is complete: what comes while all turns are taken belongs to it.
            let Ok(turn) = self.turns.clone().acquire_owned().await else {
                return;
            };
            let group = self.gather(first, &mut receiver);
            let commits = self.commits.clone();
            tokio::spawn(async move {
                commits.commit(group).await;
                drop(turn);
            });
        }
    }

    fn gather(&mut self, first: Request, receiver: &mut mpsc::Receiver<Request>) -> Vec<Request> {
        let mut bytes = first.admitted.bytes;
        let mut group = vec![first];
        while group.len() < self.options.group_requests_max {
            let Ok(next) = receiver.try_recv() else { break };
            bytes += next.admitted.bytes;
            if bytes > self.options.group_bytes_max {
                self.held = Some(next);
                break;
            }
            group.push(next);
        }
        group
    }
}

/// What commits groups and answers their requests.
struct Commits {
    writer: Arc<dyn TelemetryWriter>,
    prices: Arc<PriceBook>,
    figures: Arc<IngestFigures>,
}

impl Commits {
    async fn commit(&self, mut group: Vec<Request>) {
        let lengths: Vec<usize> = group.iter().map(|request| request.items.len()).collect();
        let is_shared = group.len() > 1;
        // A shared commit may have to be repeated request by request, so it works on copies then only.
        let items: Vec<WriteItem> = if is_shared {
            group
                .iter()
                .flat_map(|request| request.items.iter().cloned())
                .collect()
        } else {
            std::mem::take(&mut group[0].items)
        };
        match self.commit_items(items).await {
            Ok(report) => {
                let mut outcomes = report.into_iter();
                for (request, length) in group.into_iter().zip(lengths) {
                    request.answer(Ok(outcomes.by_ref().take(length).collect()));
                }
            }
            Err(error) if is_shared && is_about_the_data(error.kind) => {
                // One request spoils the group: commit each alone, so that only that one fails.
                for mut request in group {
                    let items = std::mem::take(&mut request.items);
                    let result = self.commit_items(items).await;
                    request.answer(result.map_err(|error| IngestError::Store(error.into())));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for request in group {
                    request.answer(Err(IngestError::Store(error.clone())));
                }
            }
        }
    }

    async fn commit_items(&self, items: Vec<WriteItem>) -> Result<CommitReport, StoreError> {
        let started = Instant::now();
        let count = items.len();
        let batch = CommitBatch {
            items,
            prices: self.prices.clone(),
        };
        // A panic of the engine fails this commit: its requests are answered and its turn is given back.
        let commit = AssertUnwindSafe(self.writer.commit(batch));
        let result = commit.catch_unwind().await;
        let result = result.unwrap_or_else(|panic| {
            let words = format!("the engine panicked: {}", words(panic.as_ref()));
            Err(StoreError::new(ErrorKind::Internal, "ingest.commit", words))
        });
        self.figures
            .commit_seconds
            .observe(started.elapsed().as_secs_f64());
        match &result {
            Ok(report) if report.len() != count => Err(StoreError::new(
                ErrorKind::Internal,
                "ingest.commit",
                format!(
                    "the engine reported {} outcomes for {count} items",
                    report.len()
                ),
            )),
            _ => result,
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words")
}

/// Whether the error may come from one item rather than from the store as a whole.
fn is_about_the_data(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Invalid | ErrorKind::TooLarge | ErrorKind::Internal
    )
}

#[cfg(test)]
mod tests;
