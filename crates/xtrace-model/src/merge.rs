//! Merging: registers that forget the order in which events arrived.
//!
//! Every state of this crate is a join-semilattice: joining is commutative, associative and
//! idempotent, so any order, duplication or split of the same events gives the same record
//! (design §2, contracts/langfuse.md §3.3).

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// When an event happened, for deciding which of two values is later.
///
/// `rank` orders events of one instant: a create before an update, an earlier item of a request
/// before a later one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp {
    pub time: Timestamp,
    pub rank: u32,
}

impl Stamp {
    /// Before every event: the stamp of a default, which whatever was really sent replaces.
    pub const EARLIEST: Self = Self {
        time: Timestamp::MIN,
        rank: 0,
    };

    pub fn new(time: Timestamp, rank: u32) -> Self {
        Self { time, rank }
    }
}

/// What a join did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Nothing at all.
    #[default]
    Unchanged,
    /// Only stamps moved: no reader can tell, but a later join can.
    Touched,
    /// A value that readers see.
    Changed,
}

impl Change {
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }
}

/// The value of the latest event that set it; `None` inside is an explicit clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest<T>(Option<(Stamp, Option<T>)>);

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Ord> Latest<T> {
    pub fn set(stamp: Stamp, value: T) -> Self {
        Self(Some((stamp, Some(value))))
    }

    /// An explicit null: later than `stamp`, the field has no value.
    pub fn cleared(stamp: Stamp) -> Self {
        Self(Some((stamp, None)))
    }

    /// Set when there is a value, absent otherwise.
    pub fn maybe(stamp: Stamp, value: Option<T>) -> Self {
        Self(value.map(|value| (stamp, Some(value))))
    }

    pub fn get(&self) -> Option<&T> {
        self.0.as_ref().and_then(|(_, value)| value.as_ref())
    }

    pub fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    /// When the value was set or cleared, for engines that keep the value itself elsewhere.
    pub fn stamp(&self) -> Option<Stamp> {
        self.0.as_ref().map(|(stamp, _)| *stamp)
    }

    pub fn join(&mut self, other: Self) -> Change {
        let Some(theirs) = other.0 else {
            return Change::Unchanged;
        };
        let Some(ours) = &mut self.0 else {
            let seen = theirs.1.is_some();
            self.0 = Some(theirs);
            return if seen {
                Change::Changed
            } else {
                Change::Touched
            };
        };
        // INVARIANT: equal stamps are decided by the value, so the order of joining cannot matter.
        if (theirs.0, &theirs.1) <= (ours.0, &ours.1) {
            return Change::Unchanged;
        }
        let same = theirs.1 == ours.1;
        *ours = theirs;
        if same {
            Change::Touched
        } else {
            Change::Changed
        }
    }
}

/// The value of the earliest event that set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct First<T>(Option<(Stamp, T)>);

impl<T> Default for First<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Ord> First<T> {
    pub fn set(stamp: Stamp, value: T) -> Self {
        Self(Some((stamp, value)))
    }

    pub fn maybe(stamp: Stamp, value: Option<T>) -> Self {
        Self(value.map(|value| (stamp, value)))
    }

    pub fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, value)| value)
    }

    pub fn join(&mut self, other: Self) -> Change {
        let Some(theirs) = other.0 else {
            return Change::Unchanged;
        };
        let Some(ours) = &mut self.0 else {
            self.0 = Some(theirs);
            return Change::Changed;
        };
        if (theirs.0, &theirs.1) >= (ours.0, &ours.1) {
            return Change::Unchanged;
        }
        let same = theirs.1 == ours.1;
        *ours = theirs;
        if same {
            Change::Touched
        } else {
            Change::Changed
        }
    }
}

/// A float with a total order, so that it can be merged.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Real(pub f64);

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Real {}

impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Real {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
