//! Ids, compression, origins, paths: what every request passes.

use axum::body::Body;
use axum::http::Request;
use xtrace_ingest::QueueOptions;

use crate::app::AppOptions;
use crate::testing::{Answer, TestApp, authorised, options};

const ORIGIN: &str = "http://localhost:5173";

async fn get(app: &TestApp, path: &str, name: &str, value: &str) -> Answer {
    app.send(
        authorised("GET", path)
            .header(name, value)
            .body(Body::empty())
            .unwrap(),
    )
    .await
}

#[tokio::test]
async fn a_request_keeps_its_id_when_it_is_short_and_printable() {
    let app = TestApp::new().await;
    let long = "x".repeat(129);
    for (sent, is_kept) in [
        ("abc-123", true),
        (&long[..128], true),
        (&long, false),
        ("a b", false),
        ("", false),
    ] {
        for path in ["/healthz", "/nowhere", "/api/public/traces?page=x"] {
            let answer = get(&app, path, "x-request-id", sent).await;
            let id = answer.header("x-request-id").unwrap();
            assert_eq!(id == sent, is_kept, "{sent:?} became {id:?}");
            assert!(!id.is_empty());
        }
    }
}

#[tokio::test]
async fn requests_without_an_id_get_one_of_their_own() {
    let app = TestApp::new().await;
    let (first, second) = (app.get("/healthz").await, app.get("/healthz").await);
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_can_read_them() {
    let app = TestApp::new().await;
    let document = "/api/openapi.json";
    let plain = app.get(document).await;
    assert_eq!(plain.header("content-encoding"), None);
    for coding in ["gzip", "zstd", "deflate"] {
        let answer = get(&app, document, "accept-encoding", coding).await;
        assert_eq!(answer.header("content-encoding"), Some(coding));
        assert!(
            answer.body.len() < plain.body.len() / 2,
            "{coding}: {} bytes",
            answer.body.len()
        );
    }
    assert_eq!(
        get(&app, document, "accept-encoding", "br")
            .await
            .header("content-encoding"),
        None
    );
    assert_eq!(
        get(&app, "/readyz", "accept-encoding", "gzip")
            .await
            .header("content-encoding"),
        None
    );
}

#[tokio::test]
async fn failures_are_readable_by_those_who_take_compressed_answers() {
    let app = TestApp::new().await;
    for path in ["/api/public/traces/%FF", "/nowhere"] {
        let answer = get(&app, path, "accept-encoding", "gzip").await;
        assert_eq!(answer.header("content-encoding"), None);
        assert!(answer.json()["message"].is_string());
    }
}

async fn preflight(app: &TestApp, origin: &str) -> Answer {
    let request = Request::options("/api/public/traces")
        .header("origin", origin)
        .header("access-control-request-method", "GET")
        .header(
            "access-control-request-headers",
            "authorization,x-request-id",
        );
    app.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn known_origins_may_call_and_preflights_need_no_credentials() {
    let app = TestApp::new().await;
    let answer = preflight(&app, ORIGIN).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("authorization,x-request-id")
    );
    assert!(
        answer
            .header("access-control-allow-methods")
            .unwrap()
            .contains("DELETE")
    );
    assert!(answer.header("x-request-id").is_some());
    for path in ["/api/public/traces", "/nowhere"] {
        let answer = get(&app, path, "origin", ORIGIN).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(ORIGIN),
            "{path}"
        );
        assert!(
            answer
                .header("access-control-expose-headers")
                .unwrap()
                .contains("x-request-id")
        );
    }
    let stranger = preflight(&app, "http://elsewhere.example").await;
    assert_eq!(stranger.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_star_lets_every_origin_call() {
    let options = AppOptions {
        cors_origins: vec!["*".into()],
        ..options()
    };
    let app = TestApp::with(options, QueueOptions::default()).await;
    let answer = preflight(&app, "http://elsewhere.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn a_slash_too_many_does_not_matter() {
    let app = TestApp::new().await;
    for path in ["/v1/l/batch/", "//v1/l/batch", "/v1//l/batch//"] {
        assert_eq!(app.post(path, "{}").await.status, 200, "{path}");
    }
    let list = app.get("/api/public/traces/?limit=1&name=a//").await;
    assert_eq!(list.json()["meta"]["limit"], 1);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_path() {
    let app = TestApp::new().await;
    app.get("/api/public/traces/one").await;
    app.get("/api/public/traces/two").await;
    app.get("/nowhere/three").await;
    app.send(
        authorised("MADEUP", "/healthz")
            .body(Body::empty())
            .unwrap(),
    )
    .await;
    let figures = app.get("/metrics").await.text();
    for line in [
        r#"xtrace_http_requests_total{method="GET",route="/api/public/traces/{traceId}",status="404"} 2"#,
        r#"xtrace_http_requests_total{method="GET",route="unknown",status="404"} 1"#,
        r#"xtrace_http_requests_total{method="OTHER",route="/healthz",status="405"} 1"#,
        r#"xtrace_http_request_seconds_count{method="GET",route="/api/public/traces/{traceId}"} 2"#,
        "xtrace_http_requests_in_flight 1",
    ] {
        assert!(figures.contains(line), "{line} is missing in\n{figures}");
    }
    assert!(!figures.contains("three"));
}
