//! Senders that send their next request when the last was answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{Bodies, Load, Tally};
use crate::latency::{Latencies, Percentiles};
use crate::server::Target;

/// `connections` senders, until the bodies or the time are at an end.
pub async fn closed_loop(
    target: &Target,
    path: &'static str,
    connections: usize,
    limit: Option<Duration>,
    bodies: Arc<Bodies>,
) -> anyhow::Result<Load> {
    let next = Arc::new(AtomicU64::new(0));
    let tally = Arc::new(Tally::new());
    let mut senders = JoinSet::new();
    for _ in 0..connections {
        let (target, next, tally, bodies) =
            (target.clone(), next.clone(), tally.clone(), bodies.clone());
        senders.spawn(async move {
            while limit.is_none_or(|limit| tally.started.elapsed() < limit) {
                let Some(body) = bodies(next.fetch_add(1, Ordering::Relaxed)) else {
                    break;
                };
                let due = tally.started.elapsed();
                tally.send(&target, path, body, due).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    Ok(tally.finish())
}

/// How often one path was read in a second, by `connections` readers for `limit`, and how long each read took.
pub async fn gets(
    target: &Target,
    path: &'static str,
    connections: usize,
    limit: Duration,
) -> anyhow::Result<(f64, Percentiles)> {
    let started = Instant::now();
    let mut readers = JoinSet::new();
    for _ in 0..connections {
        let target = target.clone();
        readers.spawn(async move {
            let mut latencies = Latencies::new();
            while started.elapsed() < limit {
                let asked = Instant::now();
                target.get(path).await?;
                latencies.record(asked.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut all = Latencies::new();
    while let Some(ended) = readers.join_next().await {
        all.add(&ended??);
    }
    let percentiles = all.percentiles();
    let per_second = percentiles.count as f64 / started.elapsed().as_secs_f64();
    Ok((per_second, percentiles))
}
