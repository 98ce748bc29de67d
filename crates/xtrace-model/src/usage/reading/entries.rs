//! One usage object taken apart: numbers, groups of numbers, texts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{DroppedEntry, bucket_name};
use crate::limits::UNITS_MAX;
use crate::money::Usd;
use crate::usage::Cost;

type Members<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// Entries not yet taken. Numbers keep their text until it is known what they are: a count or an amount.
#[derive(Debug, Default)]
pub(super) struct Entries {
    numbers: BTreeMap<Box<str>, Box<str>>,
    groups: BTreeMap<Box<str>, BTreeMap<Box<str>, Box<str>>>,
    texts: BTreeMap<Box<str>, Box<str>>,
    dropped: Vec<DroppedEntry>,
}

const COSTS: [(&str, &[&str]); 3] = [
    ("input", &["inputCost", "input_cost"]),
    ("output", &["outputCost", "output_cost"]),
    ("total", &["totalCost", "total_cost"]),
];

impl Entries {
    /// # Errors
    /// The text is no JSON object.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with('{') {
            return Err("is not an object of counts".to_owned());
        }
        let members: Members = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut entries = Self::default();
        for (key, value) in members {
            match bucket_name(&key) {
                Ok(name) => entries.put(name, value.get()),
                Err(reason) => entries.drop(&key.chars().take(64).collect::<String>(), reason),
            }
        }
        Ok(entries)
    }

    fn put(&mut self, key: Box<str>, json: &str) {
        match json.as_bytes().first() {
            Some(b'{') => {
                self.groups.insert(key, numbers_of(json));
            }
            Some(b'"') => {
                let text: Result<Box<str>, _> = serde_json::from_str(json);
                match text {
                    Ok(text) if looks_numeric(&text) => {
                        self.numbers.insert(key, text.trim().into())
                    }
                    Ok(text) => self.texts.insert(key, text),
                    Err(_) => None,
                };
            }
            Some(b'-' | b'0'..=b'9') => {
                self.numbers.insert(key, json.into());
            }
            // Nulls, flags and lists (Gemini's counts by modality repeat what others say) count nothing.
            _ => {}
        }
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len() + self.groups.len() + self.texts.len() + self.dropped.len()
    }

    pub(super) fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.numbers.contains_key(*key))
    }

    pub(super) fn has_group(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.groups.contains_key(*key))
    }

    /// The count under the first of these names that has one; the others are the same thing said again.
    pub(super) fn take_count(&mut self, names: &[&str]) -> Option<u64> {
        let mut found = None;
        for name in names {
            let Some(text) = self.numbers.remove(*name) else {
                continue;
            };
            let count = self.count(name, &text);
            found = found.or(count);
        }
        found
    }

    /// The counts of the first group of these names that is there.
    pub(super) fn take_group(&mut self, names: &[&str]) -> BTreeMap<Box<str>, u64> {
        let mut found = BTreeMap::new();
        for name in names {
            let Some(group) = self.groups.remove(*name) else {
                continue;
            };
            for (key, text) in group {
                if let Some(count) = self.count(&format!("{name}.{key}"), &text) {
                    found.entry(key).or_insert(count);
                }
            }
        }
        found
    }

    /// All counts left.
    pub(super) fn take_counts(&mut self) -> BTreeMap<Box<str>, u64> {
        let numbers = std::mem::take(&mut self.numbers);
        let counts = numbers
            .into_iter()
            .filter_map(|(key, text)| Some((key.clone(), self.count(&key, &text)?)));
        counts.collect()
    }

    pub(super) fn take_text(&mut self, key: &str) -> Option<Box<str>> {
        let text = self.texts.remove(key)?;
        bucket_name(text.trim()).ok()
    }

    pub(super) fn take_costs(&mut self) -> Cost {
        let mut cost = Cost::default();
        for (bucket, names) in COSTS {
            for name in names {
                let Some(text) = self.numbers.remove(*name) else {
                    continue;
                };
                if let Some(amount) = self.amount(name, &text) {
                    cost.0.entry(bucket.into()).or_insert(amount);
                }
            }
        }
        cost
    }

    /// All numbers as amounts.
    pub(super) fn take_all_amounts(&mut self) -> Cost {
        let numbers = std::mem::take(&mut self.numbers);
        let amounts = numbers
            .into_iter()
            .filter_map(|(key, text)| Some((key.clone(), self.amount(&key, &text)?)));
        Cost(amounts.collect())
    }

    /// What was left out because it could not be read.
    pub(super) fn into_dropped(self) -> Vec<DroppedEntry> {
        self.dropped
    }

    fn drop(&mut self, key: &str, reason: String) {
        self.dropped.push(DroppedEntry {
            key: key.into(),
            reason,
        });
    }

    fn count(&mut self, key: &str, text: &str) -> Option<u64> {
        match count_of(text) {
            Ok(count) => Some(count),
            Err(reason) => {
                self.drop(key, reason);
                None
            }
        }
    }

    fn amount(&mut self, key: &str, text: &str) -> Option<Usd> {
        match Usd::parse(text) {
            Ok(amount) if amount >= Usd::ZERO => return Some(amount),
            Ok(amount) => self.drop(key, format!("is {amount}; an amount is not negative")),
            Err(error) => self.drop(key, error.to_string()),
        }
        None
    }
}

fn numbers_of(json: &str) -> BTreeMap<Box<str>, Box<str>> {
    let members: Members = serde_json::from_str(json).unwrap_or_default();
    let numbers = members
        .into_iter()
        .filter(|(_, value)| looks_numeric(value.get()));
    numbers
        .filter_map(|(key, value)| Some((bucket_name(&key).ok()?, value.get().into())))
        .collect()
}

fn looks_numeric(text: &str) -> bool {
    text.trim()
        .starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && text.trim().parse::<f64>().is_ok()
}

/// `12` and `12.0` are counts; `-1`, `1.5` and what no sum could hold are not.
fn count_of(text: &str) -> Result<u64, String> {
    let count = match text.parse::<u64>() {
        Ok(count) => count,
        Err(_) => {
            let value: f64 = text
                .parse()
                .map_err(|_| format!("is {text}, not a number"))?;
            if value < 0.0 || value.fract() != 0.0 || !value.is_finite() {
                return Err(format!("is {text}; a count is a whole number from 0"));
            }
            // A float beyond the limit is refused below, whatever it becomes here.
            value as u64
        }
    };
    if count > UNITS_MAX {
        return Err(format!("is {text}; the limit is {UNITS_MAX}"));
    }
    Ok(count)
}
