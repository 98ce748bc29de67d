//! Requests at a fixed rate, whatever the answers do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Bodies, Load, Tally};
use crate::server::Target;

/// Bodies made ahead of time.
const AHEAD_MAX: usize = 4;
/// Requests on their way. Beyond them the next one waits, but is due when it is due.
const IN_FLIGHT_MAX: usize = 1_024;

/// One request every `interval` for `duration`.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub interval: Duration,
    pub duration: Duration,
}

/// A request and when it is due, from the start of the load.
struct Due {
    at: Duration,
    body: (Bytes, u64),
}

impl Pace {
    /// Requests of `items` each, so that there are `items_per_second`; at least one request a second.
    pub fn of_items(items_per_second: f64, items: usize, duration: Duration) -> Self {
        let per_second = (items_per_second / items as f64).max(1.0);
        Self {
            interval: Duration::from_secs_f64(1.0 / per_second),
            duration,
        }
    }
}

/// Sends at this pace, each latency counted from the moment the request was due.
pub async fn open_loop(
    target: &Target,
    path: &'static str,
    pace: Pace,
    bodies: Arc<Bodies>,
) -> anyhow::Result<Load> {
    let (sender, mut due) = mpsc::channel(AHEAD_MAX);
    let tally = Arc::new(Tally::new());
    let started = tally.started;
    let pacer = tokio::task::spawn_blocking(move || keep_pace(pace, started, &*bodies, &sender));
    let mut requests = JoinSet::new();
    while let Some(next) = due.recv().await {
        let Due { at, body } = next;
        let (target, tally) = (target.clone(), tally.clone());
        requests.spawn(async move { tally.send(&target, path, body, at).await });
        while let Some(ended) = requests.try_join_next() {
            ended??;
        }
        while requests.len() >= IN_FLIGHT_MAX
            && let Some(ended) = requests.join_next().await
        {
            ended??;
        }
    }
    pacer.await?;
    while let Some(ended) = requests.join_next().await {
        ended??;
    }
    Ok(tally.finish())
}

/// On a thread of its own: the runtime's timer counts whole milliseconds, and bodies take time to make.
fn keep_pace(pace: Pace, started: Instant, bodies: &Bodies, due: &mpsc::Sender<Due>) {
    for n in 0_u64.. {
        let at = Duration::from_secs_f64(pace.interval.as_secs_f64() * n as f64);
        if at >= pace.duration {
            return;
        }
        let Some(body) = bodies(n) else { return };
        std::thread::sleep(at.saturating_sub(started.elapsed()));
        if due.blocking_send(Due { at, body }).is_err() {
            return;
        }
    }
}
