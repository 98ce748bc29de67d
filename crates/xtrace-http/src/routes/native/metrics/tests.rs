//! Time series as clients see them. The clock stands at 2026-01-31T13:00:00Z.

use serde_json::{Value, json};
use xtrace_store_tests::builders::{Batch, a_series, batch};

use crate::routes::native::testing::Reads;

/// Queue lengths of three replicas of two models, the last of which is an hour old, and a counter.
fn series() -> Batch {
    let pending = |model: &str, replica: &str| {
        a_series("pending_requests")
            .label("model_uid", model)
            .label("replica_id", replica)
    };
    batch()
        .with(pending("a", "0").points([(3_480.0, 1.0), (3_485.5, 3.0), (3_540.0, 5.0)]))
        .with(pending("a", "1").points([(3_545.0, 7.0)]))
        .with(
            pending("b", "0")
                .label("node_id", "n")
                .points([(0.0, 9.0), (3_590.25, 2.0)]),
        )
        .with(a_series("requests_total").points([(3_480.0, 0.0), (3_510.0, 30.0), (3_540.0, 90.0)]))
        .with(a_series("old").points([(-10_000.0, 1.0)]))
}

async fn query(reads: &Reads, query: &str) -> Value {
    reads
        .get(&format!(
            "/api/public/metrics/query?name=pending_requests&{query}"
        ))
        .await
}

/// Labels and values of each series.
fn values(answer: &Value) -> Vec<(Value, Vec<f64>)> {
    let series = answer["data"].as_array().unwrap().iter();
    let of = |one: &Value| {
        let values = one["values"].as_array().unwrap().iter();
        let values = values
            .map(|point| point["value"].as_f64().unwrap())
            .collect();
        (one["labels"].clone(), values)
    };
    series.map(of).collect()
}

fn labels(model: &str, replica: &str) -> Value {
    json!({"model_uid": model, "replica_id": replica})
}

#[tokio::test]
async fn a_query_has_the_documented_shape() {
    let reads = Reads::with(series()).await;
    let filter = "labels=%7B%22model_uid%22:%22a%22%7D";
    insta::assert_json_snapshot!("metric_query", query(&reads, filter).await);
    insta::assert_json_snapshot!(
        "metric_query_grouped",
        query(&reads, "group_by=node_id&step=1d&agg=max").await
    );
}

#[tokio::test]
async fn without_points_there_is_an_empty_list_and_no_latest_time() {
    let reads = Reads::with(series()).await;
    let nothing = json!({
        "data": [],
        "meta": {"series_count": 0, "truncated": false, "series_total": 0},
    });
    for name in ["nobody", "old"] {
        assert_eq!(
            reads
                .get(&format!("/api/public/metrics/query?name={name}"))
                .await,
            nothing
        );
    }
    let latest = json!({"data": [], "meta": {"series_count": 0, "truncated": false}});
    assert_eq!(
        reads.get("/api/public/metrics/latest?name=nobody").await,
        latest
    );
}

#[tokio::test]
async fn steps_of_any_length_make_buckets() {
    let reads = Reads::with(series()).await;
    let only = "labels=%7B%22replica_id%22:0,%22model_uid%22:%22a%22%7D";
    for (step, expected) in [
        ("60s", &[2.0, 5.0][..]),
        ("1m", &[2.0, 5.0]),
        ("120s", &[3.0]),
        ("5s", &[1.0, 3.0, 5.0]),
        ("1h", &[3.0]),
        ("1d", &[3.0]),
    ] {
        let answer = query(&reads, &format!("{only}&step={step}")).await;
        assert_eq!(
            values(&answer),
            [(labels("a", "0"), expected.to_vec())],
            "{step}"
        );
    }
}

#[tokio::test]
async fn every_aggregation_is_known() {
    let reads = Reads::with(series()).await;
    for (agg, expected) in [
        ("avg", 3.0),
        ("max", 5.0),
        ("min", 1.0),
        ("sum", 9.0),
        ("last", 5.0),
        ("count", 3.0),
        ("p50", 3.0),
        ("P90", 4.6),
        ("p95", 4.8),
        ("p99", 4.96),
    ] {
        let only = "labels=%7B%22replica_id%22:%220%22,%22model_uid%22:%22a%22%7D&step=1h";
        let answer = query(&reads, &format!("{only}&agg={agg}")).await;
        let found = answer["data"][0]["values"][0]["value"].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-9, "{agg}: {found}");
    }
    let counter = reads
        .get("/api/public/metrics/query?name=requests_total&agg=rate")
        .await;
    assert_eq!(values(&counter), [(json!({}), vec![0.5, 1.0])]);
}

#[tokio::test]
async fn groups_have_one_or_several_keys() {
    let reads = Reads::with(series()).await;
    let by = |keys: &str| format!("{keys}&agg=sum&step=1d");
    let answer = query(&reads, &by("group_by=model_uid")).await;
    let expected = [
        (json!({"model_uid": "a"}), vec![16.0]),
        (json!({"model_uid": "b"}), vec![11.0]),
    ];
    assert_eq!(values(&answer), expected);
    let two = [
        (json!({"model_uid": "a", "node_id": null}), vec![16.0]),
        (json!({"model_uid": "b", "node_id": "n"}), vec![11.0]),
    ];
    for keys in [
        "group_by=model_uid,node_id",
        "group_by=model_uid&group_by=node_id",
        "group_by[]=model_uid,node_id",
    ] {
        assert_eq!(values(&query(&reads, &by(keys)).await), two, "{keys}");
    }
}

#[tokio::test]
async fn windows_are_closed_and_may_be_unix_times() {
    let reads = Reads::with(series()).await;
    for window in [
        "from=2026-01-31T12:58:00Z&to=2026-01-31T12:58:05.5Z",
        "from=2026-01-31T20:58:00+08:00&to=2026-01-31T20:58:05.5%2B08:00",
        "from=1769864280&to=1769864285.5",
        "from=1769864280000&to=1769864285500",
    ] {
        let answer = query(&reads, &format!("{window}&agg=count&step=1h")).await;
        assert_eq!(values(&answer), [(labels("a", "0"), vec![2.0])], "{window}");
        assert_eq!(
            answer["meta"]["latest_ts"], "2026-01-31T12:58:05.5+00:00",
            "{window}"
        );
    }
}

#[tokio::test]
async fn a_bad_parameter_is_refused_by_name() {
    let reads = Reads::with(series()).await;
    for name in ["from", "to", "step", "agg", "labels"] {
        let path = format!("/api/public/metrics/query?name=x&{name}=nonsense");
        let (status, message) = reads.refused(&path).await;
        assert_eq!(status, 400, "{name}");
        assert!(
            message.starts_with(&format!("parameter {name} is \"nonsense\"; expected ")),
            "{message}"
        );
    }
    for route in ["query", "latest"] {
        let (status, message) = reads.refused(&format!("/api/public/metrics/{route}")).await;
        assert_eq!(
            (status, message.as_str()),
            (
                400,
                "parameter name is missing; expected the name of a metric"
            )
        );
    }
    let backwards =
        "/api/public/metrics/query?name=x&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z";
    assert_eq!(reads.refused(backwards).await.0, 400);
}

#[tokio::test]
async fn names_are_sorted() {
    let reads = Reads::with(series()).await;
    let names = reads.get("/api/public/metrics/names").await;
    assert_eq!(
        names,
        json!({"data": ["old", "pending_requests", "requests_total"]})
    );
}

#[tokio::test]
async fn the_latest_points_of_several_metrics_come_in_one_answer() {
    let reads = Reads::with(series()).await;
    let latest = reads
        .get("/api/public/metrics/latest?name=pending_requests&name=old")
        .await;
    insta::assert_json_snapshot!("metric_latest", latest);
    let only = "/api/public/metrics/latest?name[]=pending_requests&labels=%7B%22replica_id%22:1%7D";
    let latest = reads.get(only).await;
    assert_eq!(latest["data"][0]["value"], 7.0);
    assert_eq!(latest["meta"]["series_count"], 1);
}

#[tokio::test]
async fn what_is_cut_is_said_and_the_newest_is_kept() {
    let numbered = |number: u32| {
        let newer = f64::from(number);
        a_series("wide")
            .label("n", &format!("{number:04}"))
            .point(newer, 1.0)
    };
    let long = (0..1_001_u32).map(|number| (f64::from(number), f64::from(number)));
    let writes = batch()
        .with_all((0..1_001).map(numbered))
        .with(a_series("long").points(long));
    let reads = Reads::with(writes).await;

    let wide = reads
        .get("/api/public/metrics/query?name=wide&step=1d")
        .await;
    let meta = json!({
        "latest_ts": "2026-01-31T12:16:40+00:00", "series_count": 50, "truncated": true, "series_total": 1001,
    });
    assert_eq!(wide["meta"], meta);
    assert_eq!(wide["data"][0]["labels"], json!({"n": "0951"}));

    let long = reads
        .get("/api/public/metrics/query?name=long&step=1s")
        .await;
    let values = long["data"][0]["values"].as_array().unwrap();
    assert_eq!((values.len(), &values[0]["value"]), (1_000, &json!(1.0)));
    assert_eq!(long["meta"]["truncated"], true);

    let latest = reads.get("/api/public/metrics/latest?name=wide").await;
    assert_eq!(
        (
            &latest["meta"]["series_count"],
            &latest["meta"]["truncated"]
        ),
        (&json!(1_000), &json!(true))
    );
}
