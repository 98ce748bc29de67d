//! Price lists as text: the format of `data/README.md`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PriceBook;
use super::condition::{Attribute, Comparison, Condition, UsagePattern};
use super::definition::{Definition, Tier};
use crate::money::Usd;
use crate::time::Timestamp;

/// Why a text is not a price list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceBookError {
    #[error("price list is not in the documented shape: {0}")]
    Shape(String),
    #[error("price list has format {0}; this version reads format {FORMAT}")]
    Format(u32),
    #[error("price list, model {model:?}: {reason}")]
    Definition { model: Box<str>, reason: String },
}

const FORMAT: u32 = 1;

/// Prices are per so many units, so that they are numbers people know.
const UNITS_PER_PRICE: i128 = 1_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    format: u32,
    #[serde(rename = "source")]
    _source: Option<String>,
    #[serde(rename = "licence")]
    _licence: Option<String>,
    models: Vec<ListedModel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedModel {
    id: Box<str>,
    model: Box<str>,
    #[serde(rename = "match")]
    pattern: Box<str>,
    start: Option<String>,
    tiers: Vec<ListedTier>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedTier {
    name: Box<str>,
    #[serde(default)]
    when: Vec<ListedCondition>,
    usd_per_million: BTreeMap<Box<str>, String>,
}

/// Which members are there says what it is; [`condition`] checks that they go together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedCondition {
    usage: Option<Box<str>>,
    op: Option<Comparison>,
    value: Option<u64>,
    case_sensitive: Option<bool>,
    parameter: Option<Box<str>>,
    metadata: Option<Box<str>>,
    #[serde(rename = "in")]
    values: Option<Vec<Box<str>>>,
}

/// Reads a list without compiling its patterns.
pub(super) fn read(text: &str) -> Result<PriceBook, PriceBookError> {
    let list: List =
        serde_json::from_str(text).map_err(|error| PriceBookError::Shape(error.to_string()))?;
    if list.format != FORMAT {
        return Err(PriceBookError::Format(list.format));
    }
    let definitions = list.models.into_iter().map(|listed| {
        let model = listed.model.clone();
        definition(listed).map_err(|reason| PriceBookError::Definition { model, reason })
    });
    Ok(PriceBook::of(definitions.collect::<Result<_, _>>()?))
}

/// Compiles all patterns of a definition once.
pub(super) fn check_patterns(definition: &Definition) -> Result<(), PriceBookError> {
    let fail = |what: String, error: &regex::Error| PriceBookError::Definition {
        model: definition.model.clone(),
        reason: format!("{what} is not a regular expression: {error}"),
    };
    if let Err(error) = regex::Regex::new(&definition.pattern) {
        return Err(fail("match".to_owned(), &error));
    }
    for tier in &definition.tiers {
        for condition in &tier.conditions {
            if let Condition::Usage(usage) = condition
                && let Err(error) = usage.compile()
            {
                return Err(fail(
                    format!("usage pattern of tier {:?}", tier.name),
                    &error,
                ));
            }
        }
    }
    Ok(())
}

fn definition(listed: ListedModel) -> Result<Definition, String> {
    let start = listed.start.map(|text| Timestamp::parse(&text)).transpose();
    let start = start.map_err(|error| format!("start {error}"))?;
    let tiers = listed
        .tiers
        .into_iter()
        .map(tier)
        .collect::<Result<Vec<_>, _>>()?;
    let (mut ordered, others): (Vec<_>, Vec<_>) = tiers
        .into_iter()
        .partition(|tier| tier.conditions.is_empty());
    if ordered.len() != 1 {
        return Err(format!(
            "has {} tiers without `when`; exactly one is the default",
            ordered.len()
        ));
    }
    ordered.extend(others);
    Ok(Definition {
        id: listed.id,
        model: listed.model,
        pattern: listed.pattern,
        start,
        tiers: ordered,
    })
}

fn tier(listed: ListedTier) -> Result<Tier, String> {
    let name = listed.name;
    let prices = listed.usd_per_million.into_iter().map(|(bucket, text)| {
        let price = price(&text)
            .map_err(|reason| format!("tier {name:?}: price of {bucket:?} {reason}"))?;
        Ok((bucket, price))
    });
    let prices = prices.collect::<Result<_, String>>()?;
    let conditions = listed
        .when
        .into_iter()
        .map(condition)
        .collect::<Result<_, _>>();
    let conditions = conditions.map_err(|reason| format!("tier {name:?}: {reason}"))?;
    Ok(Tier {
        name,
        conditions,
        prices,
    })
}

/// Per unit, from the text per million.
fn price(text: &str) -> Result<Usd, String> {
    let per_million = Usd::parse(text).map_err(|error| error.to_string())?.units();
    if per_million < 0 {
        return Err(format!("is {text}; a price is not negative"));
    }
    if per_million % UNITS_PER_PRICE != 0 {
        return Err(format!(
            "is {text}; a price per million has at most six fraction digits"
        ));
    }
    Ok(Usd::from_units(per_million / UNITS_PER_PRICE))
}

fn condition(listed: ListedCondition) -> Result<Condition, String> {
    let ListedCondition {
        usage,
        op,
        value,
        case_sensitive,
        parameter,
        metadata,
        values,
    } = listed;
    let key = match (usage, parameter, metadata) {
        (Some(pattern), None, None) => {
            let (Some(op), Some(value), None) = (op, value, values) else {
                return Err("a condition on usage has `op` and `value`".to_owned());
            };
            let is_case_sensitive = case_sensitive.unwrap_or(false);
            return Ok(Condition::Usage(UsagePattern::new(
                pattern,
                is_case_sensitive,
                op,
                value,
            )));
        }
        (None, Some(parameter), None) => parameter,
        (None, None, Some(key)) => format!("metadata.{key}").into(),
        _ => return Err("a condition has one of `usage`, `parameter` and `metadata`".to_owned()),
    };
    match (values, op, value) {
        (Some(values), None, None) => Ok(Condition::Attribute(Attribute { key, values })),
        _ => Err("a condition on an attribute has `in`".to_owned()),
    }
}
