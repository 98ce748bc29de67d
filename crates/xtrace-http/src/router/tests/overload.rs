//! Too much at once, and too slow.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Request;
use serde_json::json;
use xtrace_ingest::QueueOptions;

use crate::app::{AppOptions, ReadLimits};
use crate::rate_limit::RateLimits;
use crate::testing::{Answer, BASIC, Mood, TestApp, answer, authorised, options};

const BATCH: &str = "/v1/l/batch";
const TRACE: &str = r#"{"trace": {"id": "t"}}"#;
const DEADLINE: Duration = Duration::from_secs(10);

/// Sends a request in the background and returns when it has reached the engine, where it stays.
async fn send_and_wait_until_stalled(
    app: &TestApp,
    request: Request<Body>,
) -> tokio::task::JoinHandle<Answer> {
    app.engine.set(Mood::Stalled);
    let before = app.engine.calls();
    let task = tokio::spawn(answer(app.router.clone(), request));
    let reached = async {
        while app.engine.calls() == before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, reached).await.unwrap();
    task
}

#[tokio::test]
async fn a_full_queue_is_said_with_the_time_to_come_back_and_empties_again() {
    let queue = QueueOptions {
        bytes_max: 4096,
        ..QueueOptions::default()
    };
    let app = TestApp::with(options(), queue).await;
    let large = format!(
        r#"{{"trace": {{"id": "first", "input": "{}"}}}}"#,
        "x".repeat(3000)
    );
    let request = authorised("POST", BATCH).body(Body::from(large)).unwrap();
    let first = send_and_wait_until_stalled(&app, request).await;
    let second = app
        .post(BATCH, format!("{TRACE}{}", " ".repeat(3000)))
        .await;
    let (code, message) = second.failure(429);
    assert_eq!(
        (code.as_str(), second.header("retry-after")),
        ("TOO_MANY_REQUESTS", Some("1"))
    );
    assert!(message.contains("queue is full"), "{message}");
    app.engine.set(Mood::Well);
    assert_eq!(first.await.unwrap().status, 200);
    assert_eq!(app.post(BATCH, TRACE).await.status, 200);
    assert_eq!(app.app.ingest().depth().bytes, 0);
}

#[tokio::test]
async fn a_server_that_shuts_down_takes_no_more_writes_and_is_not_ready() {
    let app = TestApp::new().await;
    app.app.ingest().drain().await;
    let answer = app.post(BATCH, TRACE).await;
    assert_eq!(answer.failure(503).0, "SERVICE_UNAVAILABLE");
    assert!(answer.header("retry-after").is_some());
    let ready = app.get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), ready.json()["status"].clone()),
        (503, json!("not_ready"))
    );
}

#[tokio::test]
async fn a_read_that_takes_too_long_is_ended() {
    let limits = ReadLimits {
        timeout: Duration::from_millis(20),
        ..ReadLimits::default()
    };
    let app = TestApp::with(
        AppOptions {
            read_limits: limits,
            ..options()
        },
        QueueOptions::default(),
    )
    .await;
    app.engine.set(Mood::Stalled);
    let answer = app.get("/api/public/traces").await;
    assert_eq!(answer.failure(504).0, "TIMEOUT");
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn more_reads_than_may_be_under_way_wait_for_their_turn_and_no_longer() {
    let limits = ReadLimits {
        concurrent_max: 1,
        turn_timeout: Duration::from_millis(20),
        ..ReadLimits::default()
    };
    let app = TestApp::with(
        AppOptions {
            read_limits: limits,
            ..options()
        },
        QueueOptions::default(),
    )
    .await;
    let request = authorised("GET", "/api/public/traces")
        .body(Body::empty())
        .unwrap();
    let first = send_and_wait_until_stalled(&app, request).await;
    let second = app.get("/api/public/traces").await;
    assert_eq!(second.failure(503).0, "SERVICE_UNAVAILABLE");
    assert_eq!(second.header("retry-after"), Some("1"));
    app.engine.set(Mood::Well);
    assert_eq!(first.await.unwrap().status, 200);
    assert_eq!(app.get("/api/public/traces").await.status, 200);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let options = AppOptions {
        body_timeout: Duration::from_millis(20),
        ..options()
    };
    let app = TestApp::with(options, QueueOptions::default()).await;
    let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(
        app.post(BATCH, body).await.failure(408).0,
        "REQUEST_TIMEOUT"
    );
    assert_eq!(app.app.ingest().depth().bytes, 0);
}

async fn limited() -> TestApp {
    let rate = |value| NonZeroU32::new(value).unwrap();
    let rate_limits = RateLimits {
        per_second: rate(1),
        burst: rate(2),
    };
    TestApp::with(
        AppOptions {
            rate_limits,
            ..options()
        },
        QueueOptions::default(),
    )
    .await
}

async fn get_by_keys(app: &TestApp) -> Answer {
    let request = Request::get("/api/public/traces").header("authorization", BASIC);
    app.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn reads_past_the_burst_are_rejected_as_documented() {
    let app = limited().await;
    for _ in 0..2 {
        assert_eq!(app.get("/api/public/traces").await.status, 200);
    }
    let answer = app.get("/api/public/traces").await;
    let (code, message) = answer.failure(429);
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("TOO_MANY_REQUESTS", "Too Many Requests")
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
    let body = answer.json();
    assert_eq!(body["data"], json!(null));
    assert_eq!(body["meta"]["rate_limit"]["remaining"], 0);
    let reset_at = body["meta"]["rate_limit"]["reset_at"].as_str().unwrap();
    assert!(
        reset_at.starts_with("2026-01-31T12:00:0") && reset_at.ends_with('Z'),
        "{reset_at}"
    );
}

#[tokio::test]
async fn each_credential_has_reads_of_its_own_and_writes_are_not_limited() {
    let app = limited().await;
    for _ in 0..3 {
        app.get("/api/public/traces").await;
        assert_eq!(app.post(BATCH, TRACE).await.status, 200);
        assert_eq!(app.get("/api/public/projects").await.status, 200);
    }
    assert_eq!(get_by_keys(&app).await.status, 200);
    let stats = app.get("/api/internal/rate_limit_stats").await;
    let expected = json!({
        "rate_limit_qps": 1,
        "rate_limit_burst": 2,
        "total_allowed": 3,
        "total_rejected": 1,
        "rejection_rate": 0.25,
        "top_rejected_tokens": [{"token": "token", "count": 1}],
    });
    assert_eq!(stats.json(), expected);
}
