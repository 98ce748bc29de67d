//! Observations as clients see them.

use serde_json::{Value, json};
use xtrace_model::{Level, ObservationType};
use xtrace_store_tests::builders::{Batch, a_trace, after, an_observation, batch};

use super::filters::FILTERS;
use crate::routes::native::testing::Reads;

/// A model call that has everything, its parent, and one of the same id in another trace.
fn observations() -> Batch {
    batch()
        .with(
            a_trace("t1")
                .user("user-1")
                .session("session-1")
                .turn("turn-1")
                .run("run-1")
                .tags(["gold"]),
        )
        .with(
            an_observation("t1", "root")
                .kind(ObservationType::Agent)
                .from_to(after(0.0), after(10.0))
                .name("agent"),
        )
        .with(
            an_observation("t1", "call")
                .kind(ObservationType::Generation)
                .name("chat")
                .parent("root")
                .from_to(after(1.0), after(3.0))
                .first_token(after(1.5))
                .level(Level::Warning)
                .status_message("slow")
                .version("v1")
                .environment("prod")
                .model("gpt")
                .model_id("price-1")
                .prompt_id("p")
                .prompt_name("greeting")
                .prompt_version("3")
                .unit("TOKENS")
                .step("step-1")
                .parent_step("step-0")
                .step_type("llm_call")
                .step_index(4)
                .attempt(2)
                .run_state("running")
                .buckets([("input", 10), ("input_cached_tokens", 90), ("output", 5)])
                .cost([("input", "0.25"), ("output", "0.5")])
                .unit_prices("0.025", "0.1", "0")
                .input(r#"[{"role":"user","content":"1.0"}]"#)
                .output(r#"{"content": 1.00}"#)
                .model_parameters(r#"{"temperature":0}"#)
                .metadata(r#"{"k":"v"}"#),
        )
        .with(
            a_trace("t2")
                .user("user-2")
                .session("session-2")
                .run("run-2"),
        )
        .with(
            an_observation("t2", "call")
                .start(after(60.0))
                .session("session-3")
                .turn("turn-2")
                .run("run-3")
                .level(Level::Debug),
        )
}

async fn keys(reads: &Reads, query: &str) -> Vec<String> {
    let list = reads
        .get(&format!("/api/public/observations?{query}"))
        .await;
    let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
    let items = list["data"].as_array().unwrap().iter();
    items
        .map(|item| format!("{}/{}", text(item, "traceId"), text(item, "id")))
        .collect()
}

/// Each parameter, a value that narrows the list, and what is left.
const NARROWING: [(&str, &str, &[&str]); 26] = [
    ("traceId", "t2", &["t2/call"]),
    ("name", "chat", &["t1/call"]),
    ("type", "generation", &["t1/call"]),
    ("level", "WARNING", &["t1/call"]),
    ("minLevel", "DEFAULT", &["t1/call", "t1/root"]),
    ("parentObservationId", "root", &["t1/call"]),
    ("userId", "user-2", &["t2/call"]),
    ("sessionId", "session-1", &["t1/call", "t1/root"]),
    ("turnId", "turn-1", &["t1/call", "t1/root"]),
    ("runId", "run-3", &["t2/call"]),
    ("stepId", "step-1", &["t1/call"]),
    ("parentStepId", "step-0", &["t1/call"]),
    ("stepType", "llm_call", &["t1/call"]),
    ("attempt", "2", &["t1/call"]),
    ("model", "gpt", &["t1/call"]),
    ("environment", "prod", &["t1/call"]),
    ("version", "v1", &["t1/call"]),
    ("promptName", "greeting", &["t1/call"]),
    ("tags", "gold", &["t1/call", "t1/root"]),
    (
        "fromStartTime",
        "2026-01-31T12:00:01Z",
        &["t2/call", "t1/call"],
    ),
    (
        "toStartTime",
        "2026-01-31T12:00:01Z",
        &["t1/call", "t1/root"],
    ),
    ("minLatency", "2.5", &["t1/root"]),
    ("maxLatency", "2", &["t1/call"]),
    ("minCost", "0.75", &["t1/call"]),
    ("maxCost", "0.75", &["t1/call"]),
    ("q", "SLOW", &["t1/call"]),
];

#[tokio::test]
async fn every_filter_narrows_the_list() {
    let reads = Reads::with(observations()).await;
    let tested: Vec<&str> = NARROWING.iter().map(|(name, ..)| *name).collect();
    let declared: Vec<&str> = FILTERS.iter().map(|filter| filter.name).collect();
    assert_eq!(tested, declared, "each filter has a case");
    assert_eq!(keys(&reads, "").await, ["t2/call", "t1/call", "t1/root"]);
    for (name, value, expected) in NARROWING {
        assert_eq!(
            keys(&reads, &format!("{name}={value}")).await,
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_observations_own_session_turn_and_run_go_before_the_traces() {
    let reads = Reads::with(observations()).await;
    for (query, expected) in [
        ("sessionId=session-2", &[][..]),
        ("sessionId=session-3", &["t2/call"]),
        ("runId=run-2", &[]),
        ("runId=run-1", &["t1/call", "t1/root"]),
        ("type=AGENT&type=SPAN", &["t2/call", "t1/root"]),
        ("minCost=1", &[]),
    ] {
        assert_eq!(keys(&reads, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn orders_and_pages_are_those_asked_for() {
    let reads = Reads::with(observations()).await;
    assert_eq!(
        keys(&reads, "orderBy=startTime.asc").await,
        ["t1/root", "t1/call", "t2/call"]
    );
    assert_eq!(
        keys(&reads, "orderBy=latency.desc").await,
        ["t1/root", "t1/call", "t2/call"]
    );
    assert_eq!(
        keys(&reads, "orderBy=id.asc&limit=2").await,
        ["t1/call", "t2/call"]
    );
    assert_eq!(
        keys(&reads, "orderBy=id.asc&limit=2&page=2").await,
        ["t1/root"]
    );
    let list = reads.get("/api/public/observations?limit=2").await;
    assert_eq!(
        list["meta"],
        json!({"page": 1, "limit": 2, "totalItems": 3, "totalPages": 2})
    );
}

#[tokio::test]
async fn a_bad_parameter_is_refused_by_name() {
    let reads = Reads::with(observations()).await;
    for name in [
        "page",
        "limit",
        "orderBy",
        "type",
        "level",
        "minLevel",
        "attempt",
        "fromStartTime",
        "maxCost",
    ] {
        let (status, message) = reads
            .refused(&format!("/api/public/observations?{name}=x"))
            .await;
        assert_eq!(status, 400, "{name}");
        assert!(
            message.starts_with(&format!("parameter {name} is \"x\"; expected ")),
            "{message}"
        );
    }
}

#[tokio::test]
async fn an_observation_has_the_documented_shape() {
    let reads = Reads::with(observations()).await;
    let observation = reads.get("/api/public/observations/call?traceId=t1").await;
    insta::assert_json_snapshot!("observation", observation);
}

#[tokio::test]
async fn list_trace_and_detail_say_the_same_of_an_observation() {
    let reads = Reads::with(observations()).await;
    let list = reads
        .get("/api/public/observations?orderBy=startTime.asc&traceId=t1")
        .await;
    let trace = reads.get("/api/public/traces/t1").await;
    assert_eq!(list["data"], trace["observations"]);
    let single = reads.get("/api/public/observations/call?traceId=t1").await;
    assert_eq!(list["data"][1], single);
}

#[tokio::test]
async fn payloads_are_left_out_on_request() {
    let reads = Reads::with(observations()).await;
    let list = reads.get("/api/public/observations?fields=core").await;
    for key in ["input", "output", "metadata", "modelParameters"] {
        assert_eq!(list["data"][0].get(key), None, "{key}");
    }
    let trace = reads.get("/api/public/traces/t1?fields=observations").await;
    assert_eq!(trace["observations"][0].get("input"), None);
}

#[tokio::test]
async fn an_id_alone_means_the_observation_that_began_last() {
    let reads = Reads::with(observations()).await;
    let found = reads.get("/api/public/observations/call").await;
    assert_eq!(found["traceId"], "t2");
    let only = reads.get("/api/public/observations/root").await;
    assert_eq!(only["traceId"], "t1");
    for path in ["root?traceId=t2", "nobody", "call?traceId=t9"] {
        let (status, message) = reads
            .refused(&format!("/api/public/observations/{path}"))
            .await;
        let id = path.split('?').next().unwrap();
        assert_eq!(
            (status, message),
            (404, format!("observation {id} not found"))
        );
    }
}
