//! Tenants: what each credential sees and may do.

use std::num::NonZeroU32;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use xtrace_ingest::QueueOptions;

use crate::app::AppOptions;
use crate::rate_limit::RateLimits;
use crate::testing::{
    Answer, OTHER_READ_TOKEN, OTHER_TOKEN, READ_TOKEN, TOKEN, TestApp, authorised_by, options,
};

const BATCH: &str = "/v1/l/batch";
const TRACES: &str = "/api/public/traces";

async fn write(app: &TestApp, token: &str, id: &str) -> Answer {
    let body = json!({ "trace": { "id": id } }).to_string();
    let request = authorised_by(token, "POST", BATCH).header("content-type", "application/json");
    app.send(request.body(body.into()).unwrap()).await
}

/// The ids of the traces that a token sees.
async fn seen(app: &TestApp, token: &str) -> Vec<String> {
    let body = app.ask("GET", TRACES, token).await.json();
    let traces = body["data"].as_array().unwrap().iter();
    traces
        .map(|trace| trace["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn each_credential_writes_and_reads_in_its_own_project_alone() {
    let app = TestApp::new().await;
    for (token, id) in [(TOKEN, "ours"), (OTHER_TOKEN, "theirs")] {
        assert_eq!(write(&app, token, id).await.status, 200);
    }
    for (token, id) in [
        (TOKEN, "ours"),
        (READ_TOKEN, "ours"),
        (OTHER_TOKEN, "theirs"),
        (OTHER_READ_TOKEN, "theirs"),
    ] {
        assert_eq!(seen(&app, token).await, [id], "{token}");
    }
    let hidden = app.ask("GET", "/api/public/traces/ours", OTHER_TOKEN).await;
    assert_eq!(hidden.failure(404).0, "NOT_FOUND");
}

#[tokio::test]
async fn a_credential_that_reads_writes_and_deletes_nothing() {
    let app = TestApp::new().await;
    assert_eq!(write(&app, TOKEN, "kept").await.status, 200);
    let written = write(&app, READ_TOKEN, "new").await;
    let deleted = app
        .ask("DELETE", "/api/public/traces/kept", READ_TOKEN)
        .await;
    for answer in [written, deleted] {
        let (code, message) = answer.failure(403);
        assert_eq!(code, "FORBIDDEN");
        assert!(message.contains("only read"), "{message}");
        assert_eq!(answer.header("www-authenticate"), None);
    }
    assert_eq!(seen(&app, TOKEN).await, ["kept"]);
}

#[tokio::test]
async fn tenants_do_not_see_how_the_server_is_doing_for_others() {
    let app = TestApp::new().await;
    let path = "/api/internal/rate_limit_stats";
    for token in [READ_TOKEN, OTHER_TOKEN, OTHER_READ_TOKEN] {
        assert_eq!(
            app.ask("GET", path, token).await.failure(403).0,
            "FORBIDDEN"
        );
    }
    assert_eq!(app.ask("GET", path, TOKEN).await.status, 200);
}

/// Failed logins: two at once, and one more each second.
async fn limited() -> TestApp {
    let rate = |value| NonZeroU32::new(value).unwrap();
    let (per_second, burst) = (rate(1), rate(2));
    let rate_limits = RateLimits { per_second, burst };
    let options = AppOptions {
        rate_limits,
        ..options()
    };
    TestApp::with(options, QueueOptions::default()).await
}

/// Has more failed logins than are answered as such.
async fn fail_too_often(app: &TestApp) -> Answer {
    for _ in 0..2 {
        assert_eq!(app.ask("GET", TRACES, "wrong").await.status, 401);
    }
    app.ask("GET", TRACES, "wrong").await
}

#[tokio::test]
async fn who_fails_to_log_in_too_often_is_told_to_come_back_later() {
    let app = limited().await;
    let answer = fail_too_often(&app).await;
    let (code, message) = answer.failure(429);
    assert_eq!(code, "TOO_MANY_REQUESTS");
    assert!(message.contains("wrong credentials"), "{message}");
    assert_eq!(answer.header("retry-after"), Some("1"));
    for (method, path) in [("POST", BATCH), ("GET", "/api/internal/rate_limit_stats")] {
        assert_eq!(app.ask(method, path, "wrong").await.status, 429, "{path}");
    }
}

#[tokio::test]
async fn the_failures_of_others_keep_nobody_out_who_has_credentials() {
    let app = limited().await;
    assert_eq!(fail_too_often(&app).await.status, 429);
    assert_eq!(write(&app, TOKEN, "t").await.status, 200);
    assert_eq!(seen(&app, TOKEN).await, ["t"]);
    assert_eq!(write(&app, READ_TOKEN, "t").await.status, 403);
}

#[tokio::test]
async fn who_presents_nothing_is_asked_to_log_in_however_often() {
    let app = limited().await;
    assert_eq!(fail_too_often(&app).await.status, 429);
    let request = Request::get(TRACES).body(Body::empty()).unwrap();
    let answer = app.send(request).await;
    assert_eq!(answer.failure(401).0, "UNAUTHORIZED");
    assert!(answer.header("www-authenticate").is_some());
}

#[tokio::test]
async fn failed_logins_are_counted_and_other_refusals_are_not() {
    let app = limited().await;
    fail_too_often(&app).await;
    write(&app, READ_TOKEN, "t").await;
    let figures = app.get("/metrics").await.text();
    let line = "xtrace_http_failed_logins_total 3";
    assert!(figures.lines().any(|found| found == line), "{figures}");
}
