//! Usage and cost by bucket, and where each came from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::Usd;

/// Units by bucket (`input`, `output`, `total`, `input_cached_tokens`, `output_reasoning_tokens` …).
///
/// Bucket names are those of the price list, so that units × price needs no second mapping
/// (contracts/langfuse.md §3.2, §3.4). `input` and `output` exclude what a bucket of their own counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Usage(pub BTreeMap<Box<str>, u64>);

/// Amounts by bucket, same names as [`Usage`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cost(pub BTreeMap<Box<str>, Usd>);

fn counts_as(side: &str, key: &str) -> bool {
    key != "total" && key.contains(side)
}

impl Usage {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything read by the model: all buckets whose name contains `input`, and cache buckets without a side.
    pub fn input(&self) -> u64 {
        self.sum(|key| counts_as("input", key))
    }

    pub fn output(&self) -> u64 {
        self.sum(|key| counts_as("output", key))
    }

    /// The `total` bucket, else the sum of all others.
    pub fn total(&self) -> u64 {
        self.0.get("total").copied().unwrap_or_else(|| self.sum(|_| true))
    }

    /// Read from a prompt cache.
    pub fn cache_read(&self) -> u64 {
        self.sum(|key| key.contains("cache_read") || key.contains("cached"))
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
        self.side("input")
    }

    pub fn output(&self) -> Option<Usd> {
        self.side("output")
    }

    /// The `total` bucket, else the sum of all others; `None` when nothing is known.
    pub fn total(&self) -> Option<Usd> {
        if self.is_empty() {
            return None;
        }
        Some(self.0.get("total").copied().unwrap_or_else(|| self.0.values().copied().sum()))
    }

    fn side(&self, side: &str) -> Option<Usd> {
        let mut matching = self.0.iter().filter(|(key, _)| counts_as(side, key)).peekable();
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
