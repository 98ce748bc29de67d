//! One field's text to one value, or why not.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::value::RawValue;
use xtrace_model::json::Shape;
use xtrace_model::limits::{DURATION_SECONDS_MAX, JSON_DEPTH_MAX, UNITS_MAX};
use xtrace_model::{Real, Timestamp, Usd};

use super::{Fault, ItemError};

/// What a JSON text is, for people.
pub(super) fn kind_of(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        _ => "a number",
    }
}

fn is_number(json: &str) -> bool {
    matches!(json.as_bytes().first(), Some(b'-' | b'0'..=b'9'))
}

fn wrong_type(field: &str, json: &str, expected: &str) -> ItemError {
    ItemError::new(
        Fault::WrongType,
        field,
        format!("is {}; expected {expected}", kind_of(json)),
    )
}

/// The text inside a JSON string; half a surrogate pair becomes U+FFFD, and so does U+0000, which
/// not every engine can store.
pub(super) fn unquote(json: &str) -> Option<String> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(inner.to_owned());
    }
    let decoded = serde_json::from_str::<String>(json);
    let text = match decoded {
        Ok(text) => text,
        Err(_) => {
            String::from_utf8_lossy(&serde_json::from_str::<StringBytes>(json).ok()?.0).into_owned()
        }
    };
    Some(if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    })
}

/// A JSON string as bytes: the one form in which `serde_json` lets half a surrogate pair pass.
struct StringBytes(Vec<u8>);

impl<'de> Deserialize<'de> for StringBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;
        impl Visitor<'_> for BytesVisitor {
            type Value = StringBytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(StringBytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(BytesVisitor)
    }
}

/// A text of at most `max` bytes; a number is taken as it is written.
pub(super) fn text(field: &str, json: &str, max: usize) -> Result<Box<str>, ItemError> {
    let text = match unquote(json) {
        Some(text) => text,
        None if is_number(json) => json.to_owned(),
        None => return Err(wrong_type(field, json, "a text")),
    };
    if text.len() > max {
        let reason = format!("has {} bytes; the limit is {max}", text.len());
        return Err(ItemError::new(Fault::TooLong, field, reason));
    }
    Ok(text.into())
}

/// An identifier: a text, or a whole number taken as text.
pub(super) fn id<T, E: fmt::Display>(
    field: &str,
    json: &str,
    new: impl FnOnce(Box<str>) -> Result<T, E>,
) -> Result<T, ItemError> {
    let is_integer = json.bytes().all(|byte| byte.is_ascii_digit());
    let text = match unquote(json) {
        Some(text) => text,
        None if is_integer => json.to_owned(),
        None => return Err(wrong_type(field, json, "a text")),
    };
    let fault = if text.is_empty() {
        Fault::Missing
    } else {
        Fault::TooLong
    };
    new(text.into()).map_err(|error| ItemError::new(fault, field, error.to_string()))
}

pub(super) fn time(field: &str, json: &str) -> Result<Timestamp, ItemError> {
    let text = unquote(json).ok_or_else(|| wrong_type(field, json, "an RFC 3339 time"))?;
    let parsed = Timestamp::parse(&text);
    parsed.map_err(|error| ItemError::new(Fault::BadTime, field, error.to_string()))
}

pub(super) fn flag(field: &str, json: &str) -> Result<bool, ItemError> {
    match json {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong_type(field, json, "true or false")),
    }
}

/// Seconds from 0 to [`DURATION_SECONDS_MAX`].
pub(super) fn seconds(field: &str, json: &str) -> Result<Real, ItemError> {
    let text = number(field, json)?;
    match text.parse::<f64>() {
        Ok(value) if (0.0..=DURATION_SECONDS_MAX).contains(&value) => Ok(Real(value.abs())),
        _ => {
            let reason = format!("is {text}; it must be from 0 to {DURATION_SECONDS_MAX} seconds");
            Err(ItemError::new(Fault::OutOfRange, field, reason))
        }
    }
}

/// USD from 0.
pub(super) fn amount(field: &str, json: &str) -> Result<Usd, ItemError> {
    let text = number(field, json)?;
    let out_of_range = |reason: String| ItemError::new(Fault::OutOfRange, field, reason);
    let amount = Usd::parse(&text).map_err(|error| out_of_range(format!("is {text}: {error}")))?;
    if amount < Usd::ZERO {
        return Err(out_of_range(format!(
            "is {text}; an amount is not negative"
        )));
    }
    Ok(amount)
}

pub(super) fn integer(field: &str, json: &str) -> Result<i64, ItemError> {
    let text = number(field, json)?;
    let reason = || format!("is {text}; expected a whole number");
    text.parse()
        .map_err(|_| ItemError::new(Fault::WrongType, field, reason()))
}

/// Units from 0 to [`UNITS_MAX`].
pub(super) fn units(field: &str, json: &str) -> Result<u64, ItemError> {
    let text = number(field, json)?;
    match text.parse::<f64>() {
        Ok(value) if value >= 0.0 && value.fract() == 0.0 && value <= UNITS_MAX as f64 => {
            Ok(value as u64)
        }
        _ => {
            let reason = format!("is {text}; it must be a whole number from 0 to {UNITS_MAX}");
            Err(ItemError::new(Fault::OutOfRange, field, reason))
        }
    }
}

/// The text of a number, which may itself be sent as a text.
pub(super) fn number(field: &str, json: &str) -> Result<String, ItemError> {
    if is_number(json) {
        return Ok(json.to_owned());
    }
    let text = unquote(json).ok_or_else(|| wrong_type(field, json, "a number"))?;
    let text = text.trim();
    if text.parse::<f64>().is_err() {
        let shown: String = text.chars().take(64).collect();
        return Err(ItemError::new(
            Fault::WrongType,
            field,
            format!("is {shown:?}; expected a number"),
        ));
    }
    Ok(text.to_owned())
}

/// Any JSON that is not nested too deeply to be read again.
pub(super) fn payload<'a>(field: &str, raw: &'a RawValue) -> Result<&'a RawValue, ItemError> {
    let depth = Shape::of(raw.get()).depth;
    if depth > JSON_DEPTH_MAX {
        let reason = format!("is nested {depth} levels deep; the limit is {JSON_DEPTH_MAX}");
        return Err(ItemError::new(Fault::TooDeep, field, reason));
    }
    Ok(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mends_texts_that_not_every_engine_can_store() {
        let check = |json: &str, expected: &str| {
            assert_eq!(unquote(json).as_deref(), Some(expected), "{json}");
        };
        check(r#""plain""#, "plain");
        check(r#""a\"b\n\u00fc""#, "a\"b\nü");
        check(r#""nul \u0000""#, "nul \u{fffd}");
        check(r#""half \ud83d""#, "half \u{fffd}\u{fffd}\u{fffd}");
        check(r#""whole \ud83d\ude00""#, "whole 😀");
        assert_eq!(unquote("12"), None);
    }

    #[test]
    fn takes_numbers_in_any_spelling_and_names_the_limit() {
        let check = |json: &str, expected: &str| {
            let shown = match seconds("latency", json) {
                Ok(Real(value)) => value.to_string(),
                Err(error) => error.to_string(),
            };
            assert_eq!(shown, expected, "{json}");
        };
        check("1.5", "1.5");
        check(r#""2e-3""#, "0.002");
        check("-0.0", "0");
        check(
            "-1",
            "latency is -1; it must be from 0 to 1000000000 seconds",
        );
        check(
            "1e999",
            "latency is 1e999; it must be from 0 to 1000000000 seconds",
        );
        check(
            r#""NaN""#,
            "latency is NaN; it must be from 0 to 1000000000 seconds",
        );
        check(r#""soon""#, "latency is \"soon\"; expected a number");
        check("[1]", "latency is a list; expected a number");
    }

    #[test]
    fn takes_amounts_exactly() {
        let check = |json: &str, expected: &str| {
            let shown = amount("totalCost", json)
                .map_or_else(|error| error.to_string(), |usd| usd.to_string());
            assert_eq!(shown, expected, "{json}");
        };
        check("0.1", "0.1");
        check(r#""0.000000000001""#, "0.000000000001");
        check("-0.1", "totalCost is -0.1; an amount is not negative");
        check(
            "1e300",
            "totalCost is 1e300: 1e300 is not an amount of at most 1000000000000 USD",
        );
    }
}
