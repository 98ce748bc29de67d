//! One value of a kind, from text.

use xtrace_model::Usd;
use xtrace_query::{Kind, Value};

use super::time;

/// What [`parse`] takes, for error messages.
pub fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "true or false",
        Kind::Int => "a whole number",
        Kind::Float => "a number of seconds",
        Kind::Money => "an amount in USD",
        Kind::Time => time::INSTANT_EXPECTED,
        Kind::Text | Kind::TextList | Kind::Json => "text",
    }
}

/// `None` when the text is not of that kind.
pub fn parse(kind: Kind, text: &str) -> Option<Value> {
    let trimmed = text.trim();
    match kind {
        Kind::Bool => flag(trimmed).map(Value::Bool),
        Kind::Int => trimmed.parse().ok().map(Value::Int),
        Kind::Float => finite(trimmed).map(Value::Float),
        Kind::Money => Usd::parse(trimmed).ok().map(Value::Money),
        Kind::Time => time::parse_instant(trimmed).map(Value::Time),
        Kind::Text | Kind::TextList | Kind::Json => Some(Value::text(text)),
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
