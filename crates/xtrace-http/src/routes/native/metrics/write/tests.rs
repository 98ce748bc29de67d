//! Points in, and which are not.

use axum::body::Body;
use serde_json::{Value, json};

use crate::testing::{Answer, TestApp};

async fn post(app: &TestApp, metrics: Value) -> Answer {
    app.post(
        "/v1/metrics/batch",
        Body::from(json!({ "metrics": metrics }).to_string()),
    )
    .await
}

fn point(name: &str, value: Value) -> Value {
    json!({"name": name, "labels": {"node": "n1"}, "value": value, "timestamp": "2026-01-31T12:00:00Z"})
}

#[tokio::test]
async fn points_are_readable_at_once_and_count_once() {
    let app = TestApp::new().await;
    let points = json!([
        point("gpu", json!(1.5)),
        point("gpu", json!(2.5)),
        point("mem", json!(1))
    ]);
    let answer = post(&app, points.clone()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["message"]),
        (200, &json!("Request Successful."))
    );
    let names = app.get("/api/public/metrics/names").await.json();
    assert_eq!(names["data"], json!(["gpu", "mem"]));
    let again = post(&app, json!([point("mem", json!(1))])).await.json();
    assert_eq!(
        (&again["accepted"], &again["duplicate"]),
        (&json!(0), &json!(1))
    );
}

#[tokio::test]
async fn a_bad_point_is_named_and_its_neighbours_are_stored() {
    let app = TestApp::new().await;
    let answer = post(
        &app,
        json!([
            point("gpu", json!(1)),
            point("gpu", json!("NaN")),
            point("", json!(1)),
            7
        ]),
    )
    .await;
    assert_eq!(answer.status, 207);
    insta::assert_json_snapshot!("points_partly_stored", answer.json());
    assert_eq!(
        app.get("/api/public/metrics/names").await.json()["data"],
        json!(["gpu"])
    );
}

#[tokio::test]
async fn no_points_are_stored_well() {
    let app = TestApp::new().await;
    assert_eq!(post(&app, json!([])).await.status, 200);
}
