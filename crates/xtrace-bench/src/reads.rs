//! The reads that are measured.

use std::sync::atomic::{AtomicBool, Ordering};
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

/// A read: what it is called, and the paths that are asked in turn.
struct Question {
    name: &'static str,
    paths: Vec<String>,
}

/// Asks each read `times` times, one after the other, and once before to warm up.
pub async fn measure(target: &Target, corpus: &Corpus, times: usize) -> anyhow::Result<Vec<Read>> {
    let mut reads = Vec::new();
    for question in questions(corpus) {
        let mut latencies = Latencies::new();
        question.ask(target, 0).await?;
        for n in 0..times {
            let asked = Instant::now();
            question.ask(target, n).await?;
            latencies.record(asked.elapsed());
        }
        reads.push(Read {
            name: question.name,
            latency: latencies.percentiles(),
        });
    }
    Ok(reads)
}

/// Asks the reads in turn, one at a time, until told to stop.
pub async fn ask_until(
    target: &Target,
    corpus: &Corpus,
    is_over: &AtomicBool,
) -> anyhow::Result<Vec<Read>> {
    let questions = questions(corpus);
    let mut latencies: Vec<Latencies> = questions.iter().map(|_| Latencies::new()).collect();
    'rounds: for round in 0.. {
        for (question, latencies) in questions.iter().zip(&mut latencies) {
            if is_over.load(Ordering::Relaxed) {
                break 'rounds;
            }
            let asked = Instant::now();
            question.ask(target, round).await?;
            latencies.record(asked.elapsed());
        }
    }
    let reads = questions.iter().zip(&latencies);
    Ok(reads
        .map(|(question, latencies)| Read {
            name: question.name,
            latency: latencies.percentiles(),
        })
        .collect())
}

impl Question {
    async fn ask(&self, target: &Target, n: usize) -> anyhow::Result<()> {
        let path = &self.paths[n % self.paths.len()];
        let answer = target.get(path).await;
        answer
            .map(drop)
            .with_context(|| format!("asking {}", self.name))
    }
}

fn questions(corpus: &Corpus) -> Vec<Question> {
    const TRACES: &str = "/api/public/traces";
    const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;
    let details = (1..20).map(|n| corpus.trace_id(corpus.total() * n / 20));
    let (start, end) = (corpus.start(), corpus.end());
    let day_before = end.saturating_add_micros(-DAY_MICROS);
    let metric =
        format!("/api/public/metrics/query?name=gpu_utilization&from={day_before}&to={end}");
    let question = |name, path: String| Question {
        name,
        paths: vec![path],
    };
    let traces = |name, parameters: &str| question(name, format!("{TRACES}?{parameters}"));
    vec![
        traces("newest 50 traces", "limit=50&fields=core,metrics"),
        traces("newest 50 traces with payloads", "limit=50"),
        traces("traces of a user", "userId=user-42"),
        traces(
            "traces by cost",
            "orderBy=totalCost.desc&fields=core,metrics",
        ),
        traces(
            "traces by latency",
            "orderBy=latency.desc&fields=core,metrics",
        ),
        Question {
            name: "one whole trace",
            paths: details.map(|id| format!("{TRACES}/{id}")).collect(),
        },
        question(
            "newest 50 observations",
            "/api/public/observations?limit=50".to_owned(),
        ),
        question(
            "newest 50 sessions",
            "/api/public/sessions?limit=50".to_owned(),
        ),
        question(
            "daily metrics, 60 days",
            format!("/api/public/metrics/daily?limit=60&toTimestamp={end}&fromTimestamp={start}"),
        ),
        question(
            "metric avg by series, 24 h, 5 m",
            format!("{metric}&step=5m&agg=avg"),
        ),
        question(
            "metric p99 by node, 24 h, 5 m",
            format!("{metric}&step=5m&agg=p99&group_by=node_id"),
        ),
        question(
            "latest points of 400 series",
            "/api/public/metrics/latest?name=gpu_utilization".to_owned(),
        ),
    ]
}
