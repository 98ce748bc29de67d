//! Load over HTTP: a closed loop that goes as fast as it is answered, and an open loop at a fixed rate whose
//! latencies count from the moment a request was due, so that a stalled server cannot hide its stall.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::latency::{Latencies, Percentiles};
use crate::server::Target;

/// What a load did.
#[derive(Clone, Debug, Serialize)]
pub struct Load {
    pub items: u64,
    pub bytes: u64,
    pub seconds: f64,
    pub items_per_second: f64,
    /// Answers 429 and 503: the server said it could not take more.
    pub refused: u64,
    pub latency: Percentiles,
}

/// Makes the n-th request body and says how many items it holds; `None` ends the load.
pub type Bodies = dyn Fn(u64) -> Option<(Bytes, u64)> + Send + Sync;

struct Tally {
    items: AtomicU64,
    bytes: AtomicU64,
    refused: AtomicU64,
}

/// `connections` senders, each sending its next request when the last was answered, until the bodies or the
/// time are at an end.
pub async fn closed_loop(
    target: &Target,
    path: &'static str,
    connections: usize,
    limit: Option<Duration>,
    bodies: Arc<Bodies>,
) -> anyhow::Result<Load> {
    let next = Arc::new(AtomicU64::new(0));
    let tally = Arc::new(Tally::new());
    let started = Instant::now();
    let mut senders = JoinSet::new();
    for _ in 0..connections {
        let (target, next, tally, bodies) =
            (target.clone(), next.clone(), tally.clone(), bodies.clone());
        senders.spawn(async move {
            let mut latencies = Latencies::new();
            while limit.is_none_or(|limit| started.elapsed() < limit) {
                let Some((body, items)) = bodies(next.fetch_add(1, Ordering::Relaxed)) else {
                    break;
                };
                let sent = Instant::now();
                send(&target, path, body, items, &tally).await?;
                latencies.record(sent.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    collect(senders, Latencies::new(), &tally, started).await
}

/// One request every `interval` for `duration`, whatever the answers do.
pub async fn open_loop(
    target: &Target,
    path: &'static str,
    interval: Duration,
    duration: Duration,
    bodies: Arc<Bodies>,
) -> anyhow::Result<Load> {
    let tally = Arc::new(Tally::new());
    let started = Instant::now();
    let mut senders = JoinSet::new();
    let mut done = Latencies::new();
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    for n in 0.. {
        let due = started + interval * u32::try_from(n).context("too many requests")?;
        if due - started >= duration {
            break;
        }
        ticks.tick().await;
        let Some((body, items)) = bodies(n) else {
            break;
        };
        let (target, tally) = (target.clone(), tally.clone());
        senders.spawn(async move {
            send(&target, path, body, items, &tally).await?;
            let mut latencies = Latencies::new();
            latencies.record(due.elapsed());
            anyhow::Ok(latencies)
        });
        while let Some(finished) = senders.try_join_next() {
            done.add(&finished??);
        }
    }
    collect(senders, done, &tally, started).await
}

impl Tally {
    fn new() -> Self {
        Self {
            items: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }
}

async fn collect(
    mut senders: JoinSet<anyhow::Result<Latencies>>,
    mut latencies: Latencies,
    tally: &Tally,
    started: Instant,
) -> anyhow::Result<Load> {
    while let Some(finished) = senders.join_next().await {
        latencies.add(&finished??);
    }
    let seconds = started.elapsed().as_secs_f64();
    let items = tally.items.load(Ordering::Relaxed);
    Ok(Load {
        items,
        bytes: tally.bytes.load(Ordering::Relaxed),
        seconds,
        items_per_second: items as f64 / seconds,
        refused: tally.refused.load(Ordering::Relaxed),
        latency: latencies.percentiles(),
    })
}

async fn send(
    target: &Target,
    path: &str,
    body: Bytes,
    items: u64,
    tally: &Tally,
) -> anyhow::Result<()> {
    let length = body.len() as u64;
    let response = target.post(path, body).await?;
    match response.status().as_u16() {
        200 => {
            // The whole answer belongs to the acknowledgement.
            response.bytes().await?;
            tally.items.fetch_add(items, Ordering::Relaxed);
            tally.bytes.fetch_add(length, Ordering::Relaxed);
        }
        429 | 503 => _ = tally.refused.fetch_add(1, Ordering::Relaxed),
        status => bail!("{path}: {status}: {}", response.text().await?),
    }
    Ok(())
}
