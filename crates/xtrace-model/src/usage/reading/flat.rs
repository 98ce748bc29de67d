//! Flat maps: every count is a bucket of its own, as Langfuse's `usage` and `usageDetails` mean them.

use std::collections::BTreeMap;

use super::entries::Entries;
use super::provider;

/// Names of one thing; where two of them say the same count, it is counted once.
const SAME: [&[&str]; 3] = [
    &[
        "input_cached_tokens",
        "input_cache_read",
        "cache_read_input_tokens",
        "cached_content_token_count",
        "cachedContentTokenCount",
    ],
    &[
        "input_cache_creation",
        "cache_creation_input_tokens",
        "cache_write_tokens",
    ],
    &[
        "output_reasoning_tokens",
        "output_reasoning",
        "reasoning_tokens",
        "thoughts_token_count",
        "thoughtsTokenCount",
    ],
];

/// All counts, save provider names for the sides and the total where the plain name is there as well.
pub(super) fn read(entries: &mut Entries) -> BTreeMap<Box<str>, u64> {
    let mut buckets = BTreeMap::new();
    for (bucket, names) in provider::SIDES {
        let plain = entries.take_count(&[bucket]);
        let aliased = entries.take_count(names);
        if let Some(count) = plain.or(aliased) {
            buckets.insert(bucket.into(), count);
        }
    }
    for (key, count) in entries.take_counts() {
        buckets.entry(key).or_insert(count);
    }
    for names in SAME {
        let mut seen = None;
        for name in names {
            match (seen, buckets.get(*name).copied()) {
                (Some(first), Some(count)) if first == count => {
                    buckets.remove(*name);
                }
                (None, count) => seen = count,
                _ => {}
            }
        }
    }
    buckets
}
