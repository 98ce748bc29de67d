//! Parts that this process knows to be there: those it has seen last.

use std::collections::HashSet;

use xtrace_payload::PartId;

use super::Shelf;

/// Parts of one generation; the two of them take at most some 10 MB.
const GENERATION_MAX: usize = 1 << 17;

/// A bounded set that forgets what has not been asked for in a long time: when the recent generation is full, it takes the
/// place of the older one.
#[derive(Debug, Default)]
pub struct Known {
    epoch: i64,
    recent: HashSet<u128>,
    older: HashSet<u128>,
}

impl Known {
    /// The count of removals as of which everything here is there.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Forgets everything when parts have been removed meanwhile.
    pub fn turn_to(&mut self, epoch: i64) {
        if self.epoch != epoch {
            *self = Self {
                epoch,
                ..Self::default()
            };
        }
    }

    pub fn contains(&mut self, salt: u128, id: PartId) -> bool {
        let key = Self::key(salt, id);
        if self.recent.contains(&key) {
            return true;
        }
        let is_older = self.older.contains(&key);
        if is_older {
            self.insert(key);
        }
        is_older
    }

    pub fn insert(&mut self, key: u128) {
        if self.recent.len() >= GENERATION_MAX {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(key);
    }

    /// A random number for each shelf, so that one number names a part on a shelf.
    pub fn salt((week, project): Shelf<'_>) -> u128 {
        let mut name = week.0.to_le_bytes().to_vec();
        name.extend_from_slice(project.as_bytes());
        u128::from_le_bytes(*PartId::of(&name).as_bytes())
    }

    pub fn key(salt: u128, id: PartId) -> u128 {
        salt ^ u128::from_le_bytes(*id.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use xtrace_payload::PartId;

    use super::{GENERATION_MAX, Known};
    use crate::week::Week;

    #[test]
    fn knows_a_part_on_its_shelf_until_something_is_removed() {
        let mut known = Known::default();
        let id = PartId::of(b"x");
        let (here, there) = (Known::salt((Week(0), "a")), Known::salt((Week(7), "a")));
        known.turn_to(3);
        known.insert(Known::key(here, id));
        assert!(known.contains(here, id));
        assert!(!known.contains(there, id));
        assert!(!known.contains(Known::salt((Week(0), "b")), id));
        known.turn_to(4);
        assert!(!known.contains(here, id));
    }

    #[test]
    fn forgets_what_nobody_asks_for_and_stays_small() {
        let mut known = Known::default();
        let kept = PartId::of(b"kept");
        known.insert(Known::key(0, kept));
        known.insert(1);
        for number in 0..3 * GENERATION_MAX as u128 {
            known.insert(number + 2);
            assert!(known.contains(0, kept));
        }
        assert!(known.recent.len() <= GENERATION_MAX && known.older.len() <= GENERATION_MAX);
        assert!(!known.recent.contains(&1) && !known.older.contains(&1));
    }
}
