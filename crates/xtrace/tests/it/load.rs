//! Writers that note what was acknowledged, and the check that it is all there, once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::server::{Server, TOKEN};

const OBSERVATIONS_PER_TRACE: u64 = 5;
/// More than a commit may take on a server that has stopped answering (60 s), and the next that waited behind it.
const PATIENCE: Duration = Duration::from_secs(180);

/// What became of the requests of a load.
#[derive(Debug, Default)]
pub struct Sent {
    /// Numbers of traces that were acknowledged.
    pub acknowledged: Vec<u64>,
    /// How often each other status was answered, with whether all of them had `Retry-After`.
    pub refused: BTreeMap<u16, (u64, bool)>,
    /// Requests without an answer.
    pub unanswered: u64,
    /// How long each acknowledgement took.
    pub took: Vec<Duration>,
}

impl Sent {
    /// The time within which 99 of 100 acknowledgements came: to be shown, never to be asserted.
    pub fn p99(&self) -> Duration {
        let mut took = self.took.clone();
        took.sort();
        took.get(took.len().saturating_sub(1) * 99 / 100)
            .copied()
            .unwrap_or_default()
    }
}

/// Four writers that send one trace after the other until told to stop.
pub struct Load {
    progress: Arc<Progress>,
    writers: JoinSet<Sent>,
}

/// What the writers of a load have seen so far.
#[derive(Default)]
struct Progress {
    is_stopped: AtomicBool,
    acknowledged: AtomicU64,
    refused: AtomicU64,
}

impl Load {
    /// Numbers are taken from `next`, so that several loads never use one twice.
    pub fn start(server: &Server, next: &Arc<AtomicU64>) -> Self {
        let progress = Arc::new(Progress::default());
        let mut writers = JoinSet::new();
        for _ in 0..4 {
            let (url, next, progress) = (server.url.clone(), next.clone(), progress.clone());
            writers.spawn(async move { write(&url, &next, &progress).await });
        }
        Self { progress, writers }
    }

    /// Waits until this many requests were acknowledged.
    pub async fn until_acknowledged(&self, count: u64) {
        wait_until(&self.progress.acknowledged, count, "acknowledged").await;
    }

    /// Waits until this many requests were answered with anything but 200.
    pub async fn until_refused(&self, count: u64) {
        wait_until(&self.progress.refused, count, "refused").await;
    }

    /// Stops the writers after the requests under way.
    pub async fn stop(mut self) -> Sent {
        self.progress.is_stopped.store(true, Ordering::Relaxed);
        let mut all = Sent::default();
        while let Some(sent) = self.writers.join_next().await {
            let sent = sent.unwrap();
            all.acknowledged.extend(sent.acknowledged);
            all.unanswered += sent.unanswered;
            all.took.extend(sent.took);
            for (status, (count, has_header)) in sent.refused {
                let entry = all.refused.entry(status).or_insert((0, true));
                *entry = (entry.0 + count, entry.1 && has_header);
            }
        }
        all
    }
}

async fn write(url: &str, next: &AtomicU64, progress: &Progress) -> Sent {
    let client = reqwest::Client::new();
    let mut sent = Sent::default();
    while !progress.is_stopped.load(Ordering::Relaxed) {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let request = client
            .post(format!("{url}/v1/l/batch"))
            .bearer_auth(TOKEN)
            .json(&body(n));
        let started = Instant::now();
        match request.send().await {
            Ok(response) if response.status() == 200 => {
                sent.acknowledged.push(n);
                sent.took.push(started.elapsed());
                progress.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Ok(response) => {
                let has_header = response.headers().contains_key("retry-after");
                let entry = sent
                    .refused
                    .entry(response.status().as_u16())
                    .or_insert((0, true));
                *entry = (entry.0 + 1, entry.1 && has_header);
                progress.refused.fetch_add(1, Ordering::Relaxed);
                wait_a_little().await;
            }
            Err(_) => {
                sent.unanswered += 1;
                wait_a_little().await;
            }
        }
    }
    sent
}

/// Between two tries of a writer that was refused.
async fn wait_a_little() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

async fn wait_until(counter: &AtomicU64, count: u64, what: &str) {
    let started = Instant::now();
    while counter.load(Ordering::Relaxed) < count {
        let seen = counter.load(Ordering::Relaxed);
        assert!(
            started.elapsed() < PATIENCE,
            "only {seen} of {count} requests were {what}"
        );
        wait_a_little().await;
    }
}

/// The n-th trace, with its observations.
pub fn body(n: u64) -> Value {
    let observation = |k: u64| {
        json!({ "id": format!("o{k}"), "traceId": format!("t{n}"), "name": format!("step {k}"),
            "startTime": "2026-11-01T10:00:00Z", "endTime": "2026-11-01T10:00:01Z",
            "input": "x".repeat(400), "usage": { "input": n, "output": k } })
    };
    let observations: Vec<Value> = (0..OBSERVATIONS_PER_TRACE).map(observation).collect();
    json!({ "trace": { "id": format!("t{n}"), "name": "load", "timestamp": "2026-11-01T10:00:00Z" },
        "observations": observations })
}

/// Every acknowledged trace is there once, with all of its observations, in the list and by id.
pub async fn assert_all_there(server: &Server, acknowledged: &[u64]) {
    let mut listed: BTreeMap<String, u64> = BTreeMap::new();
    for page in 1.. {
        let answer = server
            .get(&format!(
                "/api/public/traces?limit=200&page={page}&fields=observations&orderBy=id.asc"
            ))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let rows = answer.body["data"].as_array().unwrap();
        for row in rows {
            let id = row["id"].as_str().unwrap().to_owned();
            assert_eq!(
                row["observations"].as_array().unwrap().len() as u64,
                OBSERVATIONS_PER_TRACE,
                "{id}"
            );
            *listed.entry(id).or_default() += 1;
        }
        if rows.len() < 200 {
            break;
        }
    }
    for n in acknowledged {
        assert_eq!(
            listed.get(&format!("t{n}")),
            Some(&1),
            "acknowledged trace t{n}"
        );
    }
    assert!(listed.values().all(|count| *count == 1));
    for n in acknowledged.iter().rev().take(20) {
        let trace = server.get(&format!("/api/public/traces/t{n}")).await;
        let observations = trace.body["observations"].as_array().unwrap();
        assert_eq!(observations.len() as u64, OBSERVATIONS_PER_TRACE);
        assert_eq!(observations[0]["input"].as_str().unwrap().len(), 400);
    }
}
