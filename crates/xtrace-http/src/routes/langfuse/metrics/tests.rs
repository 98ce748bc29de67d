//! Answers as clients see them. The clock stands at 2026-01-31T13:00:00Z, noon is the time of most of what is stored.

mod refusals;

use serde_json::{Value, json};
use xtrace_model::{Level, ObservationType};
use xtrace_store_tests::builders::{Batch, a_trace, after, an_observation, batch};

use crate::routes::native::testing::Reads;

const V1: &str = "/api/public/metrics";
const V2: &str = "/api/public/v2/metrics";
const DAY: f64 = 86_400.0;

/// Two calls of one model a minute apart, one of another an hour later, and a tool that failed.
fn stored() -> Batch {
    let call = |trace: &str, id: &str| an_observation(trace, id).kind(ObservationType::Generation);
    let at = |seconds: f64, latency: f64| (after(seconds), after(seconds + latency));
    let first = at(0.0, 2.0);
    let second = at(60.0, 4.0);
    let later = at(3_600.0, 1.0);
    batch()
        .with(
            a_trace("chat")
                .timestamp(after(0.0))
                .name("chat")
                .user("ann")
                .session("s1")
                .release("r1")
                .tags(["b", "a"]),
        )
        .with(
            call("chat", "1")
                .from_to(first.0, first.1)
                .first_token(after(0.5))
                .model("gpt")
                .usage(10, 30)
                .cost([("total", "0.1")]),
        )
        .with(
            call("chat", "2")
                .from_to(second.0, second.1)
                .model("gpt")
                .parent("1")
                .usage(20, 20)
                .cost([("total", "0.2")]),
        )
        .with(
            an_observation("chat", "3")
                .kind(ObservationType::Tool)
                .level(Level::Error)
                .start(after(61.0))
                .parent("1"),
        )
        .with(
            a_trace("late")
                .timestamp(after(3_600.0))
                .name("chat")
                .user("ben")
                .tags(["a"]),
        )
        .with(
            call("late", "1")
                .from_to(later.0, later.1)
                .model("claude")
                .usage(1, 1)
                .cost([("total", "0.4")]),
        )
        .with(a_trace("old").timestamp(after(-40.0 * DAY)).user("ann"))
}

/// A question about noon and two hours after it, with these keys set.
fn asked(view: &str, keys: &Value) -> Value {
    let mut question = json!({
        "view": view,
        "fromTimestamp": "2026-01-31T12:00:00Z",
        "toTimestamp": "2026-01-31T14:00:00Z",
    });
    for (key, value) in keys.as_object().unwrap() {
        question[key] = value.clone();
    }
    question
}

fn path(route: &str, question: &Value) -> String {
    let text = question.to_string();
    let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    format!("{route}?query={text}")
}

async fn rows(reads: &Reads, (route, view): (&str, &str), keys: &Value) -> Value {
    let answer = reads.get(&path(route, &asked(view, keys))).await;
    assert_eq!(answer.as_object().unwrap().len(), 1);
    answer["data"].clone()
}

fn metric(measure: &str, aggregation: &str) -> Value {
    json!({ "measure": measure, "aggregation": aggregation })
}

fn fields<const N: usize>(names: [&str; N]) -> Value {
    names
        .into_iter()
        .map(|name| json!({ "field": name }))
        .collect()
}

const OBSERVATIONS: (&str, &str) = (V1, "observations");
const TRACES: (&str, &str) = (V1, "traces");

#[tokio::test]
async fn an_overview_of_traces_counts_those_with_errors() {
    let reads = Reads::with(stored()).await;
    let metrics = [
        metric("count", "count"),
        metric("latency", "avg"),
        metric("latency", "p95"),
        metric("latency", "p99"),
        metric("totalCost", "sum"),
        metric("observationsCount", "sum"),
        metric("uniqueUserIds", "uniq"),
        metric("errorCount", "sum"),
    ];
    let found = rows(&reads, TRACES, &json!({ "metrics": metrics })).await;
    // From the first start to the last end: 64 and 1 seconds.
    let expected = json!([{
        "count_count": 2, "avg_latency": 32_500.0, "p95_latency": 60_850.0, "p99_latency": 63_370.0,
        "sum_totalCost": 0.7, "sum_observationsCount": 4, "uniq_uniqueUserIds": 2, "sum_errorCount": 1,
        "error_count": 1,
    }]);
    assert_eq!(found, expected);
}

#[tokio::test]
async fn errors_are_found_with_their_traces() {
    let reads = Reads::with(stored()).await;
    let keys = json!({
        "dimensions": fields(["traceId", "name"]),
        "metrics": [],
        "filters": [{ "type": "string", "column": "level", "operator": "=", "value": "ERROR" }],
        "timeDimension": null,
    });
    let found = rows(&reads, OBSERVATIONS, &keys).await;
    assert_eq!(found, json!([{ "traceId": "chat", "name": null }]));
}

#[tokio::test]
async fn hours_without_rows_are_there_with_zeros() {
    let reads = Reads::with(stored()).await;
    let mut keys = json!({
        "dimensions": fields(["providedModelName", "tags"]),
        "metrics": [metric("latency", "p95"), metric("totalCost", "sum"), metric("latency", "histogram")],
        "timeDimension": { "granularity": "hour" },
        "filters": [{ "type": "null", "column": "providedModelName", "operator": "is not null", "value": "" }],
        "fromTimestamp": "2026-01-31T11:30:00Z",
        "toTimestamp": "2026-01-31T14:00:00.000001Z",
        "config": { "bins": 2 },
    });
    let gap = |hour: &str| {
        json!({ "providedModelName": null, "tags": [], "time_dimension": format!("2026-01-31T{hour}:00:00Z"),
            "p95_latency": 0, "sum_totalCost": 0, "histogram_latency": [] })
    };
    let expected = [
        gap("11"),
        json!({ "providedModelName": "gpt", "tags": ["a", "b"], "time_dimension": "2026-01-31T12:00:00Z",
            "p95_latency": 3_900.0, "sum_totalCost": 0.3,
            "histogram_latency": [[2_000.0, 3_000.0, 1], [3_000.0, 4_000.0, 1]] }),
        json!({ "providedModelName": "claude", "tags": ["a"], "time_dimension": "2026-01-31T13:00:00Z",
            "p95_latency": 1_000.0, "sum_totalCost": 0.4, "histogram_latency": [[1_000.0, 1_000.0, 1]] }),
        gap("14"),
    ];
    assert_eq!(rows(&reads, OBSERVATIONS, &keys).await, json!(expected));
    keys["config"] = json!({ "bins": 2, "row_limit": 2 });
    assert_eq!(
        rows(&reads, OBSERVATIONS, &keys).await,
        json!(expected[..2])
    );
    keys["orderBy"] = json!([{ "field": "time_dimension", "direction": "desc" }]);
    keys["config"] = json!({ "bins": 2 });
    let ordered = [&expected[2], &expected[1]];
    assert_eq!(rows(&reads, OBSERVATIONS, &keys).await, json!(ordered));
}

#[tokio::test]
async fn days_weeks_and_months_are_dates() {
    let reads = Reads::with(stored()).await;
    let mut keys = json!({
        "metrics": [metric("count", "count")],
        "fromTimestamp": "2026-01-30T00:00:00Z",
        "toTimestamp": "2026-02-01T00:00:00Z",
    });
    for (granularity, expected) in [
        ("day", &[("2026-01-30", 0), ("2026-01-31", 2)][..]),
        ("week", &[("2026-01-26", 2)]),
        ("month", &[("2026-01-01", 2)]),
        (
            "auto",
            &[("2026-01-31T12:00:00Z", 1), ("2026-01-31T13:00:00Z", 1)],
        ),
    ] {
        keys["timeDimension"] = json!({ "granularity": granularity });
        let found = rows(&reads, TRACES, &keys).await;
        let found: Vec<(&str, i64)> = found
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                (
                    row["time_dimension"].as_str().unwrap(),
                    row["count_count"].as_i64().unwrap(),
                )
            })
            .filter(|(_, count)| granularity != "auto" || *count > 0)
            .collect();
        assert_eq!(found, expected, "{granularity}");
    }
}

#[tokio::test]
async fn rows_come_by_the_first_metric_unless_asked_otherwise() {
    let reads = Reads::with(stored()).await;
    let mut keys =
        json!({ "dimensions": fields(["userId"]), "metrics": [metric("totalCost", "sum")] });
    let ben = json!({ "userId": "ben", "sum_totalCost": 0.4 });
    let ann = json!({ "userId": "ann", "sum_totalCost": 0.3 });
    assert_eq!(rows(&reads, TRACES, &keys).await, json!([ben, ann]));
    assert_eq!(rows(&reads, OBSERVATIONS, &keys).await, json!([ben, ann]));
    keys["orderBy"] = json!([{ "field": "userId", "direction": "asc" }]);
    assert_eq!(rows(&reads, TRACES, &keys).await, json!([ann, ben]));
    keys["orderBy"] = json!([{ "field": "sum_totalCost", "direction": "desc" }]);
    keys["config"] = json!({ "row_limit": 1 });
    assert_eq!(rows(&reads, TRACES, &keys).await, json!([ben]));
    assert_eq!(
        rows(&reads, (V2, "observations"), &keys).await,
        json!([ben])
    );
}

#[tokio::test]
async fn what_is_made_of_several_fields_is_a_measure() {
    let reads = Reads::with(stored()).await;
    let keys = json!({
        "metrics": [
            metric("streamingLatency", "max"),
            metric("timeToFirstToken", "avg"),
            metric("tokensPerSecond", "p50"),
            metric("outputTokensPerSecond", "sum"),
            metric("latency", "count"),
        ],
    });
    let found = rows(&reads, OBSERVATIONS, &keys).await;
    // 40 in 2 s, 40 in 4 s, 2 in 1 s; 30 in 1.5 s.
    let expected = json!([{
        "max_streamingLatency": 1_500.0, "avg_timeToFirstToken": 500.0, "p50_tokensPerSecond": 10.0,
        "sum_outputTokensPerSecond": 20.0, "count_latency": 3,
    }]);
    assert_eq!(found, expected);
}

#[tokio::test]
async fn the_second_version_tells_roots_from_others() {
    let reads = Reads::with(stored()).await;
    let keys = json!({
        "dimensions": fields(["isRootObservation", "startTimeMonth", "release"]),
        "metrics": [metric("count", "count"), metric("traceId", "uniq"), metric("uniqueUserIds", "uniq")],
        "orderBy": [{ "field": "isRootObservation", "direction": "desc" }, { "field": "release", "direction": "asc" }],
    });
    let found = rows(&reads, (V2, "observations"), &keys).await;
    let row = |is_root, release: Value, count| {
        json!({ "isRootObservation": is_root, "startTimeMonth": "2026-01", "release": release,
            "count_count": count, "uniq_traceId": 1, "uniq_uniqueUserIds": 1 })
    };
    let expected = [
        row(true, json!("r1"), 1),
        row(true, Value::Null, 1),
        row(false, json!("r1"), 2),
    ];
    assert_eq!(found, json!(expected));
}

#[tokio::test]
async fn the_second_version_has_a_hundred_rows_unless_asked_otherwise() {
    let calls = (0..150).map(|n| an_observation("t", &format!("{n}")).name(&format!("n{n:03}")));
    let reads = Reads::with(batch().with_all(calls)).await;
    let mut keys = json!({ "dimensions": fields(["name"]), "metrics": [metric("count", "count")] });
    let count = |rows: Value| rows.as_array().unwrap().len();
    assert_eq!(count(rows(&reads, (V2, "observations"), &keys).await), 100);
    assert_eq!(count(rows(&reads, OBSERVATIONS, &keys).await), 150);
    keys["config"] = json!({ "row_limit": 120 });
    assert_eq!(count(rows(&reads, (V2, "observations"), &keys).await), 120);
}

/// A filter and the ids of the observations it leaves.
type Case = (Value, &'static [&'static str]);

fn filter(kind: &str, column: &str, operator: &str, value: Value) -> Value {
    json!({ "type": kind, "column": column, "operator": operator, "value": value })
}

fn cases() -> [Case; 15] {
    [
        (
            filter("datetime", "startTime", ">=", json!("2026-01-31T12:01:00Z")),
            &["1", "2", "3"],
        ),
        (
            filter("datetime", "startTime", "<", json!("2026-01-31T12:01:00Z")),
            &["1"],
        ),
        (
            filter("string", "providedModelName", "=", json!("claude")),
            &["1"],
        ),
        (
            filter("string", "providedModelName", "contains", json!("LAU")),
            &["1"],
        ),
        (
            filter(
                "string",
                "providedModelName",
                "does not contain",
                json!("p"),
            ),
            &["1", "3"],
        ),
        (
            filter("string", "model", "starts with", json!("g")),
            &["1", "2"],
        ),
        (
            filter("string", "model", "ends with", json!("t")),
            &["1", "2"],
        ),
        (
            filter("stringOptions", "type", "none of", json!(["GENERATION"])),
            &["3"],
        ),
        (
            filter("stringOptions", "userId", "any of", json!(["ben", "x"])),
            &["1"],
        ),
        (
            filter("arrayOptions", "tags", "all of", json!(["a", "b"])),
            &["1", "2", "3"],
        ),
        (
            filter("arrayOptions", "tags", "none of", json!(["b"])),
            &["1"],
        ),
        (
            filter("number", "outputTokens", ">", json!(19.5)),
            &["1", "2"],
        ),
        (filter("number", "totalCost", "=", json!(0.1)), &["1"]),
        (
            filter("null", "parentObservationId", "is not null", json!("")),
            &["2", "3"],
        ),
        (filter("null", "totalCost", "is null", Value::Null), &["3"]),
    ]
}

#[tokio::test]
async fn every_kind_of_filter_narrows_the_rows() {
    let reads = Reads::with(stored()).await;
    for (filter, expected) in cases() {
        let keys = json!({
            "dimensions": fields(["id"]),
            "filters": [filter],
            "orderBy": [{ "field": "id", "direction": "asc" }],
        });
        let found = rows(&reads, OBSERVATIONS, &keys).await;
        let found: Vec<&str> = found
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap())
            .collect();
        assert_eq!(found, expected, "{filter}");
    }
}

#[tokio::test]
async fn a_flag_is_filtered_by_what_it_is_or_is_not() {
    let reads = Reads::with(stored()).await;
    let (roots, others) = (&["GENERATION"][..], &["GENERATION", "TOOL"][..]);
    for (operator, value, expected) in [
        ("=", true, roots),
        ("<>", false, roots),
        ("<>", true, others),
        ("=", false, others),
    ] {
        let keys = json!({
            "dimensions": fields(["type"]),
            "filters": [filter("boolean", "isRootObservation", operator, json!(value))],
            "orderBy": [{ "field": "type", "direction": "asc" }],
        });
        let found = rows(&reads, (V2, "observations"), &keys).await;
        let expected: Value = expected
            .iter()
            .map(|kind| json!({ "type": kind }))
            .collect();
        assert_eq!(found, expected, "{operator} {value}");
    }
}

#[tokio::test]
async fn both_ends_of_the_time_count() {
    let reads = Reads::with(stored()).await;
    let noon = "2026-01-31T12:00:00Z";
    for view in [TRACES, OBSERVATIONS] {
        let keys = json!({
            "metrics": [metric("count", "count")],
            "fromTimestamp": noon,
            "toTimestamp": noon,
        });
        let found = rows(&reads, view, &keys).await;
        assert_eq!(found[0]["count_count"], 1, "{view:?}");
    }
}

#[tokio::test]
async fn nothing_is_one_row_of_zeros_or_none() {
    let reads = Reads::with(stored()).await;
    let mut keys = json!({
        "metrics": [metric("count", "count"), metric("latency", "avg"), metric("totalCost", "histogram")],
        "fromTimestamp": "2020-01-01T00:00:00Z",
        "toTimestamp": "2020-01-01T00:00:00Z",
    });
    let found = rows(&reads, OBSERVATIONS, &keys).await;
    let nothing = json!([{ "count_count": 0, "avg_latency": null, "histogram_totalCost": null }]);
    assert_eq!(found, nothing);
    keys["dimensions"] = fields(["name"]);
    assert_eq!(rows(&reads, OBSERVATIONS, &keys).await, json!([]));
}
