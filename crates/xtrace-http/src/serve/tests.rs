//! Over real sockets.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use xtrace_ingest::QueueOptions;

use super::*;
use crate::app::AppOptions;
use crate::testing::{Mood, TOKEN, TestApp, options};

const DEADLINE: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_millis(50);

struct Server {
    app: TestApp,
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Server {
    async fn start(options: AppOptions, grace: Duration) -> Self {
        let bounds = Bounds {
            connections_max: 100,
            head_timeout: DEADLINE,
            crowded_timeout: DEADLINE,
            grace,
        };
        Self::within(bounds, options).await
    }

    async fn within(bounds: Bounds, options: AppOptions) -> Self {
        let app = TestApp::with(options, QueueOptions::default()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            // An error means that the test is over.
            drop(stopped.await);
        };
        let serving = tokio::spawn(serve_within(bounds, listener, app.app.clone(), stopped));
        Self {
            app,
            address,
            stop,
            serving,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn wait_until_asked(&self, before: u64) {
        let asked = async {
            while self.app.engine.calls() == before {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, asked).await.unwrap();
    }
}

fn head(method: &str, path: &str, more: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n{more}\r\n")
}

/// Reads until the text has come, or the connection ends.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let reading = async {
        let mut buffer = [0; 4096];
        while !text.contains(end) {
            match stream.read(&mut buffer).await {
                Ok(0) => break,
                Ok(read) => text.push_str(&String::from_utf8_lossy(&buffer[..read])),
                Err(error) => panic!("{error} after {text:?}"),
            }
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.unwrap();
    text
}

#[tokio::test]
async fn the_sender_of_too_large_a_body_hears_why_and_may_go_on() {
    let limit = 1024 * 1024;
    let options = AppOptions {
        request_bytes_max: limit,
        ..options()
    };
    let server = Server::start(options, GRACE).await;
    let sent = 16 * limit;
    for headers in [
        format!("Content-Length: {sent}\r\n"),
        "Transfer-Encoding: chunked\r\n".to_owned(),
    ] {
        let is_chunked = headers.starts_with("Transfer");
        let mut stream = server.connect().await;
        let request = head("POST", "/v1/l/batch", &headers);
        stream.write_all(request.as_bytes()).await.unwrap();
        // All of it is sent before anything is read, as simple clients do.
        let part = vec![b' '; 64 * 1024];
        for _ in 0..sent / part.len() {
            if is_chunked {
                stream.write_all(b"10000\r\n").await.unwrap();
            }
            stream.write_all(&part).await.unwrap();
            if is_chunked {
                stream.write_all(b"\r\n").await.unwrap();
            }
        }
        if is_chunked {
            stream.write_all(b"0\r\n\r\n").await.unwrap();
        }
        let answer = read_until(&mut stream, "PAYLOAD_TOO_LARGE").await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        let request = head("GET", "/healthz", "");
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read_until(&mut stream, "200 OK").await;
        assert!(answer.contains("HTTP/1.1 200 OK"), "{answer}");
    }
}

#[tokio::test]
async fn a_sender_that_asks_first_is_answered_before_it_sends() {
    let options = AppOptions {
        request_bytes_max: 10,
        ..options()
    };
    let server = Server::start(options, GRACE).await;
    let mut stream = server.connect().await;
    let headers = "Content-Length: 1000\r\nExpect: 100-continue\r\n";
    let request = head("POST", "/v1/l/batch", headers);
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read_until(&mut stream, "PAYLOAD_TOO_LARGE").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_end() {
    let server = Server::start(options(), DEADLINE).await;
    let mut stream = server.connect().await;
    server.app.engine.set(Mood::Stalled);
    let before = server.app.engine.calls();
    let request = head("GET", "/api/public/traces", "");
    stream.write_all(request.as_bytes()).await.unwrap();
    server.wait_until_asked(before).await;
    server.stop.send(()).unwrap();
    server.app.engine.set(Mood::Well);
    let answer = read_until(&mut stream, "totalPages").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let ended = tokio::time::timeout(DEADLINE, server.serving).await;
    ended.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_off_after_the_grace() {
    let server = Server::start(options(), GRACE).await;
    let mut stream = server.connect().await;
    server.app.engine.set(Mood::Stalled);
    let before = server.app.engine.calls();
    let request = head("GET", "/api/public/traces", "");
    stream.write_all(request.as_bytes()).await.unwrap();
    server.wait_until_asked(before).await;
    server.stop.send(()).unwrap();
    let ended = tokio::time::timeout(DEADLINE, server.serving).await;
    ended.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_that_does_not_finish_asking_is_closed() {
    let bounds = Bounds {
        connections_max: 100,
        head_timeout: Duration::from_millis(20),
        crowded_timeout: Duration::from_millis(20),
        grace: GRACE,
    };
    let server = Server::within(bounds, options()).await;
    for said in ["", "GET /healthz HTTP/1.1\r\nHos"] {
        let mut stream = server.connect().await;
        stream.write_all(said.as_bytes()).await.unwrap();
        let rest = read_until(&mut stream, "200 OK").await;
        assert!(!rest.contains("200 OK"), "{rest}");
    }
}

#[tokio::test]
async fn connections_past_the_limit_wait_until_one_ends() {
    let bounds = Bounds {
        connections_max: 1,
        head_timeout: DEADLINE,
        crowded_timeout: DEADLINE,
        grace: GRACE,
    };
    let server = Server::within(bounds, options()).await;
    let request = head("GET", "/healthz", "");
    let mut first = server.connect().await;
    first.write_all(request.as_bytes()).await.unwrap();
    assert!(read_until(&mut first, "\r\n\r\n").await.contains("200 OK"));
    let mut second = server.connect().await;
    second.write_all(request.as_bytes()).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(20), second.readable()).await;
    assert!(early.is_err(), "the second is not served beside the first");
    drop(first);
    assert!(read_until(&mut second, "\r\n\r\n").await.contains("200 OK"));
}
