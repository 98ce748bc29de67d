//! Two servers on one PostgreSQL whose clients change the same traces, one of them killed again and again: no update
//! that was acknowledged is lost, and none is refused because of the other server.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use xtrace_store_tests::soak::rounds;

use crate::places::Place;
use crate::server::{Server, TOKEN};

const TRACES: u64 = 6;
const CLIENTS: u64 = 3;

/// Updates under way by some clients of one server.
struct Updates {
    is_stopped: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
    clients: JoinSet<Vec<(u64, u64)>>,
}

/// The n-th update: a key of its own in the metadata of some traces, and an observation of its own in each.
fn update(n: u64, traces: &[u64]) -> Value {
    let body = |trace: &u64| {
        let id = format!("t{trace}");
        json!({ "trace": { "id": id, "metadata": { format!("k{n}"): n } },
            "observations": [{ "id": format!("o{n}"), "traceId": id, "usage": { "input": 1 } }] })
    };
    traces.iter().map(body).collect()
}

impl Updates {
    /// Clients of a server that is going to be killed may be left without an answer.
    fn start(server: &Server, next: &Arc<AtomicU64>, is_killed: bool) -> Self {
        let (is_stopped, count) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let (url, next) = (format!("{}/v1/l/batch", server.url), next.clone());
            let (is_stopped, count) = (is_stopped.clone(), count.clone());
            clients.spawn(async move {
                let client = reqwest::Client::new();
                let mut acknowledged = Vec::new();
                while !is_stopped.load(Ordering::Relaxed) {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    // In any order, so that servers that lock one trace after the other would wait in a circle.
                    let traces = [0; 3].map(|_| rand::random_range(0..TRACES));
                    let request = client.post(&url).bearer_auth(TOKEN);
                    match request.json(&update(n, &traces)).send().await {
                        Ok(response) => {
                            let (status, text) = (response.status(), response.text().await);
                            if status != 200 {
                                assert!(is_killed && text.is_err(), "{status}: {text:?}");
                                continue;
                            }
                            acknowledged.extend(traces.map(|trace| (trace, n)));
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => {
                            assert!(is_killed, "{error}");
                            return acknowledged;
                        }
                    }
                }
                acknowledged
            });
        }
        Self {
            is_stopped,
            count,
            clients,
        }
    }

    async fn until_acknowledged(&self, count: u64) {
        let started = std::time::Instant::now();
        while self.count.load(Ordering::Relaxed) < count {
            assert!(started.elapsed().as_secs() < 60, "updates do not go on");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    async fn stop(self) -> BTreeSet<(u64, u64)> {
        self.is_stopped.store(true, Ordering::Relaxed);
        let of_clients = self.clients.join_all().await;
        of_clients.into_iter().flatten().collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_that_change_the_same_traces_lose_no_update_also_when_one_is_killed() {
    let place = Place::postgres();
    let next = Arc::new(AtomicU64::new(0));
    let lasting = place.start().start();
    let mut acknowledged = BTreeSet::new();
    for _ in 0..rounds(4) {
        let mortal = place.start().start();
        let of_lasting = Updates::start(&lasting, &next, false);
        let of_mortal = Updates::start(&mortal, &next, true);
        of_mortal
            .until_acknowledged(rand::random_range(3..30))
            .await;
        mortal.kill();
        of_lasting.until_acknowledged(20).await;
        acknowledged.extend(of_mortal.stop().await);
        acknowledged.extend(of_lasting.stop().await);
    }
    for trace in 0..TRACES {
        let stored = lasting.get(&format!("/api/public/traces/t{trace}")).await;
        let observations = stored.body["observations"].as_array().unwrap();
        let ids: BTreeSet<&str> = observations
            .iter()
            .map(|row| row["id"].as_str().unwrap())
            .collect();
        assert_eq!(
            ids.len(),
            observations.len(),
            "t{trace}: something is there twice"
        );
        for (_, n) in acknowledged.range((trace, 0)..(trace + 1, 0)) {
            assert_eq!(stored.body["metadata"][format!("k{n}")], *n, "t{trace}");
            assert!(
                ids.contains(format!("o{n}").as_str()),
                "t{trace} lacks o{n}"
            );
        }
        // Nothing unacknowledged is half there either.
        let keys = stored.body["metadata"].as_object().unwrap();
        assert_eq!(keys.len(), ids.len(), "t{trace}");
    }
}
