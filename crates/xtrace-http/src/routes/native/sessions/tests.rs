//! Sessions as clients see them.

use serde_json::{Value, json};
use xtrace_model::Level;
use xtrace_store_tests::builders::{Batch, a_trace, after, an_observation, batch};

use super::filters::FILTERS;
use crate::routes::native::testing::Reads;

/// A session of three turns and two runs, one of a single turn, and a trace without a session.
fn sessions() -> Batch {
    let turn = |id: &str, second: f64| {
        a_trace(id)
            .sent(second)
            .timestamp(after(second))
            .session("long")
    };
    batch()
        .with(
            turn("b", 10.0)
                .user("user-1")
                .environment("prod")
                .run("run-1")
                .run_state("running")
                .turn("1"),
        )
        .with(
            turn("a", 20.0)
                .user("user-2")
                .run("run-1")
                .run_state("success")
                .turn("2")
                .input(r#""hi""#),
        )
        .with(
            turn("c", 30.0)
                .user("user-1")
                .environment("prod")
                .run("run-2")
                .turn("3")
                .tags(["gold"]),
        )
        .with(
            an_observation("b", "call")
                .sent(11.0)
                .from_to(after(10.0), after(12.0))
                .usage(10, 5)
                .cost([("input", "0.25"), ("output", "0.5")])
                .level(Level::Error),
        )
        .with(
            an_observation("c", "plan")
                .sent(31.0)
                .start(after(31.0))
                .run_state("waiting_tool"),
        )
        .with(
            a_trace("d")
                .sent(40.0)
                .timestamp(after(40.0))
                .session("short")
                .name("probe"),
        )
        .with(
            a_trace("e")
                .sent(50.0)
                .timestamp(after(50.0))
                .user("user-9"),
        )
}

async fn ids(reads: &Reads, query: &str) -> Vec<String> {
    let list = reads.get(&format!("/api/public/sessions?{query}")).await;
    let items = list["data"].as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Each parameter, a value that narrows the list, and what is left.
const NARROWING: [(&str, &str, &[&str]); 6] = [
    ("fromTimestamp", "2026-01-31T12:00:40Z", &["short"]),
    ("toTimestamp", "2026-01-31T12:00:30Z", &["long"]),
    ("userId", "user-2", &["long"]),
    ("environment", "prod", &["long"]),
    ("tags", "gold", &["long"]),
    ("q", "PROBE", &["short"]),
];

#[tokio::test]
async fn every_filter_narrows_the_list() {
    let reads = Reads::with(sessions()).await;
    let tested: Vec<&str> = NARROWING.iter().map(|(name, ..)| *name).collect();
    let declared: Vec<&str> = FILTERS.iter().map(|filter| filter.name).collect();
    assert_eq!(tested, declared, "each filter has a case");
    assert_eq!(ids(&reads, "").await, ["short", "long"]);
    for (name, value, expected) in NARROWING {
        assert_eq!(
            ids(&reads, &format!("{name}={value}")).await,
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn totals_are_those_of_the_traces_that_count() {
    let reads = Reads::with(sessions()).await;
    let list = reads.get("/api/public/sessions?userId=user-2").await;
    let session = &list["data"][0];
    assert_eq!(
        (&session["traceCount"], &session["userIds"]),
        (&json!(1), &json!(["user-2"]))
    );
    assert_eq!(
        (&session["totalCost"], &session["environment"]),
        (&Value::Null, &json!("default"))
    );
    assert_eq!(list["meta"]["totalItems"], 1);
}

#[tokio::test]
async fn orders_and_pages_are_those_asked_for() {
    let reads = Reads::with(sessions()).await;
    for order in [
        "id",
        "createdAt",
        "firstTimestamp",
        "lastTimestamp",
        "traceCount",
        "observationCount",
        "errorCount",
        "totalTokens",
        "totalCost",
        "userCount",
    ] {
        let ascending = ids(&reads, &format!("orderBy={order}.asc")).await;
        let descending = ids(&reads, &format!("orderBy={order}.desc")).await;
        assert_eq!(ascending.len(), 2, "{order}");
        assert_ne!(ascending, descending, "{order}");
    }
    assert_eq!(ids(&reads, "limit=1&page=2").await, ["long"]);
    let (status, message) = reads.refused("/api/public/sessions?orderBy=mood.asc").await;
    assert_eq!(status, 400);
    assert!(
        message.contains("expected one of id, createdAt,"),
        "{message}"
    );
}

#[tokio::test]
async fn a_session_in_a_list_has_the_documented_shape() {
    let reads = Reads::with(sessions()).await;
    let list = reads.get("/api/public/sessions?q=long").await;
    insta::assert_json_snapshot!("session_list", list);
}

#[tokio::test]
async fn a_session_has_its_turns_in_order_and_the_state_of_its_runs() {
    let reads = Reads::with(sessions()).await;
    let session = reads.get("/api/public/sessions/long").await;
    let turns = session["traces"].as_array().unwrap().iter();
    let turns: Vec<&Value> = turns.map(|trace| &trace["turnId"]).collect();
    assert_eq!(turns, ["1", "2", "3"]);
    assert_eq!(session["traces"][1]["input"], "hi");
    let runs = session["runs"].as_array().unwrap().iter();
    let states: Vec<(&Value, &Value)> = runs.map(|run| (&run["runId"], &run["state"])).collect();
    assert_eq!(
        states,
        [
            (&json!("run-1"), &json!("success")),
            (&json!("run-2"), &json!("waiting_tool"))
        ]
    );
    let core = reads
        .get("/api/public/sessions/long?fields=core&limit=1&page=2")
        .await;
    insta::assert_json_snapshot!("session_detail", core);
}

#[tokio::test]
async fn an_unknown_session_is_not_found() {
    let reads = Reads::with(sessions()).await;
    let (status, message) = reads.refused("/api/public/sessions/nobody").await;
    assert_eq!(
        (status, message.as_str()),
        (404, "session nobody not found")
    );
}
