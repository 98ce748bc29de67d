//! Retention in days, on both engines.

use serde_json::json;

use crate::places::Place;

async fn expires(place: Place) {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server under test has the real clock"
    )]
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_micros();
    let at = |days: i64| {
        let micros = i64::try_from(now).unwrap() - days * 24 * 3600 * 1_000_000;
        xtrace_model::Timestamp::from_micros(micros).to_string()
    };
    let server = place.start().start();
    for (id, days) in [("old", 10), ("young", 1)] {
        let trace = json!({ "trace": { "id": id, "timestamp": at(days) } });
        assert_eq!(server.post("/v1/l/batch", &trace).await.status, 200);
    }
    let point = |days| json!({ "name": "m", "labels": {}, "value": 1, "timestamp": at(days) });
    let points = json!({ "metrics": [point(10), point(1)] });
    assert_eq!(server.post("/v1/metrics/batch", &points).await.status, 200);
    assert!(server.terminate().success());

    let keeping = place
        .start()
        .with("TRACES_RETENTION_DAYS", "3")
        .with("METRICS_RETENTION_DAYS", "3");
    let server = keeping.start();
    server
        .until("/api/public/traces", |body| body["meta"]["totalItems"] == 1)
        .await;
    let query = format!("/api/public/metrics/query?name=m&step=1d&from={}", at(20));
    server
        .until(&query, |body| {
            body["data"][0]["values"].as_array().map(Vec::len) == Some(1)
        })
        .await;
    assert_eq!(server.get("/api/public/traces/old").await.status, 404);
    assert_eq!(server.get("/api/public/traces/young").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_server_keeps_as_many_days_as_configured() {
    expires(Place::embedded()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_on_postgresql_keeps_as_many_days_as_configured() {
    expires(Place::postgres()).await;
}
