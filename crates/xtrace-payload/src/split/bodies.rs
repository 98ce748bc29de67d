//! The bodies of a payload's parts, one behind the other in one allocation.

use std::collections::HashSet;
use std::ops::Range;

use crate::PartId;

#[derive(Debug, Default)]
pub(super) struct Bodies {
    bytes: Vec<u8>,
    parts: Vec<(PartId, Range<usize>)>,
    seen: HashSet<PartId>,
}

impl Bodies {
    pub(super) fn with_capacity(bytes: usize, parts: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            parts: Vec::with_capacity(parts),
            seen: HashSet::with_capacity(parts),
        }
    }

    /// Keeps the body that `write` appends, unless there is one like it.
    pub(super) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> PartId {
        let start = self.bytes.len();
        write(&mut self.bytes);
        let id = PartId::of(&self.bytes[start..]);
        if self.seen.insert(id) {
            self.parts.push((id, start..self.bytes.len()));
        } else {
            self.bytes.truncate(start);
        }
        id
    }

    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (PartId, &[u8])> {
        let parts = self.parts.iter();
        parts.map(|(id, range)| (*id, &self.bytes[range.clone()]))
    }
}
