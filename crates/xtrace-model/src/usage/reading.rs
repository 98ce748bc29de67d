//! Usage objects of every provider, read into buckets that never count a token twice.
//!
//! Three kinds of object exist. *Inclusive* ones (OpenAI, LangChain, AI SDK, Gemini) count cached and
//! reasoning tokens inside input and output: the detail becomes a bucket `input_<detail>` or
//! `output_<detail>` and is taken off its side. *Exclusive* ones (Anthropic, Bedrock) count the cache
//! beside the input. *Flat maps* (`input`, `output`, any bucket) are already what we keep.
//! What it deliberately does not do: guess tokens that nobody counted.

use std::collections::BTreeMap;

use crate::limits::{BUCKET_BYTES_MAX, BUCKETS_MAX};
use crate::usage::{Cost, Usage};

mod entries;
mod flat;
mod provider;

use entries::Entries;

/// What a usage object says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageReading {
    pub usage: Usage,
    /// As sent: `TOKENS`, `CHARACTERS` …
    pub unit: Option<Box<str>>,
    /// `inputCost`, `outputCost`, `totalCost`.
    pub cost: Cost,
    /// Entries that were left out because they are no counts or amounts.
    pub dropped: Vec<DroppedEntry>,
}

/// An entry of a usage object that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedEntry {
    pub key: Box<str>,
    pub reason: String,
}

impl UsageReading {
    /// Reads any JSON: an object, a string that holds one, or `null`. Never fails; what cannot be
    /// read is in `dropped`.
    pub fn of(json: &str) -> Self {
        let unwrapped = serde_json::from_str::<String>(json);
        let text = unwrapped.as_deref().unwrap_or(json).trim();
        if matches!(text, "null" | "") {
            return Self::default();
        }
        let mut entries = match Entries::parse(text) {
            Ok(entries) => entries,
            Err(reason) => return Self::nothing(reason),
        };
        if entries.len() > BUCKETS_MAX {
            let found = entries.len();
            return Self::nothing(format!("has {found} entries; the limit is {BUCKETS_MAX}"));
        }
        let cost = entries.take_costs();
        let unit = entries.take_text("unit");
        let usage = match provider::read(&mut entries) {
            Some(usage) => usage,
            None => flat::read(&mut entries),
        };
        Self {
            usage: Usage(without_idle_total(usage)),
            unit,
            cost,
            dropped: entries.into_dropped(),
        }
    }

    /// Amounts by bucket (`costDetails`): `{"input": 0.1, "output": "0.2"}`.
    pub fn costs_of(json: &str) -> (Cost, Vec<DroppedEntry>) {
        let mut entries = match Entries::parse(json) {
            Ok(entries) if entries.len() <= BUCKETS_MAX => entries,
            Ok(entries) => {
                let found = entries.len();
                let reason = format!("has {found} entries; the limit is {BUCKETS_MAX}");
                return (Cost::default(), Self::nothing(reason).dropped);
            }
            Err(reason) => return (Cost::default(), Self::nothing(reason).dropped),
        };
        let cost = entries.take_all_amounts();
        (cost, entries.into_dropped())
    }

    fn nothing(reason: String) -> Self {
        let dropped = vec![DroppedEntry {
            key: "".into(),
            reason,
        }];
        Self {
            dropped,
            ..Self::default()
        }
    }
}

/// A total of zero beside other counts is a default that nobody set.
fn without_idle_total(mut buckets: BTreeMap<Box<str>, u64>) -> BTreeMap<Box<str>, u64> {
    if buckets.get("total") == Some(&0) && buckets.values().any(|units| *units > 0) {
        buckets.remove("total");
    }
    buckets
}

/// A name that can be kept: short, and without U+0000.
fn bucket_name(key: &str) -> Result<Box<str>, String> {
    if key.is_empty() {
        return Err("has no name".to_owned());
    }
    if key.len() > BUCKET_BYTES_MAX {
        return Err(format!(
            "has a name of {} bytes; the limit is {BUCKET_BYTES_MAX}",
            key.len()
        ));
    }
    Ok(key.replace('\0', "\u{fffd}").into())
}

#[cfg(test)]
mod tests;
