//! Days as clients see them. The clock stands at 2026-01-31T13:00:00Z.

use serde_json::{Value, json};
use xtrace_model::ObservationType;
use xtrace_store_tests::builders::{Batch, a_trace, after, an_observation, batch};

use super::filters::FILTERS;
use crate::routes::native::testing::Reads;

const DAY: f64 = 86_400.0;

/// Traces of two days; noon and six hours later are two days in Shanghai.
fn traces() -> Batch {
    let call = |trace: &str, id: &str| an_observation(trace, id).kind(ObservationType::Generation);
    batch()
        .with(
            a_trace("noon")
                .timestamp(after(0.0))
                .name("chat")
                .user("user-1")
                .version("v1")
                .release("r1")
                .environment("prod")
                .tags(["a", "b"])
                .cost("99"),
        )
        .with(
            call("noon", "1")
                .model("gpt")
                .usage(10, 5)
                .cost([("total", "0.1")]),
        )
        .with(
            call("noon", "2")
                .model("gpt")
                .usage(1, 1)
                .cost([("total", "0.2")]),
        )
        .with(
            call("noon", "3")
                .model("claude")
                .usage(7, 7)
                .cost([("total", "0.4")]),
        )
        .with(call("noon", "4").usage(2, 0))
        .with(an_observation("noon", "5").model("gpt").usage(1000, 1000))
        .with(
            an_observation("noon", "6")
                .kind(ObservationType::Embedding)
                .model("ada")
                .usage(3, 0),
        )
        .with(
            a_trace("sent")
                .timestamp(after(600.0))
                .cost("0.05")
                .tags(["a"]),
        )
        .with(
            a_trace("evening")
                .timestamp(after(-0.75 * DAY))
                .name("late"),
        )
        .with(
            call("evening", "1")
                .model("gpt")
                .start(after(-0.75 * DAY))
                .usage(1, 1),
        )
        .with(a_trace("old").timestamp(after(-40.0 * DAY)))
}

async fn dates(reads: &Reads, query: &str) -> Vec<(String, u64)> {
    let list = reads
        .get(&format!("/api/public/metrics/daily?{query}"))
        .await;
    let date = |day: &Value| day["date"].as_str().unwrap().to_owned();
    let days = list["data"].as_array().unwrap().iter();
    days.map(|day| (date(day), day["countTraces"].as_u64().unwrap()))
        .collect()
}

fn days(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected
        .iter()
        .map(|(date, traces)| ((*date).to_owned(), *traces))
        .collect()
}

const TODAY: &str = "2026-01-31";
const YESTERDAY: &str = "2026-01-30";

#[tokio::test]
async fn a_day_has_the_documented_shape() {
    let reads = Reads::with(traces()).await;
    let list = reads.get("/api/public/metrics/daily").await;
    insta::assert_json_snapshot!("daily", list);
}

/// Parameter, value, and dates with their count of traces.
type Case = (&'static str, &'static str, &'static [(&'static str, u64)]);

/// Each parameter, a value that narrows the days, and what is left.
const NARROWING: [Case; 6] = [
    ("traceName", "late", &[(YESTERDAY, 1)]),
    ("userId", "user-1", &[(TODAY, 1)]),
    ("version", "v1", &[(TODAY, 1)]),
    ("release", "r1", &[(TODAY, 1)]),
    ("environment", "prod", &[(TODAY, 1)]),
    ("tags", "a", &[(TODAY, 2)]),
];

#[tokio::test]
async fn every_filter_narrows_the_days() {
    let reads = Reads::with(traces()).await;
    let tested: Vec<&str> = NARROWING.iter().map(|(name, ..)| *name).collect();
    let declared: Vec<&str> = FILTERS.iter().map(|filter| filter.name).collect();
    assert_eq!(tested, declared, "each filter has a case");
    assert_eq!(dates(&reads, "").await, days(&[(TODAY, 2), (YESTERDAY, 1)]));
    for (name, value, expected) in NARROWING {
        assert_eq!(
            dates(&reads, &format!("{name}={value}")).await,
            days(expected),
            "{name}"
        );
    }
    assert_eq!(dates(&reads, "tags=a&tags[]=b").await, days(&[(TODAY, 1)]));
}

#[tokio::test]
async fn filters_hold_for_observations_as_well() {
    let reads = Reads::with(traces()).await;
    let list = reads.get("/api/public/metrics/daily?traceName=late").await;
    let usage = &list["data"][0]["usage"];
    assert_eq!(
        (&usage[0]["model"], &usage[0]["countObservations"]),
        (&json!("gpt"), &json!(1))
    );
    assert_eq!(usage.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn the_window_is_thirty_days_unless_said_otherwise() {
    let reads = Reads::with(traces()).await;
    let old = ("2025-12-22", 1);
    for (query, expected) in [
        (
            "fromTimestamp=2025-01-01T00:00:00Z",
            &[(TODAY, 2), (YESTERDAY, 1), old][..],
        ),
        ("toTimestamp=2026-01-01T00:00:00Z", &[old]),
        (
            "fromTimestamp=2026-01-31T12:00:00Z&toTimestamp=2026-01-31T12:00:00Z",
            &[(TODAY, 1)],
        ),
        ("fromTimestamp=2026-01-31T20:10:00 08:00", &[(TODAY, 1)]),
        (
            "fromTimestamp=2026-02-01T00:00:00Z&toTimestamp=2026-01-01T00:00:00Z",
            &[],
        ),
    ] {
        let query = query.replace(' ', "+");
        assert_eq!(dates(&reads, &query).await, days(expected), "{query}");
    }
}

#[tokio::test]
async fn days_are_those_of_the_time_zone() {
    let reads = Reads::with(traces()).await;
    // 18:00 UTC the day before is 02:00 in Shanghai; noon is 20:00.
    assert_eq!(
        dates(&reads, "timezone=Asia/Shanghai").await,
        days(&[(TODAY, 3)])
    );
    // Noon is 02:00 of the next day at the date line.
    let line = days(&[("2026-02-01", 2), (TODAY, 1)]);
    assert_eq!(dates(&reads, "timezone=Pacific/Kiritimati").await, line);
    let list = reads
        .get("/api/public/metrics/daily?timezone=Pacific/Kiritimati&limit=1")
        .await;
    assert_eq!(list["data"][0]["usage"][0]["model"], "claude");
    let centuries = "fromTimestamp=0001-01-01T00:00:00Z&toTimestamp=9000-01-01T00:00:00Z";
    assert_eq!(dates(&reads, centuries).await.len(), 3);
    let path = format!("/api/public/metrics/daily?timezone=Europe/Berlin&{centuries}");
    assert!(
        reads
            .refused(&path)
            .await
            .1
            .contains("changes at most 512 times")
    );
    let (status, message) = reads
        .refused("/api/public/metrics/daily?timezone=Mars/Base")
        .await;
    assert_eq!(status, 400);
    assert!(
        message.starts_with("parameter timezone is \"Mars/Base\"; expected the IANA name"),
        "{message}"
    );
}

#[tokio::test]
async fn pages_are_over_days() {
    let reads = Reads::with(traces()).await;
    let list = reads.get("/api/public/metrics/daily?limit=1&page=2").await;
    assert_eq!(list["data"][0]["date"], YESTERDAY);
    assert_eq!(list["data"][0]["usage"][0]["countObservations"], 1);
    assert_eq!(
        list["meta"],
        json!({"page": 2, "limit": 1, "totalItems": 2, "totalPages": 2})
    );
}

#[tokio::test]
async fn a_bad_time_is_refused_by_name() {
    let reads = Reads::with(traces()).await;
    for name in ["fromTimestamp", "toTimestamp", "page", "limit"] {
        let (status, message) = reads
            .refused(&format!("/api/public/metrics/daily?{name}=x"))
            .await;
        assert_eq!(status, 400, "{name}");
        assert!(
            message.starts_with(&format!("parameter {name} is \"x\"; expected ")),
            "{message}"
        );
    }
}
