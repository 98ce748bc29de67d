//! What was acknowledged can be read; what was not is named.

use std::collections::BTreeSet;

use axum::body::Body;
use serde_json::{Value, json};
use xtrace_ingest::native::field_names;

use crate::testing::{Answer, TestApp};

const BATCH: &str = "/v1/l/batch";

async fn post(app: &TestApp, body: Value) -> Answer {
    app.post(BATCH, Body::from(body.to_string())).await
}

#[tokio::test]
async fn what_was_acknowledged_can_be_read_at_once() {
    let app = TestApp::new().await;
    let observation =
        json!({"id": "o1", "traceId": "t1", "model": "m", "startTime": "2026-01-31T12:00:00Z"});
    let body = json!({"trace": {"id": "t1", "name": "chat", "sessionId": "s1"}, "observations": [observation]});
    let answer = post(&app, body.clone()).await;
    let stored =
        json!({"message": "Request Successful.", "accepted": 2, "duplicate": 0, "rejected": 0});
    assert_eq!((answer.status.as_u16(), answer.json()), (200, stored));
    let trace = app.get("/api/public/traces/t1").await.json();
    assert_eq!(
        (&trace["name"], &trace["sessionId"]),
        (&json!("chat"), &json!("s1"))
    );
    assert_eq!(trace["observations"][0]["model"], "m");
}

#[tokio::test]
async fn sent_again_nothing_changes_and_the_answer_is_the_same_success() {
    let app = TestApp::new().await;
    let body = json!({"trace": {"id": "t1", "name": "chat", "timestamp": "2026-01-31T12:00:00Z"}});
    post(&app, body.clone()).await;
    let before = app.get("/api/public/traces/t1").await.json();
    let answer = post(&app, body).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["message"]),
        (200, &json!("Request Successful."))
    );
    let mut after = app.get("/api/public/traces/t1").await.json();
    after["updatedAt"] = before["updatedAt"].clone();
    assert_eq!(after, before);
}

#[tokio::test]
async fn parts_of_a_trace_merge_and_null_means_absent() {
    let app = TestApp::new().await;
    post(
        &app,
        json!({"trace": {"id": "t1", "name": "chat", "tags": ["a"], "metadata": {"x": 1}}}),
    )
    .await;
    post(&app, json!({"trace": {"id": "t1", "name": null, "userId": "u", "tags": null, "metadata": {"y": 2}}})).await;
    let trace = app.get("/api/public/traces/t1").await.json();
    assert_eq!(
        (&trace["name"], &trace["userId"]),
        (&json!("chat"), &json!("u"))
    );
    assert_eq!(
        (&trace["tags"], &trace["metadata"]),
        (&json!(["a"]), &json!({"x": 1, "y": 2}))
    );
}

#[tokio::test]
async fn nothing_is_stored_well() {
    let app = TestApp::new().await;
    for body in [
        json!({}),
        json!([]),
        json!({"trace": null, "observations": null}),
    ] {
        let answer = post(&app, body).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["accepted"]),
            (200, &json!(0))
        );
    }
}

#[tokio::test]
async fn a_list_of_bodies_is_stored_whole() {
    let app = TestApp::new().await;
    let body = json!([{"trace": {"id": "t1"}}, {"trace": {"id": "t2"}, "observations": [{"id": "o", "traceId": "t3"}]}]);
    assert_eq!(post(&app, body).await.json()["accepted"], 3);
    for id in ["t1", "t2", "t3"] {
        assert_eq!(
            app.get(&format!("/api/public/traces/{id}")).await.status,
            200,
            "{id}"
        );
    }
}

#[tokio::test]
async fn a_bad_item_is_named_and_its_neighbours_are_stored() {
    let app = TestApp::new().await;
    let body = json!({
        "trace": {"id": "t1"},
        "observations": [
            {"id": "good", "traceId": "t1"},
            {"id": "homeless"},
            {"id": "late", "traceId": "t1", "startTime": "yesterday"},
            7,
        ],
    });
    let answer = post(&app, body).await;
    assert_eq!(answer.status, 207);
    insta::assert_json_snapshot!("partly_stored", answer.json());
    let trace = app.get("/api/public/traces/t1").await.json();
    assert_eq!(trace["observations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn when_every_item_is_bad_the_answer_names_them_all_and_no_success() {
    let app = TestApp::new().await;
    let answer = post(&app, json!({"observations": [{"id": "homeless"}]})).await;
    let body = answer.json();
    assert_eq!(
        (answer.status.as_u16(), &body["successes"]),
        (207, &json!([]))
    );
    assert_eq!(
        (&body["accepted"], &body["rejected"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(body["errors"][0]["field"], "traceId");
}

#[tokio::test]
async fn the_credentials_choose_the_project_not_the_body() {
    let app = TestApp::new().await;
    post(
        &app,
        json!({"trace": {"id": "t1", "projectId": "elsewhere"}}),
    )
    .await;
    assert_eq!(
        app.get("/api/public/traces/t1").await.json()["projectId"],
        "default"
    );
}

#[tokio::test]
async fn every_item_is_accounted_for_in_the_figures() {
    let app = TestApp::new().await;
    let body = json!({"trace": {"id": "t1", "timestamp": "2026-01-31T12:00:00Z"}, "observations": [{"id": "homeless"}]});
    post(&app, body).await;
    let figures = app.get("/metrics").await.text();
    for line in [
        "xtrace_ingest_items_received_total 2",
        "xtrace_ingest_items_accepted_total 1",
        r#"xtrace_ingest_items_rejected_total{reason="missing"} 1"#,
        "xtrace_ingest_queue_items 0",
        "xtrace_ingest_queue_bytes 0",
        "xtrace_ingest_commit_seconds_count 1",
    ] {
        assert!(figures.contains(line), "{line} is missing in\n{figures}");
    }
}

#[tokio::test]
async fn what_is_left_out_of_a_stored_item_is_said() {
    let app = TestApp::new().await;
    let observation = json!({"id": "o1", "traceId": "t1", "usage": {"input": 10, "output": -5}});
    let answer = post(&app, json!({"observations": [observation]})).await;
    let body = answer.json();
    assert_eq!(
        (answer.status.as_u16(), &body["accepted"]),
        (200, &json!(1))
    );
    let warning = &body["warnings"][0];
    assert_eq!(
        (&warning["item"], &warning["id"]),
        (&json!("observations[0]"), &json!("o1"))
    );
    assert_eq!(
        (&warning["code"], &warning["field"]),
        (&json!("out_of_range"), &json!("usage.output"))
    );
}

#[tokio::test]
async fn the_document_describes_exactly_the_fields_that_are_read() {
    let app = TestApp::new().await;
    let document = app.get("/api/openapi.json").await.json();
    let mut described = BTreeSet::new();
    for schema in ["TraceItem", "ObservationItem"] {
        let properties = &document["components"]["schemas"][schema]["properties"];
        described.extend(properties.as_object().unwrap().keys().cloned());
    }
    described.remove("projectId");
    assert_eq!(described, field_names().map(str::to_owned).collect());
}
