//! More than the server can take: it says so, and its memory stays bounded.

use serde_json::json;
use tokio::task::JoinSet;

use crate::places::Place;
use crate::server::Server;

const MIB: u64 = 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_answers_429_with_retry_after_and_memory_stays_bounded() {
    let place = Place::embedded();
    let server = place
        .start()
        .with("XTRACE_INGEST_QUEUE_BYTES", "4MiB")
        .start();
    let before = server.memory_bytes();
    let mut stored = Vec::new();
    // Two bodies at once are more than the queue takes; when two meet is up to the machine.
    until_refused(&server, &mut stored).await;
    assert!(!stored.is_empty());
    for n in stored {
        let trace = server.get(&format!("/api/public/traces/big{n}")).await;
        assert_eq!(trace.body["input"], payload(n));
    }
    let grown = server.memory_bytes() - before;
    assert!(grown < 700 * MIB, "memory grew by {} MiB", grown / MIB);
    let next = server
        .post("/v1/l/batch", &json!({ "trace": { "id": "after" } }))
        .await;
    assert_eq!(next.status, 200, "{}", next.body);
}

/// Sends sixteen requests at once again and again until one is refused; notes which were stored.
async fn until_refused(server: &Server, stored: &mut Vec<u64>) {
    const AT_ONCE: u64 = 16;
    for round in 0..100 {
        let mut requests = JoinSet::new();
        for n in round * AT_ONCE..(round + 1) * AT_ONCE {
            let body = json!({ "trace": { "id": format!("big{n}"), "input": payload(n) } });
            let request = reqwest::Client::new()
                .post(format!("{}/v1/l/batch", server.url))
                .bearer_auth(crate::server::TOKEN)
                .json(&body);
            requests.spawn(async move {
                let response = request.send().await.unwrap();
                let retry_after = response.headers().get("retry-after").cloned();
                (n, response.status().as_u16(), retry_after)
            });
        }
        let mut refused = 0;
        while let Some(finished) = requests.join_next().await {
            let (n, status, retry_after) = finished.unwrap();
            match status {
                200 => stored.push(n),
                429 => {
                    let seconds: u64 = retry_after.unwrap().to_str().unwrap().parse().unwrap();
                    assert!(seconds >= 1);
                    refused += 1;
                }
                other => panic!("request {n} was answered {other}"),
            }
        }
        if refused > 0 {
            return;
        }
    }
    panic!("nothing was ever refused");
}

/// 3 MB that no other request has.
fn payload(n: u64) -> String {
    format!("{n:06} ").repeat(3 * 1024 * 1024 / 7)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_body_is_refused_and_the_limit_counts_decompressed_bytes() {
    let place = Place::embedded();
    let server = place
        .start()
        .with("XTRACE_MAX_REQUEST_BODY_BYTES", "1MiB")
        .start();
    let body = json!({ "trace": { "id": "big", "input": "z".repeat(2 * 1024 * 1024) } });
    let answer = server.post("/v1/l/batch", &body).await;
    assert_eq!(answer.status, 413);
    assert!(
        answer.body["message"].as_str().unwrap().contains("1048576"),
        "{}",
        answer.body
    );
    let small = server
        .post("/v1/l/batch", &json!({ "trace": { "id": "small" } }))
        .await;
    assert_eq!(small.status, 200);
}
