//! Whatever cannot be answered is refused by name.

use serde_json::{Value, json};
use xtrace_store_tests::builders::batch;

use super::{V1, V2, asked, fields, metric, path};
use crate::routes::native::testing::Reads;

/// Route, view, keys of the question, and what the refusal says.
type Case = (&'static str, &'static str, Value, &'static str);

async fn check(cases: impl IntoIterator<Item = Case>) {
    let reads = Reads::with(batch()).await;
    for (route, view, keys, expected) in cases {
        let (status, message) = reads.refused(&path(route, &asked(view, &keys))).await;
        assert_eq!((status, &*message), (400, expected), "{keys}");
    }
}

#[tokio::test]
async fn a_question_that_cannot_be_read_is_refused() {
    let reads = Reads::with(batch()).await;
    for (sent, expected) in [
        (
            "",
            "parameter query is missing; expected a question as JSON",
        ),
        (
            "?query=%7B",
            "parameter query is no JSON: EOF while parsing an object at line 1 column 1",
        ),
        ("?query=[]", "parameter query is []; expected an object"),
        (
            "?query=%7B%7D",
            "parameter query.view is missing; expected the name of a view",
        ),
    ] {
        let (status, message) = reads.refused(&format!("{V1}{sent}")).await;
        assert_eq!((status, &*message), (400, expected));
    }
}

#[tokio::test]
async fn what_is_not_stored_is_refused_by_name() {
    let count = || metric("count", "count");
    check([
        (V1, "scores-numeric", json!({}), "parameter query.view is \"scores-numeric\"; scores are not stored yet"),
        (V2, "scores-categorical", json!({}), "parameter query.view is \"scores-categorical\"; scores are not stored yet"),
        (
            V2,
            "traces",
            json!({}),
            "parameter query.view is \"traces\", which this version does not have; ask observations for uniq_traceId, \
             or GET /api/public/metrics",
        ),
        (
            V1,
            "traces",
            json!({ "metrics": [count(), metric("scoresCount", "sum")] }),
            "parameter query.metrics[1].measure is \"scoresCount\"; scores are not stored yet",
        ),
        (
            V1,
            "observations",
            json!({ "dimensions": fields(["toolNames"]) }),
            "parameter query.dimensions[0].field is \"toolNames\"; definitions and calls of tools are not stored on \
             their own yet",
        ),
        (
            V2,
            "observations",
            json!({ "dimensions": fields(["name", "experimentId"]) }),
            "parameter query.dimensions[1].field is \"experimentId\"; experiments are not stored yet",
        ),
        (
            V2,
            "observations",
            json!({ "metrics": [metric("costByType", "sum")] }),
            "parameter query.metrics[0].measure is \"costByType\"; usage and cost are not stored by type yet",
        ),
        (
            V1,
            "observations",
            json!({ "metrics": [count()], "filters": [{ "column": "metadata" }] }),
            "parameter query.filters[0].column is \"metadata\"; metadata cannot be filtered by yet",
        ),
    ])
    .await;
}

#[tokio::test]
async fn names_that_mean_nothing_are_refused_with_those_that_do() {
    let aggregations = "sum, avg, count, max, min, p50, p75, p90, p95, p99, histogram, uniq";
    let count = || metric("count", "count");
    let traces = "id, name, tags, userId, sessionId, release, version, environment, timestampMonth";
    let cases = [
        (json!({ "limit": 1 }), "parameter query has the key \"limit\"; expected only view, dimensions, metrics, filters, timeDimension, fromTimestamp, toTimestamp, orderBy, config".to_owned()),
        (json!({ "view": "spans" }), "parameter query.view is \"spans\"; expected one of traces, observations, scores-numeric, scores-boolean, scores-categorical".to_owned()),
        (json!({}), "parameter query.metrics is empty; expected at least one metric or dimension".to_owned()),
        (json!({ "dimensions": fields(["model"]) }), format!("parameter query.dimensions[0].field is \"model\"; expected one of {traces}")),
        (json!({ "dimensions": fields(["name", "name"]) }), "parameter query.dimensions[1].field is \"name\" for the second time".to_owned()),
        (json!({ "metrics": [metric("latency", "p42")] }), format!("parameter query.metrics[0].aggregation is \"p42\"; expected one of {aggregations}")),
        (json!({ "metrics": [metric("count", "sum")] }), "parameter query.metrics[0].aggregation is \"sum\"; expected one of count for count".to_owned()),
        (json!({ "metrics": [metric("uniqueUserIds", "avg")] }), "parameter query.metrics[0].aggregation is \"avg\"; expected one of count, uniq for uniqueUserIds".to_owned()),
        (json!({ "metrics": [count(), count()] }), "parameter query.metrics[1] asks for count_count a second time".to_owned()),
        (json!({ "metrics": [count()], "timeDimension": { "granularity": "year" } }), "parameter query.timeDimension.granularity is \"year\"; expected one of auto, minute, hour, day, week, month".to_owned()),
        (json!({ "metrics": [count()], "orderBy": [{ "field": "avg_latency", "direction": "asc" }] }), "parameter query.orderBy[0].field is \"avg_latency\"; expected a column of the answer, such as sum_totalCost".to_owned()),
        (json!({ "metrics": [count()], "orderBy": [{ "field": "count_count", "direction": "up" }] }), "parameter query.orderBy[0].direction is \"up\"; expected one of asc, desc".to_owned()),
        (json!({ "metrics": [metric("latency", "histogram")], "orderBy": [{ "field": "histogram_latency", "direction": "asc" }] }), "parameter query.orderBy[0].field is \"histogram_latency\"; histograms have no order".to_owned()),
        (json!({ "fromTimestamp": "2026-01-31" }), "parameter query.fromTimestamp is \"2026-01-31\"; expected an RFC 3339 time such as 2026-01-31T12:00:00Z".to_owned()),
        (json!({ "toTimestamp": null }), "parameter query.toTimestamp is missing; expected an RFC 3339 time such as 2026-01-31T12:00:00Z".to_owned()),
        (json!({ "toTimestamp": "2026-01-31T11:00:00Z" }), "parameter query.toTimestamp is \"2026-01-31T11:00:00Z\"; expected a time no earlier than fromTimestamp".to_owned()),
    ];
    let reads = Reads::with(batch()).await;
    for (keys, expected) in cases {
        let (status, message) = reads.refused(&path(V1, &asked("traces", &keys))).await;
        assert_eq!((status, message), (400, expected), "{keys}");
    }
}

#[tokio::test]
async fn limits_are_named() {
    let count = || metric("count", "count");
    let many = |n: usize, value: Value| json!(vec![value; n]);
    check([
        (V1, "traces", json!({ "config": { "row_limit": 1_001 } }), "parameter query.config.row_limit is 1001; expected a whole number from 1 to 1000"),
        (V1, "traces", json!({ "config": { "row_limit": 0 } }), "parameter query.config.row_limit is 0; expected a whole number from 1 to 1000"),
        (V1, "traces", json!({ "config": { "bins": 101 } }), "parameter query.config.bins is 101; expected a whole number from 1 to 100"),
        (V1, "traces", json!({ "config": { "bins": 2.5 } }), "parameter query.config.bins is 2.5; expected a whole number from 1 to 100"),
        (V1, "traces", json!({ "dimensions": many(8, json!({ "field": "name" })) }), "parameter query.dimensions has 8 entries; the limit is 7"),
        (V1, "traces", json!({ "metrics": many(31, count()) }), "parameter query.metrics has 31 entries; the limit is 30"),
        (V1, "traces", json!({ "metrics": [count()], "filters": many(51, json!({})) }), "parameter query.filters has 51 entries; the limit is 50"),
        (V1, "traces", json!({ "metrics": [count()], "orderBy": many(3, json!({})) }), "parameter query.orderBy has 3 entries; the limit is 2"),
        (
            V1,
            "traces",
            json!({ "metrics": [count()], "filters": [{ "type": "arrayOptions", "column": "tags", "operator": "any of", "value": many(501, json!("x")) }] }),
            "parameter query.filters[0].value has 501 entries; the limit is 500",
        ),
        (
            V1,
            "traces",
            json!({ "metrics": [count()], "timeDimension": { "granularity": "minute" }, "fromTimestamp": "2020-01-01T00:00:00Z" }),
            "parameter query.timeDimension.granularity divides the time from fromTimestamp to toTimestamp into more \
             than 20000 parts; ask for longer parts, a shorter time, or an orderBy, which shows parts with rows alone",
        ),
    ])
    .await;
}

#[tokio::test]
async fn filters_that_do_not_fit_their_column_are_refused() {
    let reads = Reads::with(batch()).await;
    for (filter, expected) in [
        (
            json!({ "column": "tags" }),
            "type is missing; expected one of datetime, string, stringOptions, arrayOptions, number, boolean, null",
        ),
        (
            json!({ "column": "tags", "type": "string" }),
            "type is \"string\"; expected arrayOptions or null: the column holds a set of texts",
        ),
        (
            json!({ "column": "totalCost", "type": "string" }),
            "type is \"string\"; expected number or null: the column holds US dollars",
        ),
        (
            json!({ "column": "name", "type": "stringObject", "key": "k" }),
            "type is \"stringObject\", but the column has no keys",
        ),
        (
            json!({ "column": "isRootObservation", "type": "null" }),
            "type is \"null\"; expected boolean for this column",
        ),
        (
            json!({ "column": "startTimeMonth", "type": "string" }),
            "column is \"startTimeMonth\"; months cannot be filtered by; send times instead",
        ),
        (
            json!({ "column": "name", "type": "string", "operator": "matches" }),
            "operator is \"matches\"; expected one of =, contains, does not contain, starts with, ends with",
        ),
        (
            json!({ "column": "name", "type": "string", "operator": "=", "value": 1 }),
            "value is 1; expected text",
        ),
        (
            json!({ "column": "name", "type": "stringOptions", "operator": "any of", "value": [] }),
            "value is []; expected at least one text",
        ),
        (
            json!({ "column": "startTime", "type": "datetime", "operator": "=", "value": "" }),
            "operator is \"=\"; expected one of <, <=, >, >=",
        ),
        (
            json!({ "column": "startTime", "type": "datetime", "operator": ">", "value": "now" }),
            "value is \"now\"; expected an RFC 3339 time such as 2026-01-31T12:00:00Z",
        ),
        (
            json!({ "column": "totalCost", "type": "number", "operator": ">", "value": 1e300 }),
            "value is 1e+300; expected a number that the column can hold",
        ),
    ] {
        let keys = json!({ "metrics": [metric("count", "count")], "filters": [filter] });
        let (status, message) = reads
            .refused(&path(V2, &asked("observations", &keys)))
            .await;
        let expected = format!("parameter query.filters[0].{expected}");
        assert_eq!((status, message), (400, expected), "{keys}");
    }
}

#[tokio::test]
async fn dimensions_with_many_values_need_a_limit_in_the_second_version() {
    let cost = || metric("totalCost", "sum");
    let base = |keys: Value| {
        let mut question = json!({ "dimensions": fields(["name", "userId"]), "metrics": [cost()] });
        for (key, value) in keys.as_object().unwrap() {
            question[key] = value.clone();
        }
        question
    };
    let limit = json!({ "row_limit": 10 });
    let refusal =
        "parameter query.dimensions[1].field is \"userId\", which has many values: it needs";
    let reads = Reads::with(batch()).await;
    for (keys, missing) in [
        (
            json!({ "timeDimension": { "granularity": "day" } }),
            "no timeDimension",
        ),
        (json!({}), "config.row_limit"),
        (
            json!({ "config": limit }),
            "an orderBy of a metric with direction desc",
        ),
        (
            json!({ "config": limit, "orderBy": [{ "field": "sum_totalCost", "direction": "asc" }] }),
            "an orderBy of a metric with direction desc",
        ),
    ] {
        let question = asked("observations", &base(keys));
        let (status, message) = reads.refused(&path(V2, &question)).await;
        assert_eq!((status, message), (400, format!("{refusal} {missing}")));
        reads.get(&path(V1, &question)).await;
    }
}
