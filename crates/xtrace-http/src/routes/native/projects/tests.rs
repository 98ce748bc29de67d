//! Who the caller is.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use xtrace_ingest::QueueOptions;

use crate::app::AppOptions;
use crate::auth::{Credentials, Key};
use crate::testing::{OTHER_READ_TOKEN, OTHER_TOKEN, TestApp, credentials, options};

const PROJECTS: &str = "/api/public/projects";

#[tokio::test]
async fn the_answer_is_the_one_stored_project() {
    let app = TestApp::new().await;
    app.clock.advance_micros(3_600_000_000);
    let expected = json!({"data": [{
        "id": "default",
        "name": "default",
        "createdAt": "2026-01-31T12:00:00Z",
        "updatedAt": "2026-01-31T12:00:00Z",
        "metadata": {},
        "organization": {"id": "default", "name": "default"},
    }]});
    assert_eq!(app.get(PROJECTS).await.json(), expected);
}

#[tokio::test]
async fn each_credential_sees_the_project_that_it_opens() {
    let app = TestApp::new().await;
    for token in [OTHER_TOKEN, OTHER_READ_TOKEN] {
        let body = app.ask("GET", PROJECTS, token).await.json();
        assert_eq!(body["data"].as_array().unwrap().len(), 1, "{body}");
        assert_eq!(body["data"][0]["id"], "other");
    }
}

#[tokio::test]
async fn the_compatibility_mode_opens_this_route_alone_and_not_to_wrong_tokens() {
    let mut known = credentials();
    known.retain(|credential| matches!(credential.key, Key::Bearer(_)));
    let credentials = Credentials::new(known, true);
    let app = TestApp::with(
        AppOptions {
            credentials,
            ..options()
        },
        QueueOptions::default(),
    )
    .await;
    for (header, status) in [
        (None, 200),
        (Some("Basic YW55OmJvZHk="), 200),
        (Some("nonsense"), 200),
        (Some("Bearer a-token-of-tests"), 200),
        (Some("Bearer wrong"), 401),
    ] {
        let mut request = Request::get(PROJECTS);
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{header:?}");
    }
    let elsewhere = Request::get("/api/public/traces")
        .body(Body::empty())
        .unwrap();
    assert_eq!(app.send(elsewhere).await.status, 401);
}
