//! Load over HTTP: a closed loop that goes as fast as it is answered, and an open loop at a fixed rate whose
//! latencies count from the moment a request was due, so that a stalled server cannot hide its stall.
//!
//! In a closed loop a stalled server is asked less often, so its percentiles look better than what somebody who
//! came at any time would have seen; it is there for throughput. Latencies are of acknowledged requests only.

mod closed;
mod open;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::bail;
use bytes::Bytes;
use serde::Serialize;

pub use self::closed::{closed_loop, gets};
pub use self::open::{Pace, open_loop};

use crate::latency::timeline::{Moment, Timeline};
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
    /// For the plot.
    #[serde(skip)]
    pub moments: Vec<Moment>,
}

/// Makes the n-th request body and says how many items it holds; `None` ends the load.
pub type Bodies = dyn Fn(u64) -> Option<(Bytes, u64)> + Send + Sync;

impl Load {
    pub fn mb_per_second(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.seconds
    }
}

/// What all senders of a load count together.
struct Tally {
    started: Instant,
    items: AtomicU64,
    bytes: AtomicU64,
    refused: AtomicU64,
    seen: Mutex<(Latencies, Timeline)>,
}

impl Tally {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            items: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            seen: Mutex::new((Latencies::new(), Timeline::new())),
        }
    }

    /// A request that was due so long after the start and has now been answered.
    fn record(&self, due: Duration) {
        let latency = self.started.elapsed().saturating_sub(due);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.0.record(latency);
        seen.1.record(due, latency);
    }

    /// Sends one request that was due so long after the start.
    async fn send(
        &self,
        target: &Target,
        path: &str,
        (body, items): (Bytes, u64),
        due: Duration,
    ) -> anyhow::Result<()> {
        let length = body.len() as u64;
        let response = target.post(path, body).await?;
        match response.status().as_u16() {
            200 => {
                // The whole answer belongs to the acknowledgement.
                response.bytes().await?;
                self.record(due);
                self.items.fetch_add(items, Ordering::Relaxed);
                self.bytes.fetch_add(length, Ordering::Relaxed);
            }
            429 | 503 => _ = self.refused.fetch_add(1, Ordering::Relaxed),
            status => bail!("{path}: {status}: {}", response.text().await?),
        }
        Ok(())
    }

    fn finish(&self) -> Load {
        let seconds = self.started.elapsed().as_secs_f64();
        let items = self.items.load(Ordering::Relaxed);
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Load {
            items,
            bytes: self.bytes.load(Ordering::Relaxed),
            seconds,
            items_per_second: items as f64 / seconds,
            refused: self.refused.load(Ordering::Relaxed),
            latency: seen.0.percentiles(),
            moments: seen.1.moments(),
        }
    }
}
