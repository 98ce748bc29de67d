//! Flat maps: every count is a bucket of its own, as Langfuse's `usage` and `usageDetails` mean them.

use std::collections::BTreeMap;

use super::entries::Entries;
use super::provider;

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
    buckets
}
