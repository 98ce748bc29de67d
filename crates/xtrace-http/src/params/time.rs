//! Instants and durations as clients write them in a URL.

use xtrace_model::Timestamp;

pub const INSTANT_EXPECTED: &str = "an RFC 3339 time such as 2026-01-31T12:00:00Z";
pub const METRIC_INSTANT_EXPECTED: &str =
    "an RFC 3339 time such as 2026-01-31T12:00:00Z, or Unix seconds or milliseconds";
pub const STEP_EXPECTED: &str = "a duration of 1s to 366d such as 15s, 1m, 5m, 1h or 1d";

const SECOND_MICROS: i64 = 1_000_000;
const STEP_MICROS_MAX: i64 = 366 * 86_400 * SECOND_MICROS;

/// Numbers from here on are milliseconds: as seconds they would be past the year 5000, as milliseconds
/// they are 1973.
const UNIX_MILLIS_MIN: f64 = 1e11;

/// Length of `2026-01-31T12:00`: before it, a space separates date and time.
const MINUTE_TEXT_LEN: usize = 16;

/// RFC 3339 with any offset. An unescaped `+08:00` arrives as ` 08:00` and is read as what was meant.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    Timestamp::parse(&with_plus(text.trim())).ok()
}

/// As [`parse_instant`]; also Unix seconds (with fraction) or milliseconds.
pub fn parse_metric_instant(text: &str) -> Option<Timestamp> {
    parse_instant(text).or_else(|| parse_unix(text.trim()))
}

fn with_plus(text: &str) -> String {
    match text.rfind(' ') {
        Some(space) if space >= MINUTE_TEXT_LEN => {
            format!("{}+{}", &text[..space], &text[space + 1..])
        }
        _ => text.to_owned(),
    }
}

fn parse_unix(text: &str) -> Option<Timestamp> {
    let is_number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_number {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    let seconds = if number >= UNIX_MILLIS_MIN {
        number / 1e3
    } else {
        number
    };
    let micros = (seconds * 1e6).round() as i64;
    (micros <= Timestamp::MAX.as_micros()).then(|| Timestamp::from_micros(micros))
}

/// A duration in microseconds: `15s`, `1h30m`, `1d`, or whole seconds without a unit.
pub fn parse_step(text: &str) -> Option<i64> {
    let text = text.trim();
    let micros = match text.parse::<u32>() {
        Ok(seconds) => i64::from(seconds) * SECOND_MICROS,
        Err(_) => parse_parts(text)?,
    };
    (SECOND_MICROS..=STEP_MICROS_MAX)
        .contains(&micros)
        .then_some(micros)
}

fn parse_parts(mut rest: &str) -> Option<i64> {
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit())?;
        let (count, tail) = rest.split_at(unit_at);
        let unit_end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let part = count.parse::<i64>().ok()?.checked_mul(unit_micros(unit)?)?;
        total = total.checked_add(part)?;
        rest = tail;
    }
    Some(total)
}

fn unit_micros(unit: &str) -> Option<i64> {
    let seconds = match unit {
        "ms" => return Some(1_000),
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    Some(seconds * SECOND_MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unescaped_plus_is_read_as_what_was_meant() {
        let check = |text: &str, expected: &str| {
            let read = parse_instant(text).map(|time| time.to_string());
            assert_eq!(read.as_deref(), Some(expected), "{text}");
        };
        check("2026-01-01T08:00:00 08:00", "2026-01-01T00:00:00Z");
        check("2026-01-01 08:00:00 08:00", "2026-01-01T00:00:00Z");
        check("2026-01-01T08:00:00.5 0800", "2026-01-01T00:00:00.5Z");
        check("2026-01-01T08:00:00+08:00", "2026-01-01T00:00:00Z");
        check("2026-01-01 00:00:00Z", "2026-01-01T00:00:00Z");
        check("2026-01-01T00:00:00-01:00", "2026-01-01T01:00:00Z");
        check("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "2026-01-01",
            "2026-01-01 20:00",
            "2026-01-01T00:00:00",
            "1767225600",
            "now",
        ] {
            assert_eq!(parse_instant(text), None, "{text}");
        }
        for text in ["", ".", "-1", "1e9", "99999999999999999999", "1.2.3"] {
            assert_eq!(parse_metric_instant(text), None, "{text}");
        }
    }

    #[test]
    fn metric_times_may_be_unix_seconds_or_milliseconds() {
        let expected = Timestamp::parse("2026-01-01T00:00:00.25Z").ok();
        for text in ["1767225600.25", "1767225600250", "2026-01-01T00:00:00.25Z"] {
            assert_eq!(parse_metric_instant(text), expected, "{text}");
        }
    }

    #[test]
    fn a_step_is_any_duration_of_at_least_a_second() {
        let check = |text: &str, seconds: Option<i64>| {
            assert_eq!(
                parse_step(text),
                seconds.map(|s| s * SECOND_MICROS),
                "{text}"
            );
        };
        for (text, seconds) in [
            ("15s", 15),
            ("60s", 60),
            ("120s", 120),
            (" 1m ", 60),
            ("5m", 300),
            ("1h", 3_600),
            ("1d", 86_400),
            ("1w", 604_800),
            ("1h30m", 5_400),
            ("2000ms", 2),
            ("15", 15),
        ] {
            check(text, Some(seconds));
        }
        for text in [
            "500ms",
            "0s",
            "0",
            "-1s",
            "1M",
            "1 m",
            "m",
            "s1",
            "367d",
            "1.5h",
            "1y",
            "9223372036854775807s",
            "",
        ] {
            check(text, None);
        }
    }
}
