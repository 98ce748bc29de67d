//! Traces as clients see them.

use serde_json::{Value, json};
use xtrace_model::{Level, ObservationType};
use xtrace_store_tests::builders::{Batch, a_trace, after, an_observation, batch};

use super::filters::FILTERS;
use crate::routes::native::payloads::PAYLOAD_BYTES_MAX;
use crate::routes::native::testing::Reads;

/// Two traces that differ in everything, one that a single observation brought into being.
fn traces() -> Batch {
    batch()
        .with(
            a_trace("full")
                .timestamp(after(0.0))
                .name("chat.turn")
                .user("user-1")
                .session("session-1")
                .turn("turn-1")
                .run("run-1")
                .run_state("success")
                .external_id("ext-1")
                .version("v1")
                .release("r1")
                .environment("prod")
                .tags(["a", "b"])
                .bookmarked(true)
                .public(true)
                .input(r#"{"q": 1.50}"#)
                .output(r#""done""#)
                .metadata(r#"{"turn_id":"turn-1"}"#),
        )
        .with(
            an_observation("full", "call")
                .kind(ObservationType::Generation)
                .model("gpt")
                .level(Level::Error)
                .from_to(after(1.0), after(3.0))
                .usage(10, 5)
                .cost([("input", "0.25"), ("output", "0.5")]),
        )
        .with(
            an_observation("full", "root")
                .kind(ObservationType::Agent)
                .from_to(after(0.0), after(4.0)),
        )
        .with(
            a_trace("sent")
                .sent(1.0)
                .timestamp(after(60.0))
                .name("audit")
                .user("user-2")
                .tags(["a", "audit"])
                .latency(0.5)
                .cost("0.01"),
        )
        .with(
            an_observation("bare", "only")
                .sent(2.0)
                .start(after(120.0))
                .level(Level::Debug),
        )
}

async fn ids(reads: &Reads, query: &str) -> Vec<String> {
    let list = reads.get(&format!("/api/public/traces?{query}")).await;
    let items = list["data"].as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Each parameter, a value that narrows the list, and what is left.
const NARROWING: [(&str, &str, &[&str]); 23] = [
    ("userId", "user-1", &["full"]),
    ("name", "audit", &["sent"]),
    ("sessionId", "session-1", &["full"]),
    ("turnId", "turn-1", &["full"]),
    ("runId", "run-1", &["full"]),
    ("runState", "success", &["full"]),
    ("externalId", "ext-1", &["full"]),
    ("version", "v1", &["full"]),
    ("release", "r1", &["full"]),
    ("environment", "prod", &["full"]),
    ("tags", "a", &["sent", "full"]),
    ("model", "gpt", &["full"]),
    ("level", "error", &["full"]),
    ("minLevel", "DEFAULT", &["sent", "full"]),
    ("fromTimestamp", "2026-01-31T12:01:00Z", &["bare", "sent"]),
    (
        "toTimestamp",
        "2026-01-31T20:01:00 08:00",
        &["sent", "full"],
    ),
    ("minLatency", "0.5", &["sent", "full"]),
    ("maxLatency", "0.5", &["bare", "sent"]),
    ("minCost", "0.02", &["full"]),
    ("maxCost", "0.02", &["sent"]),
    ("bookmarked", "true", &["full"]),
    ("public", "true", &["full"]),
    ("q", "SESSION-", &["full"]),
];

#[tokio::test]
async fn every_filter_narrows_the_list() {
    let reads = Reads::with(traces()).await;
    let tested: Vec<&str> = NARROWING.iter().map(|(name, ..)| *name).collect();
    let declared: Vec<&str> = FILTERS.iter().map(|filter| filter.name).collect();
    assert_eq!(tested, declared, "each filter has a case");
    assert_eq!(ids(&reads, "").await, ["bare", "sent", "full"]);
    for (name, value, expected) in NARROWING {
        let value = value.replace(' ', "+");
        assert_eq!(
            ids(&reads, &format!("{name}={value}")).await,
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn filters_add_up_and_lists_have_several_forms() {
    let reads = Reads::with(traces()).await;
    for (query, expected) in [
        ("tags=a&tags=audit", &["sent"][..]),
        ("tags[]=audit", &["sent"]),
        ("tags%5B%5D=a&tags%5B%5D=b", &["full"]),
        ("tags=a&tags=b&tags=audit", &[]),
        (
            "environment=prod&environment=default",
            &["bare", "sent", "full"],
        ),
        ("level=ERROR,DEBUG", &["bare", "full"]),
        ("userId=user-1&name=audit", &[]),
        ("userId=&unknown=1", &["bare", "sent", "full"]),
        ("bookmarked=false&public=0", &["bare", "sent"]),
        ("q=TURN", &["full"]),
        ("q=%25", &[]),
        (
            "fromTimestamp=2026-01-31T12:00:00Z&toTimestamp=2026-01-31T12:00:00Z",
            &["full"],
        ),
    ] {
        assert_eq!(ids(&reads, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn every_order_is_total_and_puts_absent_values_last() {
    let reads = Reads::with(traces()).await;
    for (order, expected) in [
        ("timestamp.asc", ["full", "sent", "bare"]),
        ("timestamp", ["bare", "sent", "full"]),
        ("id.asc", ["bare", "full", "sent"]),
        ("totalCost.desc", ["full", "sent", "bare"]),
        ("total_cost.asc", ["sent", "full", "bare"]),
        ("latency.desc", ["full", "sent", "bare"]),
        ("name.asc", ["sent", "full", "bare"]),
        ("user_id.desc", ["sent", "full", "bare"]),
        ("observationCount.desc", ["full", "bare", "sent"]),
        ("errorCount.desc", ["full", "bare", "sent"]),
    ] {
        let found = ids(&reads, &format!("orderBy={order}")).await;
        assert_eq!(found, expected, "{order}");
    }
}

#[tokio::test]
async fn pages_cover_the_list_without_gap_or_repetition() {
    let reads = Reads::with(traces()).await;
    let page = |number: u64| format!("orderBy=environment.asc&limit=1&page={number}");
    let mut seen = Vec::new();
    for number in 1..=4 {
        seen.extend(ids(&reads, &page(number)).await);
    }
    assert_eq!(seen, ["bare", "sent", "full"]);
    let list = reads.get("/api/public/traces?limit=2&page=2").await;
    assert_eq!(
        list["meta"],
        json!({"page": 2, "limit": 2, "totalItems": 3, "totalPages": 2})
    );
    let far = reads
        .get("/api/public/traces?page=99999999999999999999")
        .await;
    assert_eq!(far["data"], json!([]));
    assert_eq!(far["meta"]["totalItems"], 3);
    let none = reads.get("/api/public/traces?name=nobody").await;
    assert_eq!(
        none["meta"],
        json!({"page": 1, "limit": 50, "totalItems": 0, "totalPages": 0})
    );
}

#[tokio::test]
async fn a_bad_parameter_is_refused_by_name() {
    let reads = Reads::with(traces()).await;
    for name in [
        "page",
        "limit",
        "orderBy",
        "fromTimestamp",
        "toTimestamp",
        "level",
        "minLevel",
        "minLatency",
        "maxLatency",
        "minCost",
        "maxCost",
        "bookmarked",
        "public",
    ] {
        let (status, message) = reads
            .refused(&format!("/api/public/traces?{name}=nonsense"))
            .await;
        assert_eq!(status, 400, "{name}");
        let expected = format!("parameter {name} is \"nonsense\"; expected ");
        assert!(message.starts_with(&expected), "{message}");
    }
    let (status, message) = reads.refused("/api/public/traces?name=a%00b").await;
    assert_eq!(status, 400);
    assert!(message.contains("U+0000"), "{message}");
}

#[tokio::test]
async fn a_list_item_has_the_documented_shape() {
    let reads = Reads::with(traces()).await;
    let list = reads.get("/api/public/traces?orderBy=timestamp.asc").await;
    insta::assert_json_snapshot!("trace_list", list);
}

#[tokio::test]
async fn groups_of_fields_are_left_out_as_documented() {
    let reads = Reads::with(traces()).await;
    let first = |list: Value| list["data"][0].clone();
    let core = first(
        reads
            .get("/api/public/traces?fields=core&name=chat.turn")
            .await,
    );
    for payload in ["input", "output", "metadata"] {
        assert_eq!(core.get(payload), None, "{payload}");
    }
    assert_eq!(
        (&core["latency"], &core["totalCost"]),
        (&json!(-1.0), &json!(-1.0))
    );
    assert_eq!(
        (&core["observations"], &core["scores"]),
        (&json!([]), &json!([]))
    );
    let io = first(
        reads
            .get("/api/public/traces?fields=core,io&name=audit")
            .await,
    );
    for payload in ["input", "output", "metadata"] {
        assert_eq!(io.get(payload), Some(&Value::Null), "{payload}");
    }
    let observations = first(
        reads
            .get("/api/public/traces?fields=observations&name=chat.turn")
            .await,
    );
    assert_eq!(observations["observations"], json!(["root", "call"]));
    let metrics = first(
        reads
            .get("/api/public/traces?fields=metrics&name=chat.turn")
            .await,
    );
    assert_eq!(
        (&metrics["latency"], &metrics["totalCost"]),
        (&json!(4.0), &json!(0.75))
    );
}

#[tokio::test]
async fn a_trace_has_the_documented_shape() {
    let reads = Reads::with(traces()).await;
    let trace = reads.get("/api/public/traces/full").await;
    insta::assert_json_snapshot!("trace_detail", trace);
}

#[tokio::test]
async fn list_and_detail_say_the_same_of_a_trace() {
    let reads = Reads::with(traces()).await;
    for groups in ["", "fields=core", "fields=io,metrics"] {
        let list = reads.get(&format!("/api/public/traces?{groups}")).await;
        for item in list["data"].as_array().unwrap() {
            let path = format!(
                "/api/public/traces/{}?{groups}",
                item["id"].as_str().unwrap()
            );
            let mut detail = reads.get(&path).await;
            let observations = detail["observations"].as_array().unwrap().iter();
            detail["observations"] = observations
                .map(|observation| observation["id"].clone())
                .collect();
            assert_eq!(*item, detail, "{groups}");
        }
    }
}

#[tokio::test]
async fn an_unknown_trace_is_not_found() {
    let reads = Reads::with(traces()).await;
    let (status, message) = reads.refused("/api/public/traces/nobody").await;
    assert_eq!((status, message.as_str()), (404, "trace nobody not found"));
    let long = "x".repeat(257);
    let (status, message) = reads.refused(&format!("/api/public/traces/{long}")).await;
    assert_eq!(
        (status, message.as_str()),
        (400, "trace id has 257 bytes; the limit is 256")
    );
}

#[tokio::test]
async fn deleted_traces_are_gone_at_once() {
    let reads = Reads::with(traces()).await;
    let (status, answer) = reads.send("DELETE", "/api/public/traces/full", "").await;
    assert_eq!(
        (status, &answer["message"]),
        (200, &json!("Trace deleted successfully"))
    );
    assert_eq!(reads.refused("/api/public/traces/full").await.0, 404);
    assert_eq!(ids(&reads, "").await, ["bare", "sent"]);
    let body = r#"{"traceIds":["bare","unknown"]}"#;
    let (status, answer) = reads.send("DELETE", "/api/public/traces", body).await;
    assert_eq!(
        (status, &answer["message"]),
        (200, &json!("Traces deleted successfully"))
    );
    assert_eq!(ids(&reads, "").await, ["sent"]);
    let list = reads.get("/api/public/observations").await;
    assert_eq!(list["meta"]["totalItems"], 0);
}

#[tokio::test]
async fn a_deletion_names_one_to_a_thousand_traces() {
    let reads = Reads::with(traces()).await;
    let many: Vec<String> = (0..1_001).map(|number| number.to_string()).collect();
    for (body, part) in [
        (
            json!({"traceIds": []}),
            "traceIds has 0 ids; expected 1 to 1000",
        ),
        (
            json!({ "traceIds": many }),
            "traceIds has 1001 ids; expected 1 to 1000",
        ),
        (json!({"traceIds": [""]}), "trace id is empty"),
    ] {
        let (status, answer) = reads
            .send("DELETE", "/api/public/traces", &body.to_string())
            .await;
        assert_eq!((status, &answer["message"]), (400, &json!(part)));
    }
    for body in ["", "{}", "[]", r#"{"traceIds":"x"}"#, "{"] {
        let (status, answer) = reads.send("DELETE", "/api/public/traces", body).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("BAD_REQUEST")),
            "{body}"
        );
        let message = answer["message"].as_str().unwrap();
        assert!(
            message.starts_with("the body is not {\"traceIds\""),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_page_with_too_large_payloads_is_refused_with_the_way_out() {
    let half = format!("\"{}\"", "x".repeat(PAYLOAD_BYTES_MAX / 2));
    let large = |id: &str| a_trace(id).input(&half);
    let reads = Reads::with(batch().with(large("a")).with(large("b"))).await;
    let (status, message) = reads.refused("/api/public/traces").await;
    assert_eq!(status, 400);
    let expected = "input, output and metadata of this page exceed 64 MiB; ask for fewer items by limit, or leave \
                    them out by fields=core";
    assert_eq!(message, expected);
    assert_eq!(reads.0.get("/api/public/traces?limit=1").await.status, 200);
    assert_eq!(ids(&reads, "fields=core").await, ["a", "b"]);
}
