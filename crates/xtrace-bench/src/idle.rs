//! What a server does that has nothing else to do: lone writes, and the least that HTTP can cost.

use std::time::{Duration, Instant};

use anyhow::bail;
use bytes::Bytes;
use serde::Serialize;

use crate::corpus::Corpus;
use crate::latency::{Latencies, Percentiles};
use crate::load::gets;
use crate::run::WRITE;
use crate::server::Target;

#[derive(Clone, Debug, Serialize)]
pub struct Idle {
    /// One observation a request, one request at a time.
    pub lone_write: Percentiles,
    /// `/healthz`, which does nothing, by as many readers as the closed loop has writers.
    pub healthz_per_second: f64,
    pub healthz: Percentiles,
}

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct IdleOptions {
    /// Lone writes.
    pub writes: u64,
    /// Connections that read `/healthz`.
    pub connections: usize,
    /// For so long.
    pub limit: Duration,
}

/// The writes are the observations `from..from + writes`.
pub async fn measure(
    target: &Target,
    corpus: &Corpus,
    from: u64,
    options: IdleOptions,
) -> anyhow::Result<Idle> {
    let mut latencies = Latencies::new();
    for n in from..from + options.writes {
        let body = Bytes::from(corpus.batch(n, 1));
        let sent = Instant::now();
        let answer = target.post(WRITE, body).await?;
        if !answer.status().is_success() {
            bail!("a lone write was answered {}", answer.status());
        }
        answer.bytes().await?;
        latencies.record(sent.elapsed());
    }
    let (healthz_per_second, healthz) =
        gets(target, "/healthz", options.connections, options.limit).await?;
    Ok(Idle {
        lone_write: latencies.percentiles(),
        healthz_per_second,
        healthz,
    })
}
