use super::*;

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn offsets(name: &str, from: &str, to: &str) -> Vec<(String, i32)> {
    match days(name, time(from), time(to)).unwrap() {
        Bucket::Day { offsets } => offsets
            .into_iter()
            .map(|(at, seconds)| (at.to_string(), seconds))
            .collect(),
        other => unreachable!("days are asked for, not {other:?}"),
    }
}

fn local_date(name: &str, at: &str) -> String {
    let bucket = days(
        name,
        time("2020-01-01T00:00:00Z"),
        time("2030-01-01T00:00:00Z"),
    )
    .unwrap();
    date_text(bucket.of(time(at))).unwrap()
}

#[test]
fn a_zone_without_clock_changes_is_one_offset() {
    assert_eq!(
        offsets(
            "Asia/Shanghai",
            "2026-01-01T00:00:00Z",
            "2026-12-31T00:00:00Z"
        ),
        [("2026-01-01T00:00:00Z".to_owned(), 28_800)]
    );
}

#[test]
fn each_clock_change_within_the_range_begins_an_offset() {
    assert_eq!(
        offsets(
            "America/New_York",
            "2026-01-01T00:00:00Z",
            "2026-12-31T00:00:00Z"
        ),
        [
            ("2026-01-01T00:00:00Z".to_owned(), -18_000),
            ("2026-03-08T07:00:00Z".to_owned(), -14_400),
            ("2026-11-01T06:00:00Z".to_owned(), -18_000),
        ]
    );
}

#[test]
fn a_change_at_the_end_of_the_range_counts_and_one_after_it_does_not() {
    let until = |to| offsets("America/New_York", "2026-03-01T00:00:00Z", to).len();
    assert_eq!(until("2026-03-08T07:00:00Z"), 2);
    assert_eq!(until("2026-03-08T06:59:59.999999Z"), 1);
}

#[test]
fn local_days_have_23_or_25_hours_where_the_clock_changes() {
    let check =
        |at, expected: &str| assert_eq!(local_date("America/New_York", at), expected, "{at}");
    check("2026-03-08T04:59:59.999999Z", "2026-03-07");
    check("2026-03-08T05:00:00Z", "2026-03-08");
    check("2026-03-09T03:59:59Z", "2026-03-08");
    check("2026-03-09T04:00:00Z", "2026-03-09");
    check("2026-11-02T04:59:59Z", "2026-11-01");
    check("2026-11-02T05:00:00Z", "2026-11-02");
    assert_eq!(
        local_date("Asia/Shanghai", "2026-01-31T16:00:00Z"),
        "2026-02-01"
    );
}

#[test]
fn unknown_zones_are_named_in_the_error() {
    for name in [
        "Asia/Bejing",
        "",
        "+08:00",
        "localtime",
        "CEST+1",
        "../etc/passwd",
    ] {
        let error = days(
            name,
            time("2026-01-01T00:00:00Z"),
            time("2026-01-02T00:00:00Z"),
        );
        let message = error.expect_err(name).to_string();
        assert!(message.contains(&format!("{name:?}")), "{message}");
    }
}

#[test]
fn surrounding_space_and_case_do_not_matter() {
    let (from, to) = (time("2026-01-01T00:00:00Z"), time("2026-12-31T00:00:00Z"));
    assert_eq!(
        days(" asia/shanghai ", from, to),
        days("Asia/Shanghai", from, to)
    );
    assert!(days("UTC", from, to).is_ok());
}

#[test]
fn a_range_with_too_many_clock_changes_is_refused_and_without_any_allowed() {
    let error = days("Europe/Berlin", Timestamp::MIN, Timestamp::MAX).unwrap_err();
    assert!(matches!(error, ZoneError::TooLong { .. }), "{error}");
    assert!(days("UTC", Timestamp::MIN, Timestamp::MAX).is_ok());
    assert!(days("Asia/Shanghai", Timestamp::MIN, Timestamp::MAX).is_ok());
}

#[test]
fn buckets_round_down_before_the_epoch() {
    let hours = Bucket::Fixed {
        micros: 3_600_000_000,
    };
    assert_eq!(hours.of(Timestamp::from_micros(-1)), -3_600_000_000);
    assert_eq!(hours.of(Timestamp::from_micros(0)), 0);
    assert_eq!(utc_days().of(Timestamp::from_micros(-1)), -1);
}

#[test]
fn dates_and_day_numbers_are_each_others_inverse() {
    for day in [-719_528, -1, 0, 20_484, 2_932_895] {
        assert_eq!(day_of_date(&date_text(day).unwrap()), Some(day));
    }
    assert_eq!(date_text(0).as_deref(), Some("1970-01-01"));
    assert_eq!(date_text(i64::MAX), None);
    assert_eq!(day_of_date("2026-02-30"), None);
}
