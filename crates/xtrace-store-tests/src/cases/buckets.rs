//! Times in buckets and local days.

use xtrace_model::Timestamp;
use xtrace_query::{
    Aggregation, Bucket, Dimension, Field, Value, View, observations as o, traces as t, zone,
};

use crate::builders::{a_trace, after, batch};
use crate::dataset;
use crate::plans::{groups, measure};
use crate::stage::Stage;

async fn count_by_bucket(stage: &Stage, field: &'static Field, bucket: Bucket) -> Vec<Vec<Value>> {
    let count = if field.view == View::Traces {
        &t::COUNT
    } else {
        &o::COUNT
    };
    let dimension = Dimension::Bucket { field, bucket };
    let plan = groups(
        field.view,
        vec![dimension],
        vec![measure(count, Aggregation::Count)],
    );
    stage.query(&plan).await.rows
}

pub async fn times_fall_in_buckets_of_any_length(stage: &mut Stage) {
    dataset::store(stage).await;
    for micros in [
        1,
        7,
        1_000_000,
        15_000_000,
        60_000_000,
        3_600_000_000,
        86_400_000_000,
        604_800_000_000,
    ] {
        for field in [
            &t::TIMESTAMP,
            &t::LAST_ACTIVITY,
            &o::START_TIME,
            &o::END_TIME,
            &o::CREATED_AT,
        ] {
            count_by_bucket(stage, field, Bucket::Fixed { micros }).await;
        }
    }
}

pub async fn buckets_are_aligned_to_the_epoch_before_it_as_well(stage: &mut Stage) {
    let times =
        [-61, -60, -1, 0, 59, 60].map(|seconds: i64| Timestamp::from_micros(seconds * 1_000_000));
    let traces = times.map(|time| a_trace(&format!("t{}", time.as_micros())).timestamp(time));
    let earliest = a_trace("earliest").timestamp(Timestamp::MIN);
    stage
        .commit(
            batch()
                .with_all(traces)
                .with(earliest)
                .with(a_trace("latest").timestamp(Timestamp::MAX)),
        )
        .await;
    let rows = count_by_bucket(stage, &t::TIMESTAMP, Bucket::Fixed { micros: 60_000_000 }).await;
    let minute = |minute: i64, count| {
        vec![
            Value::Time(Timestamp::from_micros(minute * 60_000_000)),
            Value::Int(count),
        ]
    };
    assert_eq!(
        rows[1..5],
        [minute(-2, 1), minute(-1, 2), minute(0, 2), minute(1, 1)]
    );
}

pub async fn days_are_those_of_the_time_zone(stage: &mut Stage) {
    let time = |text| Timestamp::parse(text).unwrap();
    let texts = [
        "2026-03-08T04:59:59.999999Z",
        "2026-03-08T05:00:00Z",
        "2026-03-09T03:59:59.999999Z",
        "2026-03-09T04:00:00Z",
        "2026-11-01T03:59:59Z",
        "2026-11-01T04:00:00Z",
        "2026-11-02T04:59:59Z",
        "2026-11-02T05:00:00Z",
    ];
    let traces = texts
        .iter()
        .enumerate()
        .map(|(index, text)| a_trace(&format!("t{index}")).timestamp(time(text)));
    stage.commit(batch().with_all(traces)).await;
    let days = zone::days(
        "America/New_York",
        time("2026-01-01T00:00:00Z"),
        time("2026-12-31T00:00:00Z"),
    )
    .unwrap();
    let rows = count_by_bucket(stage, &t::TIMESTAMP, days).await;
    let day = |text, count| {
        vec![
            Value::Int(zone::day_of_date(text).unwrap()),
            Value::Int(count),
        ]
    };
    // The first of them has 23 hours, the second to last has 25.
    let expected = [
        day("2026-03-07", 1),
        day("2026-03-08", 2),
        day("2026-03-09", 1),
        day("2026-10-31", 1),
        day("2026-11-01", 2),
        day("2026-11-02", 1),
    ];
    assert_eq!(rows, expected);
}

pub async fn days_of_zones_all_over_the_world(stage: &mut Stage) {
    dataset::store(stage).await;
    let (from, to) = (after(-86_400.0 * 400.0), after(86_400.0 * 400.0));
    let zones = [
        "Asia/Shanghai",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Kiritimati",
        "America/St_Johns",
    ];
    let mut buckets = vec![zone::utc_days()];
    buckets.extend(zones.map(|name| zone::days(name, from, to).unwrap()));
    for bucket in buckets {
        for field in [
            &t::TIMESTAMP,
            &o::START_TIME,
            &o::END_TIME,
            &o::COMPLETION_START_TIME,
        ] {
            count_by_bucket(stage, field, bucket.clone()).await;
        }
    }
}

pub async fn weeks_begin_on_monday_and_months_on_the_first(stage: &mut Stage) {
    let time = |text| Timestamp::parse(text).unwrap();
    let texts = [
        "1969-12-28T23:59:59.999999Z",
        "1969-12-29T00:00:00Z",
        "1970-01-04T23:59:59.999999Z",
        "2024-02-29T12:00:00Z",
        "2026-01-31T23:59:59.999999Z",
        "2026-02-01T00:00:00Z",
        "2026-02-02T00:00:00Z",
    ];
    let traces = texts
        .iter()
        .enumerate()
        .map(|(index, text)| a_trace(&format!("t{index}")).timestamp(time(text)));
    let ends = [
        a_trace("earliest").timestamp(Timestamp::MIN),
        a_trace("latest").timestamp(Timestamp::MAX),
    ];
    stage.commit(batch().with_all(traces).with_all(ends)).await;
    let counted = |rows: Vec<Vec<Value>>| {
        let of_texts = rows.into_iter().skip(1);
        let mut counted: Vec<(String, i64)> = of_texts
            .map(|row| {
                (
                    row[0].as_time().unwrap().to_string(),
                    row[1].as_int().unwrap(),
                )
            })
            .collect();
        counted.pop();
        counted
    };
    let check = |rows, expected: &[(&str, i64)]| {
        let start = |(date, count): &(&str, i64)| (format!("{date}T00:00:00Z"), *count);
        let expected: Vec<(String, i64)> = expected.iter().map(start).collect();
        assert_eq!(counted(rows), expected);
    };
    let weeks = [
        ("1969-12-22", 1),
        ("1969-12-29", 2),
        ("2024-02-26", 1),
        ("2026-01-26", 2),
        ("2026-02-02", 1),
    ];
    check(
        count_by_bucket(stage, &t::TIMESTAMP, Bucket::Week).await,
        &weeks,
    );
    let months = [
        ("1969-12-01", 2),
        ("1970-01-01", 1),
        ("2024-02-01", 1),
        ("2026-01-01", 1),
        ("2026-02-01", 2),
    ];
    check(
        count_by_bucket(stage, &t::TIMESTAMP, Bucket::Month).await,
        &months,
    );
    for field in [&t::LAST_ACTIVITY, &o::START_TIME, &o::END_TIME] {
        for bucket in [Bucket::Week, Bucket::Month] {
            count_by_bucket(stage, field, bucket).await;
        }
    }
}
