//! Usage and cost by bucket, and where each came from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::merge::{Change, Latest};
use crate::money::Usd;

mod reading;

pub use reading::{DroppedEntry, UsageReading};

/// Units by bucket (`input`, `output`, `total`, `input_cached_tokens`, `output_reasoning_tokens` …).
///
/// Bucket names are those of the price list, so that units × price needs no second mapping
/// (contracts/langfuse.md §3.2, §3.4). `input` and `output` exclude what a bucket of their own counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Usage(pub BTreeMap<Box<str>, u64>);

/// Amounts by bucket, same names as [`Usage`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cost(pub BTreeMap<Box<str>, Usd>);

/// Token counts that were sent as fields of their own beside, or instead of, a usage object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCounts {
    pub input: Latest<u64>,
    pub output: Latest<u64>,
    pub total: Latest<u64>,
}

impl TokenCounts {
    pub fn join(&mut self, other: Self) -> Change {
        self.input
            .join(other.input)
            .and(self.output.join(other.output))
            .and(self.total.join(other.total))
    }

    /// What `usage` says, completed where it says nothing about a side or the total: the same tokens
    /// are never counted twice.
    pub fn complete(&self, usage: Usage) -> Usage {
        let mut usage = usage;
        let has_input = usage.0.keys().any(|key| Side::of(key) == Some(Side::Input));
        let has_output = usage
            .0
            .keys()
            .any(|key| Side::of(key) == Some(Side::Output));
        let absent = [
            ("input", &self.input, !has_input),
            ("output", &self.output, !has_output),
            ("total", &self.total, !usage.0.contains_key("total")),
        ];
        for (bucket, count, is_absent) in absent {
            if let (Some(count), true) = (count.get(), is_absent) {
                usage.0.insert(bucket.into(), *count);
            }
        }
        usage
    }
}

/// What a bucket counts: read by the model, or written by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Input,
    Output,
}

impl Side {
    /// By the words that providers use in bucket names; `None` for the total and for what is neither.
    fn of(bucket: &str) -> Option<Self> {
        let has = |words: &[&str]| words.iter().any(|word| bucket.contains(word));
        if has(&["input"]) {
            Some(Self::Input)
        } else if has(&["output"]) {
            Some(Self::Output)
        } else if has(&["prompt", "cache"]) {
            Some(Self::Input)
        } else if has(&["completion", "candidates", "reasoning", "thoughts"]) {
            Some(Self::Output)
        } else {
            None
        }
    }
}

/// Buckets that count calls, such as `web_search_requests`, are priced but are no tokens.
pub(crate) fn counts_calls(bucket: &str) -> bool {
    let end = bucket.rsplit('_').next().unwrap_or(bucket);
    end.ends_with("queries")
        || end.ends_with("Queries")
        || end.ends_with("requests")
        || end.ends_with("Requests")
}

impl Usage {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything read by the model, from a cache or not.
    pub fn input(&self) -> u64 {
        self.sum(|key| Side::of(key) == Some(Side::Input))
    }

    /// Everything written by the model, reasoning included.
    pub fn output(&self) -> u64 {
        self.sum(|key| Side::of(key) == Some(Side::Output))
    }

    /// The `total` bucket, else the sum of all others.
    pub fn total(&self) -> u64 {
        self.0
            .get("total")
            .copied()
            .unwrap_or_else(|| self.sum(|key| !counts_calls(key)))
    }

    /// Read from a prompt cache.
    pub fn cache_read(&self) -> u64 {
        self.sum(|key| {
            !key.contains("creation") && (key.contains("cache_read") || key.contains("cached"))
        })
    }

    /// Written to a prompt cache.
    pub fn cache_write(&self) -> u64 {
        self.sum(|key| key.contains("cache_creation") || key.contains("cache_write"))
    }

    pub fn reasoning(&self) -> u64 {
        self.sum(|key| key.contains("reasoning") || key.contains("thoughts"))
    }

    fn sum(&self, mut matches: impl FnMut(&str) -> bool) -> u64 {
        let matching = self.0.iter().filter(|(key, _)| matches(key));
        matching.fold(0, |sum: u64, (_, units)| sum.saturating_add(*units))
    }
}

impl Cost {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `None` when no bucket is on that side.
    pub fn input(&self) -> Option<Usd> {
        self.side(Side::Input)
    }

    pub fn output(&self) -> Option<Usd> {
        self.side(Side::Output)
    }

    /// The `total` bucket, else the sum of all others; `None` when nothing is known.
    pub fn total(&self) -> Option<Usd> {
        if self.is_empty() {
            return None;
        }
        Some(
            self.0
                .get("total")
                .copied()
                .unwrap_or_else(|| self.0.values().copied().sum()),
        )
    }

    fn side(&self, side: Side) -> Option<Usd> {
        let mut matching = self
            .0
            .iter()
            .filter(|(key, _)| Side::of(key) == Some(side))
            .peekable();
        matching.peek()?;
        Some(matching.map(|(_, amount)| *amount).sum())
    }
}

/// Where a derived figure came from: part of every answer that shows one (design §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Provenance {
    /// The client sent it.
    Provided,
    /// We computed it.
    Computed,
}

impl Provenance {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provided => "provided",
            Self::Computed => "computed",
        }
    }
}
