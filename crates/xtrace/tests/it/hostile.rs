//! What no honest client sends: each is refused by name with its limit, or stored; memory stays bounded, and another
//! client is served meanwhile.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_compression::tokio::bufread::{DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt as _, BufReader};

use serde_json::{Value, json};

use crate::load::{Load, assert_all_there};
use crate::places::Place;
use crate::server::{Answer, Server, TOKEN};

const MIB: u64 = 1024 * 1024;
const BATCH: &str = "/v1/l/batch";
const POINTS: &str = "/v1/metrics/batch";

/// Sends what is hostile while another client writes, and looks at the memory.
async fn bears(place: Place, send: impl AsyncFnOnce(&Server)) {
    let server = place.start().start();
    let before = server.memory_bytes();
    let next = Arc::new(AtomicU64::new(0));
    let load = Load::start(&server, &next);
    load.until_acknowledged(5).await;
    send(&server).await;
    let sent = load.stop().await;
    assert!(sent.refused.is_empty() && sent.unanswered == 0, "{sent:?}");
    let grown = server.memory_bytes() - before;
    eprintln!(
        "p99 of the other client: {:?}; memory grew by {} MiB",
        sent.p99(),
        grown / MIB
    );
    assert!(grown < 900 * MIB, "memory grew by {} MiB", grown / MIB);
    assert_eq!(server.get("/readyz").await.status, 200);
    assert_all_there(&server, &sent.acknowledged).await;
}

/// One item was refused, its neighbour stored: the answer names the item's field and the limit.
#[track_caller]
fn assert_refused(answer: &Answer, field: &str, limit: &str) {
    assert_eq!(answer.status, 207, "{}", answer.body);
    let error = &answer.body["errors"][0];
    assert_eq!(error["field"], field, "{error}");
    assert!(
        error["message"].as_str().unwrap().contains(limit),
        "{error}"
    );
}

fn trace(field: &str, value: Value) -> Value {
    json!({ "trace": { "id": "hostile", field: value } })
}

fn nested(depth: usize) -> String {
    let list = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    format!(r#"{{"trace":{{"id":"hostile","input":{list}}}}}"#)
}

async fn post_text(server: &Server, body: impl Into<reqwest::Body>, coding: &str) -> Answer {
    let request = reqwest::Client::new()
        .post(format!("{}{BATCH}", server.url))
        .bearer_auth(TOKEN)
        .header("content-type", "application/json")
        .header("content-encoding", coding)
        .body(body);
    let response = request.send().await.unwrap();
    Answer {
        status: response.status().as_u16(),
        body: response.json().await.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn items_that_are_far_too_large_are_refused_by_field_and_limit() {
    bears(Place::embedded(), async |server| {
        let keys: serde_json::Map<_, _> = (0..1_000_000)
            .map(|number| (format!("k{number}"), json!(1)))
            .collect();
        let answer = server.post(BATCH, &trace("metadata", keys.into())).await;
        assert_refused(&answer, "metadata", "10000");

        let answer = post_text(server, nested(10_000), "identity").await;
        assert_refused(&answer, "input", "100");

        let long = "x".repeat(19 * 1024 * 1024);
        let answer = server.post(BATCH, &trace("name", json!(long))).await;
        assert_refused(&answer, "name", "1024");

        let over = "x".repeat(21 * 1024 * 1024);
        let answer = server.post(BATCH, &trace("input", json!(over))).await;
        assert_eq!(answer.status, 413, "{}", answer.body);
        let message = answer.body["message"].as_str().unwrap();
        assert!(message.contains("20971520"), "{message}");

        let id = "i".repeat(10_000);
        let answer = server.post(BATCH, &json!({ "trace": { "id": id } })).await;
        assert_refused(&answer, "id", "256");
        for path in ["traces", "observations"] {
            let answer = server.get(&format!("/api/public/{path}/{id}")).await;
            assert_eq!(answer.status, 400, "{path}: {}", answer.body);
            assert!(answer.body.to_string().contains("256"), "{}", answer.body);
        }
        // A session is a text that traces have, not an id.
        let session = server.get(&format!("/api/public/sessions/{id}")).await;
        assert_eq!(session.status, 404);
    })
    .await;
}

/// A quarter of a gigabyte of nothing in about a megabyte.
fn bomb() -> Vec<u8> {
    let script = "{ printf '{\"trace\":{\"id\":\"hostile\",\"input\":\"'; head -c 256M /dev/zero | tr '\\0' x; } | gzip -1";
    let output = Command::new("sh").args(["-c", script]).output().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_bomb_is_refused_at_the_limit_of_what_it_unfolds_to() {
    let bomb = bomb();
    bears(Place::embedded(), async |server| {
        for _ in 0..8 {
            let answer = post_text(server, bomb.clone(), "gzip").await;
            assert_eq!(answer.status, 413, "{}", answer.body);
            let message = answer.body["message"].as_str().unwrap();
            assert!(message.contains("after decompression"), "{message}");
        }
        // Cut off in its middle, and packed twice.
        let answer = post_text(server, bomb[..1000].to_vec(), "gzip").await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        let answer = post_text(server, twice(&bomb), "gzip, gzip").await;
        assert!((400..500).contains(&answer.status), "{}", answer.body);
    })
    .await;
}

/// As much of nothing as several limits have room for.
fn nothing() -> impl AsyncBufRead + Unpin {
    let head = br#"{"trace":{"id":"hostile","input":""#;
    BufReader::new(head.chain(tokio::io::repeat(b'x').take(64 * MIB)))
}

async fn packed(mut encoder: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoder.read_to_end(&mut bytes).await.unwrap();
    bytes
}

/// Every coding, and codings upon codings: the last of them is some hundred bytes.
async fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let gzip = packed(GzipEncoder::new(nothing())).await;
    let in_zstd = packed(ZstdEncoder::new(&gzip[..])).await;
    let in_three = packed(GzipEncoder::new(&in_zstd[..])).await;
    let zstd = packed(ZstdEncoder::new(nothing())).await;
    let in_gzip = packed(GzipEncoder::new(&zstd[..])).await;
    vec![
        ("gzip", gzip),
        ("deflate", packed(ZlibEncoder::new(nothing())).await),
        ("deflate", packed(DeflateEncoder::new(nothing())).await),
        ("zstd", zstd),
        ("gzip, zstd", in_zstd),
        ("zstd, gzip", in_gzip),
        ("gzip, zstd, gzip", in_three),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_of_every_coding_and_of_codings_upon_codings_are_refused_at_the_limit() {
    let bombs = bombs().await;
    bears(Place::embedded(), async |server| {
        for (codings, bomb) in &bombs {
            let sent = [(); 4].map(|()| post_text(server, bomb.clone(), codings));
            for answer in futures::future::join_all(sent).await {
                let size = bomb.len();
                assert_eq!(answer.status, 413, "{codings}, {size}: {}", answer.body);
                let message = answer.body["message"].as_str().unwrap();
                assert!(message.contains("after decompression"), "{message}");
            }
        }
        let (_, bomb) = &bombs[0];
        let answer = post_text(server, bomb.clone(), "br").await;
        assert_eq!(answer.status, 415, "{}", answer.body);
        server.assert_counts(413).await;
        server.assert_counts(415).await;
    })
    .await;
}

fn twice(packed: &[u8]) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .arg("-1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = gzip.stdin.take().unwrap();
    let packed = packed.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&packed));
    let output = gzip.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    output.stdout
}

/// Times at both ends of what can be stored, and beyond.
async fn send_odd_times(server: &Server) {
    for time in ["0000-01-01T00:00:00Z", "9999-12-30T22:00:00Z"] {
        let observation =
            json!({ "id": "o", "traceId": "odd", "startTime": time, "endTime": time });
        let body =
            json!({ "trace": { "id": "odd", "timestamp": time }, "observations": [observation] });
        let answer = server.post(BATCH, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let stored = server.get("/api/public/traces/odd").await;
        let told = stored.body["timestamp"].as_str().unwrap();
        assert!(told.starts_with(&time[..10]), "{told}");
        let of_then =
            format!("/api/public/traces?fromTimestamp={time}&limit=1&orderBy=timestamp.asc");
        assert_eq!(server.get(&of_then).await.status, 200);
        let daily = server.get("/api/public/metrics/daily").await;
        assert_eq!(daily.status, 200, "{}", daily.body);
        server.delete("/api/public/traces/odd").await;

        let point = json!({ "name": "m", "labels": {}, "value": 1, "timestamp": time });
        let answer = server.post(POINTS, &json!({ "metrics": [point] })).await;
        assert_refused(&answer, "timestamp", "2000-01-01");
    }
    let endless = "9".repeat(10_000);
    for time in ["10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", &endless] {
        let answer = server.post(BATCH, &trace("timestamp", json!(time))).await;
        assert_refused(&answer, "timestamp", "RFC 3339");
    }
}

/// A label with a value of its own for each point, then labels in great number.
async fn send_many_series(server: &Server) {
    const SERIES: usize = 5_000;
    let time = "2026-11-01T10:00:00Z";
    let point = |number: usize| {
        let labels = json!({ "request_id": format!("r{number}") });
        json!({ "name": "m", "labels": labels, "value": 1, "timestamp": time })
    };
    let points: Vec<Value> = (0..SERIES).map(point).collect();
    let answer = server.post(POINTS, &json!({ "metrics": points })).await;
    assert_eq!(answer.body["accepted"], SERIES, "{}", answer.body);
    let query = "/api/public/metrics/query?name=m&step=1d&from=2026-10-31T00:00:00Z&to=2026-11-02T00:00:00Z";
    let shown = server.get(query).await;
    assert_eq!(shown.body["data"].as_array().unwrap().len(), 50);
    let counted = server.figure("xtrace_store_series", "").await;
    assert!(counted > 4_999.0, "/metrics counts {counted} series");
    // The cut is told.
    let meta = &shown.body["meta"];
    assert!(meta.to_string().contains("true"), "{meta}");

    let labels: serde_json::Map<_, _> = (0..10_000)
        .map(|number| (format!("l{number}"), json!("x".repeat(300))))
        .collect();
    let point = json!({ "name": "m", "labels": labels, "value": 1, "timestamp": time });
    let answer = server.post(POINTS, &json!({ "metrics": [point] })).await;
    assert_eq!(answer.body["accepted"], 1, "{}", answer.body);
    assert_eq!(answer.body["labelsDropped"], 10_000, "{}", answer.body);
}

async fn bears_what_is_stored(place: Place) {
    bears(place, async |server| {
        let long = "x".repeat(19 * 1024 * 1024);
        let answer = server.post(BATCH, &trace("input", json!(long))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let stored = server.get("/api/public/traces/hostile").await;
        assert_eq!(
            stored.body["input"].as_str().map(str::len),
            Some(long.len())
        );
        server.delete("/api/public/traces/hostile").await;
        send_odd_times(server).await;
        send_many_series(server).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_server_bears_huge_texts_odd_times_and_an_explosion_of_series() {
    bears_what_is_stored(Place::embedded()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_on_postgresql_bears_huge_texts_odd_times_and_an_explosion_of_series() {
    bears_what_is_stored(Place::postgres()).await;
}
