//! Filters: `{type, column, operator, value, key?}`, all of which must hold.
//!
//! What is negated (`does not contain`, `none of`, `<>`) holds for absent values as well. Texts are searched for without
//! regard to case.

use serde_json::Number;
use xtrace_model::Usd;
use xtrace_query::{Comparison, Condition, Field, Kind, ListMatch, TextMatch, Value};

use super::json::{BadQuestion, Node, Object};
use super::vocabulary::{Column, Vocabulary};
use crate::params::time;

/// Most values of one filter.
pub const VALUES_MAX: usize = 500;

const TYPES: [&str; 7] = [
    "datetime",
    "string",
    "stringOptions",
    "arrayOptions",
    "number",
    "boolean",
    "null",
];
/// Types for what has keys: metadata and scores.
const TYPES_BY_KEY: [&str; 4] = [
    "categoryOptions",
    "stringObject",
    "numberObject",
    "booleanObject",
];

/// The condition that a filter puts on rows.
pub fn condition(node: &Node<'_>, vocabulary: &Vocabulary) -> Result<Condition, BadQuestion> {
    let filter = node.object(&["type", "column", "operator", "value", "key"])?;
    let column = vocabulary.column(&filter.required("column", "the name of a column")?)?;
    let kind = filter.required("type", &format!("one of {}", TYPES.join(", ")))?;
    let name = kind.text()?;
    if TYPES_BY_KEY.contains(&name) {
        return Err(kind.bad(format!("is {name:?}, but the column has no keys")));
    }
    let name = kind.one_of(|text| TYPES.into_iter().find(|name| *name == text), &TYPES)?;
    let field = match column {
        Column::IsAbsent(field) if name == "boolean" => {
            return flag(&filter, Condition::IsAbsent { field });
        }
        Column::IsAbsent(_) => return Err(kind.unexpected("boolean for this column")),
        Column::Field(field) => field,
    };
    let takes = types_of(field.kind);
    if name != "null" && !takes.contains(&name) {
        let takes = takes.join(" or ");
        let noun = field.kind.noun();
        return Err(kind.unexpected(&format!("{takes} or null: the column holds {noun}")));
    }
    match name {
        "datetime" => datetime(&filter, field),
        "string" => string(&filter, field),
        "stringOptions" => options(&filter, field),
        "arrayOptions" => members(&filter, field),
        "number" => number(&filter, field),
        "boolean" => flag(&filter, Condition::equal(field, Value::Bool(true))),
        _ => presence(&filter, field),
    }
}

fn types_of(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Text => &["string", "stringOptions"],
        Kind::Bool => &["boolean"],
        Kind::Int | Kind::Float | Kind::Money => &["number"],
        Kind::Time => &["datetime"],
        Kind::TextList => &["arrayOptions"],
        Kind::Json => &[],
    }
}

fn operator(filter: &Object<'_>, known: &[&'static str]) -> Result<&'static str, BadQuestion> {
    let node = filter.required("operator", &format!("one of {}", known.join(", ")))?;
    let find = |text: &str| known.iter().find(|operator| **operator == text).copied();
    node.one_of(find, known)
}

fn value<'a>(filter: &Object<'a>, expected: &str) -> Result<Node<'a>, BadQuestion> {
    filter.required("value", expected)
}

fn comparison(operator: &str) -> Comparison {
    match operator {
        "<" => Comparison::Less,
        "<=" => Comparison::LessOrEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterOrEqual,
        _ => Comparison::Equal,
    }
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

fn datetime(filter: &Object<'_>, field: &'static Field) -> Result<Condition, BadQuestion> {
    let comparison = comparison(operator(filter, &["<", "<=", ">", ">="])?);
    let node = value(filter, time::INSTANT_EXPECTED)?;
    let instant = time::parse_instant(node.text()?);
    let instant = instant.ok_or_else(|| node.unexpected(time::INSTANT_EXPECTED))?;
    Ok(Condition::Compare {
        field,
        comparison,
        value: Value::Time(instant),
    })
}

fn number(filter: &Object<'_>, field: &'static Field) -> Result<Condition, BadQuestion> {
    let comparison = comparison(operator(filter, &["=", "<", "<=", ">", ">="])?);
    let node = value(filter, "a number")?;
    let value = exact(field.kind, node.number()?);
    let value = value.ok_or_else(|| node.unexpected("a number that the column can hold"))?;
    Ok(Condition::Compare {
        field,
        comparison,
        value,
    })
}

fn exact(kind: Kind, number: &Number) -> Option<Value> {
    if kind == Kind::Money {
        return Usd::parse(&number.to_string()).ok().map(Value::Money);
    }
    match number.as_i64() {
        Some(whole) => Some(Value::Int(whole)),
        None => number
            .as_f64()
            .filter(|number| number.is_finite())
            .map(Value::Float),
    }
}

fn string(filter: &Object<'_>, field: &'static Field) -> Result<Condition, BadQuestion> {
    const OPERATORS: [&str; 5] = [
        "=",
        "contains",
        "does not contain",
        "starts with",
        "ends with",
    ];
    let operator = operator(filter, &OPERATORS)?;
    let text = value(filter, "text")?.text()?;
    let matched = |matching| Condition::Text {
        field,
        matching,
        text: text.into(),
    };
    Ok(match operator {
        "contains" => matched(TextMatch::Contains),
        "does not contain" => not(matched(TextMatch::Contains)),
        "starts with" => matched(TextMatch::StartsWith),
        "ends with" => matched(TextMatch::EndsWith),
        _ => Condition::equal(field, Value::text(text)),
    })
}

fn options(filter: &Object<'_>, field: &'static Field) -> Result<Condition, BadQuestion> {
    let operator = operator(filter, &["any of", "none of"])?;
    let node = value(filter, "a list of texts")?;
    let texts = node.texts(VALUES_MAX)?;
    if texts.is_empty() {
        return Err(node.unexpected("at least one text"));
    }
    let values = texts.into_iter().map(Value::text).collect();
    let is_one = Condition::In { field, values };
    Ok(match operator {
        "none of" => not(is_one),
        _ => is_one,
    })
}

fn members(filter: &Object<'_>, field: &'static Field) -> Result<Condition, BadQuestion> {
    let operator = operator(filter, &["any of", "none of", "all of"])?;
    let texts = value(filter, "a list of texts")?.texts(VALUES_MAX)?;
    let has = |matching| Condition::List {
        field,
        matching,
        values: texts.iter().map(|text| Box::from(*text)).collect(),
    };
    Ok(match operator {
        "all of" => has(ListMatch::All),
        "none of" => not(has(ListMatch::Any)),
        _ => has(ListMatch::Any),
    })
}

fn flag(filter: &Object<'_>, holds: Condition) -> Result<Condition, BadQuestion> {
    let is_equal = operator(filter, &["=", "<>"])? == "=";
    let wanted = value(filter, "true or false")?.flag()?;
    Ok(if is_equal == wanted {
        holds
    } else {
        not(holds)
    })
}

fn presence(filter: &Object<'_>, field: &'static Field) -> Result<Condition, BadQuestion> {
    let operator = operator(filter, &["is null", "is not null"])?;
    let is_absent = Condition::IsAbsent { field };
    Ok(match operator {
        "is not null" => not(is_absent),
        _ => is_absent,
    })
}
