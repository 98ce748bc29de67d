//! Questions about metrics as clients send them, on either engine: the same answers to the digit.

use serde_json::{Value, json};

use crate::places::Place;
use crate::server::Server;

/// Two hours of calls of two models by three users, every fourth of them failed.
fn stored() -> Value {
    let trace = |n: u32| {
        let minute = format!("2026-01-31T{:02}:{:02}:00", 12 + n / 60, n % 60);
        let id = format!("t{n}");
        let model = if n.is_multiple_of(2) { "gpt" } else { "claude" };
        let mut call = json!({ "id": "call", "traceId": id, "type": "GENERATION",
            "model": model, "startTime": format!("{minute}Z"),
            "endTime": format!("{minute}.{:03}Z", 100 + n), "usage": { "input": n, "output": 1 }, "costDetails": { "total": 0.1 } });
        if n.is_multiple_of(4) {
            call["level"] = json!("ERROR");
        }
        json!({ "trace": { "id": id, "timestamp": format!("{minute}Z"), "userId": format!("u{}", n % 3),
            "tags": ["a", "b"] }, "observations": [call] })
    };
    (0..90).map(trace).collect()
}

/// A question about the day, and the rows that answer it.
type Case = (&'static str, Value, Value);

fn cases() -> Vec<Case> {
    let metric = |measure: &str, aggregation: &str| json!({ "measure": measure, "aggregation": aggregation });
    let cost = || metric("totalCost", "sum");
    vec![
        (
            "/api/public/metrics",
            json!({ "view": "traces", "metrics": [metric("count", "count"), metric("latency", "p95"), cost()] }),
            json!([{ "count_count": 90, "p95_latency": 184.55, "sum_totalCost": 9.0, "error_count": 23 }]),
        ),
        (
            "/api/public/metrics",
            json!({ "view": "observations", "dimensions": [{ "field": "providedModelName" }],
                "metrics": [metric("latency", "p50"), cost(), metric("inputTokens", "histogram")],
                "timeDimension": { "granularity": "hour" }, "config": { "bins": 2 },
                "fromTimestamp": "2026-01-31T11:00:00Z", "toTimestamp": "2026-01-31T14:00:00Z" }),
            json!([
                { "providedModelName": null, "time_dimension": "2026-01-31T11:00:00Z", "p50_latency": 0,
                    "sum_totalCost": 0, "histogram_inputTokens": [] },
                { "providedModelName": "claude", "time_dimension": "2026-01-31T12:00:00Z", "p50_latency": 130.0,
                    "sum_totalCost": 3.0, "histogram_inputTokens": [[1.0, 30.0, 15], [30.0, 59.0, 15]] },
                { "providedModelName": "gpt", "time_dimension": "2026-01-31T12:00:00Z", "p50_latency": 129.0,
                    "sum_totalCost": 3.0, "histogram_inputTokens": [[0.0, 29.0, 15], [29.0, 58.0, 15]] },
                { "providedModelName": "claude", "time_dimension": "2026-01-31T13:00:00Z", "p50_latency": 175.0,
                    "sum_totalCost": 1.5, "histogram_inputTokens": [[61.0, 75.0, 7], [75.0, 89.0, 8]] },
                { "providedModelName": "gpt", "time_dimension": "2026-01-31T13:00:00Z", "p50_latency": 174.0,
                    "sum_totalCost": 1.5, "histogram_inputTokens": [[60.0, 74.0, 7], [74.0, 88.0, 8]] },
            ]),
        ),
        (
            "/api/public/v2/metrics",
            json!({ "view": "observations", "dimensions": [{ "field": "userId" }, { "field": "tags" }],
                "metrics": [cost(), metric("traceId", "uniq")], "config": { "row_limit": 2 },
                "filters": [{ "type": "stringOptions", "column": "level", "operator": "any of", "value": ["ERROR"] }],
                "orderBy": [{ "field": "sum_totalCost", "direction": "desc" }] }),
            json!([
                { "userId": "u0", "tags": ["a", "b"], "sum_totalCost": 0.8, "uniq_traceId": 8 },
                { "userId": "u1", "tags": ["a", "b"], "sum_totalCost": 0.8, "uniq_traceId": 8 },
            ]),
        ),
        (
            "/api/public/metrics",
            json!({ "view": "observations", "dimensions": [{ "field": "startTimeMonth" }],
                "metrics": [metric("count", "count"), metric("tokensPerSecond", "max")],
                "timeDimension": { "granularity": "week" }, "orderBy": [{ "field": "time_dimension", "direction": "asc" }] }),
            json!([{ "startTimeMonth": "2026-01", "time_dimension": "2026-01-26", "count_count": 90,
                "max_tokensPerSecond": 476.190_476_190_476_2 }]),
        ),
    ]
}

async fn answers(place: Place) {
    let server = place.start().start();
    assert_eq!(server.post("/v1/l/batch", &stored()).await.status, 200);
    for (path, question, expected) in cases() {
        assert_eq!(
            ask(&server, path, question.clone()).await,
            expected,
            "{question}"
        );
    }
}

async fn ask(server: &Server, path: &str, mut question: Value) -> Value {
    for (key, time) in [
        ("fromTimestamp", "2026-01-01T00:00:00Z"),
        ("toTimestamp", "2026-03-01T00:00:00Z"),
    ] {
        if question.get(key).is_none() {
            question[key] = json!(time);
        }
    }
    let answer = server.get(&format!("{path}?query={question}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["data"].clone()
}

#[tokio::test]
async fn metrics_are_the_same_on_the_embedded_engine() {
    answers(Place::embedded()).await;
}

#[tokio::test]
async fn metrics_are_the_same_on_postgresql() {
    answers(Place::postgres()).await;
}
