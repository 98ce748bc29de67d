//! Tenants: what each credential sees and may do.

use serde_json::json;

use crate::testing::{
    Answer, OTHER_READ_TOKEN, OTHER_TOKEN, READ_TOKEN, TOKEN, TestApp, authorised_by,
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
