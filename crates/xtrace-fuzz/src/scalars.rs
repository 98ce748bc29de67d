//! Times, amounts, ids, usage objects, zones: what is read is written so that it reads the same.

use xtrace_model::limits::{BUCKET_BYTES_MAX, ID_BYTES_MAX, UNITS_MAX};
use xtrace_model::money::{USD_MAX, USD_SCALE};
use xtrace_model::{Level, ObservationType, Timestamp, TraceId, UsageReading, Usd};
use xtrace_query::{Bucket, zone};

use crate::bytes::choice;

/// The first byte says what the rest is read as.
pub fn run(data: &[u8]) {
    let (choice, data) = choice(data);
    let text = String::from_utf8_lossy(data);
    match choice % 6 {
        0 => check_time(&text),
        1 => check_amount(&text),
        2 => check_id(&text),
        3 => check_usage(&text),
        4 => check_zone(&text),
        _ => check_words(&text),
    }
}

fn check_time(text: &str) {
    let Ok(time) = Timestamp::parse(text) else {
        return;
    };
    assert!((Timestamp::MIN..=Timestamp::MAX).contains(&time));
    assert_eq!(Timestamp::from_micros(time.as_micros()), time);
    let shown = time.to_string();
    assert_eq!(Timestamp::parse(&shown), Ok(time), "{shown}");
    assert!(time.seconds_since(Timestamp::MIN) >= 0.0);
    assert!(time.saturating_add_micros(i64::MAX) >= time);
}

fn check_amount(text: &str) {
    let parsed = Usd::parse(text);
    if let Some(expected) = plain_amount(text) {
        assert_eq!(
            parsed.as_ref().ok().map(|usd| usd.units()),
            Some(expected),
            "{text}"
        );
    }
    let Ok(amount) = parsed else {
        return;
    };
    assert!(
        amount.units().abs() <= USD_MAX * 10_i128.pow(USD_SCALE),
        "{text}"
    );
    let shown = amount.to_string();
    assert_eq!(Usd::parse(&shown), Ok(amount), "{shown}");
    assert!(amount.to_f64().is_finite());
    assert_eq!(amount + Usd::ZERO, amount);
    assert_eq!(amount + (Usd::ZERO - amount), Usd::ZERO);
    _ = amount.times(u64::MAX);
}

/// Units of a plain decimal with at most 12 digits on either side, by hand.
fn plain_amount(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_plain = |part: &str| {
        (1..=12).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_plain(whole) || !is_plain(fraction) {
        return None;
    }
    let units: i128 = format!("{whole}{fraction:0<12}").parse().ok()?;
    Some(sign * units)
}

fn check_id(text: &str) {
    match TraceId::new(text) {
        Ok(id) => {
            assert_eq!(id.as_str(), text);
            assert!((1..=ID_BYTES_MAX).contains(&text.len()) && !text.contains('\0'));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn check_usage(text: &str) {
    let reading = UsageReading::of(text);
    for (bucket, units) in &reading.usage.0 {
        assert!(!bucket.is_empty() && bucket.len() <= 2 * BUCKET_BYTES_MAX);
        assert!(!bucket.contains('\0'));
        // Sides are added up from at most a hundred entries.
        assert!(*units <= 100 * UNITS_MAX, "{bucket}: {units}");
    }
    let (usage, cost) = (&reading.usage, &reading.cost);
    _ = (usage.input(), usage.output(), usage.total());
    _ = (usage.cache_read(), usage.cache_write(), usage.reasoning());
    _ = (cost.input(), cost.output(), cost.total());
    // A text that holds the object is read as the object.
    let quoted = serde_json::to_string(text.trim()).expect("a text is JSON");
    if text.trim().starts_with('{') {
        assert_eq!(UsageReading::of(&quoted), reading, "{text}");
    }
    let (cost, _) = UsageReading::costs_of(text);
    assert!(
        cost.0.values().all(|amount| *amount >= Usd::ZERO),
        "{cost:?}"
    );
}

/// Days in any zone: later times never have earlier days.
fn check_zone(text: &str) {
    let (name, from) = text
        .split_once('@')
        .unwrap_or((text, "2026-01-01T00:00:00Z"));
    let from = Timestamp::parse(from).unwrap_or(Timestamp::MIN);
    let to = from.saturating_add_micros(400 * 86_400_000_000);
    if let Ok(days) = zone::days(name, from, to) {
        let Bucket::Day { offsets } = &days else {
            panic!("days are days");
        };
        assert!(offsets.is_sorted_by(|a, b| a.0 < b.0));
        let step = 86_400_000_000 * 3 / 2;
        let mut last = i64::MIN;
        for number in 0..300 {
            let day = days.of(from.saturating_add_micros(number * step));
            assert!(day >= last, "day {day} after {last}");
            last = day;
        }
    }
    if let Some(day) = zone::day_of_date(name) {
        let shown = zone::date_text(day).expect("a date that was read");
        assert_eq!(zone::day_of_date(&shown), Some(day));
    }
}

fn check_words(text: &str) {
    if let Some(level) = Level::parse(text) {
        assert_eq!(Level::parse(level.as_str()), Some(level));
    }
    if let Some(kind) = ObservationType::parse(text) {
        assert_eq!(ObservationType::parse(kind.as_str()), Some(kind));
    }
}
