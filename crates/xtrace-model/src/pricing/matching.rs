//! Model name → definition, each name matched once.

use std::collections::HashMap;
use std::sync::{OnceLock, PoisonError, RwLock};

use regex::RegexSet;

use super::definition::Definition;

/// Model names remembered; more than any installation uses.
const REMEMBERED_MAX: usize = 4_096;

/// Names longer than this are matched every time rather than remembered. Bytes.
const REMEMBERED_BYTES_MAX: usize = 256;

/// The compiled patterns and what was found so far.
#[derive(Debug, Default)]
pub(super) struct Matching {
    /// Some 3 MB and 7 ms for the built-in list, so not before they are needed.
    patterns: OnceLock<RegexSet>,
    remembered: RwLock<HashMap<Box<str>, Option<u32>>>,
}

impl Matching {
    /// The first definition that matches.
    pub(super) fn find(&self, model: &str, definitions: &[Definition]) -> Option<usize> {
        if definitions.is_empty() {
            return None;
        }
        let remembered = self
            .remembered
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = remembered.get(model) {
            return found.map(|index| index as usize);
        }
        drop(remembered);
        let found = self.patterns(definitions).matches(model).iter().next();
        if model.len() <= REMEMBERED_BYTES_MAX {
            let mut remembered = self
                .remembered
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            if remembered.len() >= REMEMBERED_MAX {
                remembered.clear();
            }
            remembered.insert(model.into(), found.map(|index| index as u32));
        }
        found
    }

    fn patterns(&self, definitions: &[Definition]) -> &RegexSet {
        self.patterns.get_or_init(|| {
            let patterns = definitions.iter().map(|definition| &definition.pattern);
            RegexSet::new(patterns).expect("patterns are checked when a list is read")
        })
    }

    #[cfg(test)]
    pub(super) fn remembered_count(&self) -> usize {
        self.remembered.read().unwrap().len()
    }
}
