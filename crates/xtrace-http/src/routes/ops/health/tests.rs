//! Whether the process lives, and whether it can serve.

use serde_json::json;
use xtrace_store::ErrorKind;

use crate::testing::{Mood, TestApp};

#[tokio::test]
async fn a_living_process_says_so_with_an_empty_body_whatever_the_store_does() {
    let app = TestApp::new().await;
    app.engine.set(Mood::Stalled);
    let answer = app.get("/healthz").await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
}

#[tokio::test]
async fn readiness_follows_the_store_and_tells_no_secrets() {
    let app = TestApp::new().await;
    let answer = app.get("/readyz").await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (200, json!({"status": "ready"}))
    );
    app.engine.set(Mood::Failing(ErrorKind::Unavailable));
    let answer = app.get("/readyz").await;
    let reason = "the store does not work; the log says why";
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (503, json!({"status": "not_ready", "reason": reason}))
    );
    app.engine.set(Mood::Well);
    assert_eq!(app.get("/readyz").await.status, 200);
}
