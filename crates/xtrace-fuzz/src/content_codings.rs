//! Compressed bodies: what was compressed is read, in chunks of any size, and what unfolds beyond the limit is refused.

use std::cell::RefCell;
use std::io::{Cursor, Error};

use async_compression::tokio::bufread::{DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use futures::FutureExt as _;
use futures::stream;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::bytes::choice;
use crate::server::{Answer, BODY_BYTES_MAX, Server, authorised};

const PATH: &str = "/v1/l/batch";
const CODINGS: [&str; 6] = [
    "gzip",
    "zstd",
    "deflate",
    "deflate",
    "gzip, zstd",
    "zstd, gzip",
];

thread_local! {
    static SERVER: RefCell<Server> = RefCell::new(Server::new(Vec::new));
}

/// The first byte chooses the codings, the second the size of chunks; the rest is a body with these codings already,
/// or one that gets them first.
pub fn run(data: &[u8]) {
    let (coding, data) = choice(data);
    let (chunk, data) = choice(data);
    let chunk = usize::from(chunk) + 1;
    let index = usize::from(coding & 0x7f) % CODINGS.len();
    let codings = CODINGS[index];
    SERVER.with_borrow_mut(|server| {
        if coding & 0x80 == 0 {
            let whole = send(server, codings, data, data.len().max(1));
            let cut = send(server, codings, data, chunk);
            assert_same(&cut, &whole);
        } else {
            let plain = send(server, "identity", data, data.len().max(1));
            let coded = send(server, codings, &encoded(index, data), chunk);
            assert_same(&coded, &plain);
            assert_eq!(plain.status.as_u16() == 413, data.len() > BODY_BYTES_MAX);
        }
    });
}

/// How far a decoder has come when it fails depends on the chunks, and so may what it says.
fn assert_same(one: &Answer, other: &Answer) {
    assert_eq!(one.status, other.status, "{one:?} {other:?}");
    if one.status.is_success() {
        assert_eq!(counts(one), counts(other), "{one:?} {other:?}");
    }
}

/// How many items were taken, be they new or not, and what is said of the others.
fn counts(answer: &Answer) -> (u64, Value) {
    let json: Value = serde_json::from_slice(&answer.body).expect("every answer is JSON");
    let taken = ["accepted", "duplicate"].map(|name| json[name].as_u64().unwrap_or(0));
    (taken.iter().sum(), json["errors"].clone())
}

fn send(server: &mut Server, codings: &str, body: &[u8], chunk_bytes: usize) -> Answer {
    let chunks: Vec<Result<Vec<u8>, Error>> = body
        .chunks(chunk_bytes)
        .map(|chunk| Ok(chunk.to_vec()))
        .collect();
    let request = authorised("POST")
        .uri(PATH)
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_ENCODING, codings)
        .body(Body::from_stream(stream::iter(chunks)));
    let request: Request<Body> = request.expect("a request of constant form");
    server.send(request)
}

fn encoded(index: usize, data: &[u8]) -> Vec<u8> {
    let plain = Cursor::new(data.to_vec());
    match index {
        0 => whole(GzipEncoder::new(plain)),
        1 => whole(ZstdEncoder::new(plain)),
        2 => whole(ZlibEncoder::new(plain)),
        3 => whole(DeflateEncoder::new(plain)),
        4 => whole(ZstdEncoder::new(Cursor::new(whole(GzipEncoder::new(
            plain,
        ))))),
        _ => whole(GzipEncoder::new(Cursor::new(whole(ZstdEncoder::new(
            plain,
        ))))),
    }
}

/// All that an encoder gives; one in memory never waits.
fn whole(mut reader: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader
        .read_to_end(&mut bytes)
        .now_or_never()
        .expect("what is in memory does not wait")
        .expect("what is in memory can be read");
    bytes
}
