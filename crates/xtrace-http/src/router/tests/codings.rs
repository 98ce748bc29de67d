//! Compressed request bodies.

use std::io::Cursor;

use async_compression::tokio::bufread::{DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use xtrace_ingest::QueueOptions;

use crate::testing::{Answer, TestApp, authorised, options};

const BATCH: &str = "/v1/l/batch";

async fn whole(mut reader: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.unwrap();
    bytes
}

async fn gzip(bytes: Vec<u8>) -> Vec<u8> {
    whole(GzipEncoder::new(Cursor::new(bytes))).await
}

async fn post(app: &TestApp, coding: &str, body: impl Into<Body>) -> Answer {
    let request = authorised("POST", BATCH).header(CONTENT_TYPE, "application/json");
    app.send(
        request
            .header(CONTENT_ENCODING, coding)
            .body(body.into())
            .unwrap(),
    )
    .await
}

fn batch(id: &str) -> Vec<u8> {
    format!(r#"{{"trace": {{"id": "{id}"}}}}"#).into_bytes()
}

#[tokio::test]
async fn every_coding_is_undone() {
    let app = TestApp::new().await;
    let zlib = whole(ZlibEncoder::new(Cursor::new(batch("zlib")))).await;
    let raw = whole(DeflateEncoder::new(Cursor::new(batch("raw")))).await;
    let zstd = whole(ZstdEncoder::new(Cursor::new(batch("zstd")))).await;
    let stacked = gzip(whole(ZstdEncoder::new(Cursor::new(batch("stacked")))).await).await;
    let mut members = gzip(br#"{"trace": "#.to_vec()).await;
    members.extend(gzip(br#"{"id": "members"}}"#.to_vec()).await);
    for (coding, body, id) in [
        ("gzip", gzip(batch("gzip")).await, "gzip"),
        ("X-GZIP", gzip(batch("x-gzip")).await, "x-gzip"),
        ("gzip", members, "members"),
        ("deflate", zlib, "zlib"),
        ("deflate", raw, "raw"),
        ("zstd", zstd, "zstd"),
        ("zstd, gzip", stacked, "stacked"),
        ("identity", batch("identity"), "identity"),
    ] {
        let answer = post(&app, coding, body).await;
        assert_eq!(answer.status, 200, "{id}: {}", answer.text());
        assert_eq!(
            app.get(&format!("/api/public/traces/{id}")).await.status,
            200,
            "{id}"
        );
    }
}

#[tokio::test]
async fn a_compressed_body_in_tiny_chunks_is_read_whole() {
    let app = TestApp::new().await;
    let raw = whole(DeflateEncoder::new(Cursor::new(batch("tiny")))).await;
    let chunks = raw
        .into_iter()
        .map(|byte| Ok::<_, std::io::Error>(vec![byte]))
        .collect::<Vec<_>>();
    let answer = post(
        &app,
        "deflate",
        Body::from_stream(futures::stream::iter(chunks)),
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn the_limit_counts_what_a_body_unfolds_to() {
    let limit = 1024 * 1024;
    let options = crate::AppOptions {
        request_bytes_max: limit,
        ..options()
    };
    let app = TestApp::with(options, QueueOptions::default()).await;
    let bomb = gzip(vec![b' '; 64 * limit]).await;
    let stacked = gzip(bomb.clone()).await;
    assert!(bomb.len() < limit / 8, "{} bytes", bomb.len());
    for (coding, body) in [("gzip", bomb), ("gzip, gzip", stacked)] {
        assert_eq!(
            post(&app, coding, body).await.failure(413).0,
            "PAYLOAD_TOO_LARGE"
        );
    }
    assert_eq!(app.app.ingest().depth().bytes, 0, "room is given back");
}

#[tokio::test]
async fn a_body_that_is_not_what_its_coding_says_is_refused() {
    let app = TestApp::new().await;
    let mut cut = gzip(batch("cut")).await;
    cut.truncate(cut.len() / 2);
    for (coding, body) in [
        ("gzip", b"{}".to_vec()),
        ("zstd", b"{}".to_vec()),
        ("deflate", vec![0xff; 10]),
        ("gzip", cut),
    ] {
        let (code, message) = post(&app, coding, body).await.failure(400);
        assert_eq!(code, "BAD_REQUEST");
        assert!(
            message.starts_with("the body cannot be read: "),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_window_that_would_take_much_memory_is_refused() {
    // A frame header that asks for a window of 2 GiB, then an empty last block.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00];
    let app = TestApp::new().await;
    let (_, message) = post(&app, "zstd", frame.to_vec()).await.failure(400);
    assert!(
        message.starts_with("the body cannot be read: "),
        "{message}"
    );
}
