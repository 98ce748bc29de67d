//! The reads that are measured, each asked alone.

use std::time::Instant;

use anyhow::Context as _;
use serde::Serialize;

use crate::corpus::Corpus;
use crate::latency::{Latencies, Percentiles};
use crate::server::Target;

#[derive(Clone, Debug, Serialize)]
pub struct Read {
    pub name: &'static str,
    pub latency: Percentiles,
}

/// Asks each read `times` times, one after the other, and once before to warm up.
pub async fn measure(
    target: &Target,
    corpus: &Corpus,
    observations: u64,
    times: usize,
) -> anyhow::Result<Vec<Read>> {
    let mut reads = Vec::new();
    for (name, paths) in questions(corpus, observations) {
        let mut latencies = Latencies::new();
        target
            .get(&paths[0])
            .await
            .with_context(|| format!("warming up {name}"))?;
        for n in 0..times {
            let path = &paths[n % paths.len()];
            let asked = Instant::now();
            target.get(path).await?;
            latencies.record(asked.elapsed());
        }
        reads.push(Read {
            name,
            latency: latencies.percentiles(),
        });
    }
    Ok(reads)
}

fn questions(corpus: &Corpus, observations: u64) -> Vec<(&'static str, Vec<String>)> {
    let traces = "/api/public/traces";
    let one = |path: &str| vec![path.to_owned()];
    let details = (1..20).map(|n| {
        let row = corpus.row(observations * n / 20);
        format!("{traces}/{}", row.trace_id)
    });
    let end = corpus.end().to_string();
    let day_before = corpus
        .end()
        .saturating_add_micros(-24 * 3600 * 1_000_000)
        .to_string();
    let metric =
        format!("/api/public/metrics/query?name=gpu_utilization&from={day_before}&to={end}");
    vec![
        (
            "newest 50 traces",
            one(&format!("{traces}?limit=50&fields=core,metrics")),
        ),
        (
            "newest 50 traces with payloads",
            one(&format!("{traces}?limit=50")),
        ),
        ("traces of a user", one(&format!("{traces}?userId=user-42"))),
        (
            "traces by cost",
            one(&format!(
                "{traces}?orderBy=totalCost.desc&fields=core,metrics"
            )),
        ),
        (
            "traces by latency",
            one(&format!(
                "{traces}?orderBy=latency.desc&fields=core,metrics"
            )),
        ),
        ("one trace of 10 observations", details.collect()),
        (
            "newest 50 observations",
            one("/api/public/observations?limit=50"),
        ),
        ("newest 50 sessions", one("/api/public/sessions?limit=50")),
        (
            "daily metrics, 60 days",
            one(&format!(
                "/api/public/metrics/daily?limit=60&toTimestamp={end}&fromTimestamp={}",
                corpus.start()
            )),
        ),
        (
            "metric avg by series, 24 h, 5 m",
            one(&format!("{metric}&step=5m&agg=avg")),
        ),
        (
            "metric p99 by node, 24 h, 5 m",
            one(&format!("{metric}&step=5m&agg=p99&group_by=node_id")),
        ),
        (
            "latest points of 400 series",
            one("/api/public/metrics/latest?name=gpu_utilization"),
        ),
    ]
}
