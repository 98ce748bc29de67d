//! What is known of parts without looking them up: which were written lately, and which may have lost their last
//! reference.
//!
//! What it guarantees: a part that was seen here as written is still there if nothing was removed since
//! ([`Parts::removals`]); a mark that is still the same when a sweep ends was there all the time, so nothing has
//! referred anew to its part. Only the writer changes what is kept here, after the batch that does the same on disk.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use fjall::OwnedWriteBatch;
use xtrace_model::ProjectId;
use xtrace_payload::PartId;

use crate::errors::EmbeddedError;
use crate::truth::Truth;
use crate::truth::parts::mark_key;

/// Parts remembered as written: this many twice, at some 50 bytes.
const RECENT_MAX: usize = 32 * 1024;
/// Marks; a part that finds no room for its mark stays until its partition goes.
const MARKS_MAX: usize = 1_000_000;

/// Where parts are shared: within a partition and a project, which has a number of its own in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    pub partition: u32,
    pub project: u32,
}

/// A part in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartKey {
    pub group: Group,
    pub id: PartId,
}

/// See the module.
#[derive(Default)]
pub struct Parts {
    projects: Mutex<Projects>,
    recent: Mutex<Recent>,
    marks: Mutex<Marks>,
    removals: AtomicU64,
    pub figures: PartFigures,
}

/// What was done since the store was opened.
#[derive(Debug, Default)]
pub struct PartFigures {
    pub written: AtomicU64,
    pub written_bytes: AtomicU64,
    pub referred: AtomicU64,
    pub removed: AtomicU64,
    /// Could not be marked.
    pub left: AtomicU64,
    pub sweeps: AtomicU64,
}

impl PartFigures {
    pub fn add(figure: &AtomicU64, more: usize) {
        figure.fetch_add(more as u64, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Projects {
    numbers: HashMap<ProjectId, u32>,
    names: Vec<ProjectId>,
}

/// Two generations: when the younger is full, the older one is forgotten.
#[derive(Default)]
struct Recent {
    young: HashSet<PartKey>,
    old: HashSet<PartKey>,
}

#[derive(Default)]
struct Marks {
    /// Which mark of all that were ever made.
    of: BTreeMap<Group, HashMap<PartId, u64>>,
    count: usize,
    last: u64,
}

/// What a change does to parts, collected in memory.
#[derive(Debug, Default)]
pub struct PartChanges {
    /// Everything that what is written names.
    pub referred: HashSet<PartKey>,
    pub written: Vec<PartKey>,
    pub written_bytes: usize,
    /// What replaced or deleted payloads named.
    pub unreferred: HashSet<PartKey>,
}

/// What a sweep has found out about a marked part.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    pub id: PartId,
    pub mark: u64,
    pub is_unused: bool,
}

impl Parts {
    /// Takes up the marks on disk.
    pub fn open(truth: &Truth) -> Result<Self, EmbeddedError> {
        let parts = Self::default();
        for partition in truth.partitions() {
            for marked in truth.marks(partition) {
                let (project, id) = marked?;
                let group = parts.group(partition, &project);
                parts.marks().set(PartKey { group, id });
            }
        }
        Ok(parts)
    }

    pub fn group(&self, partition: u32, project: &ProjectId) -> Group {
        let mut projects = self.projects.lock().expect("no panic while held");
        let number = projects.numbers.get(project).copied();
        let project = number.unwrap_or_else(|| {
            let number = u32::try_from(projects.names.len()).expect("fewer projects than that");
            projects.numbers.insert(project.clone(), number);
            projects.names.push(project.clone());
            number
        });
        Group { partition, project }
    }

    pub fn project(&self, group: Group) -> ProjectId {
        let projects = self.projects.lock().expect("no panic while held");
        projects.names[group.project as usize].clone()
    }

    /// How often parts were removed: what was known before the last time may be wrong.
    pub fn removals(&self) -> u64 {
        self.removals.load(Ordering::Acquire)
    }

    /// Whether a part was written lately.
    pub fn is_recent(&self, key: PartKey) -> bool {
        let recent = self.recent();
        recent.young.contains(&key) || recent.old.contains(&key)
    }

    pub fn mark_count(&self) -> usize {
        self.marks().count
    }

    /// Where something is marked.
    pub fn marked_groups(&self) -> Vec<Group> {
        self.marks().of.keys().copied().collect()
    }

    /// The marks of a group.
    pub fn marks_of(&self, group: Group) -> HashMap<PartId, u64> {
        self.marks().of.get(&group).cloned().unwrap_or_default()
    }

    /// Adds to a batch what the change means for marks: what it names loses its mark, what it names no more gets one.
    pub fn lay(
        &self,
        changes: &mut PartChanges,
        truth: &Truth,
        batch: &mut OwnedWriteBatch,
    ) -> Result<(), EmbeddedError> {
        let marks = self.marks();
        changes
            .unreferred
            .retain(|key| !changes.referred.contains(key));
        let mut room = MARKS_MAX.saturating_sub(marks.count);
        let mut left = 0;
        let mut new = Vec::new();
        changes.unreferred.retain(|key| {
            let is_new = !marks.has(*key);
            if is_new && room == 0 {
                left += 1;
                return false;
            }
            if is_new {
                room -= 1;
                new.push(*key);
            }
            true
        });
        PartFigures::add(&self.figures.left, left);
        for key in new {
            let keyspace = truth.payloads(key.group.partition)?;
            batch.insert(&keyspace, mark_key(&self.project(key.group), key.id), []);
        }
        if marks.count > 0 {
            for key in changes.referred.iter().filter(|key| marks.has(**key)) {
                let keyspace = truth.payloads(key.group.partition)?;
                batch.remove(&keyspace, mark_key(&self.project(key.group), key.id));
            }
        }
        Ok(())
    }

    /// Remembers a change that is on disk.
    pub fn apply(&self, changes: PartChanges) {
        let mut marks = self.marks();
        // Marked once more, it is another mark: a sweep that began before knows nothing of it.
        for key in changes.unreferred {
            marks.set(key);
        }
        for key in &changes.referred {
            marks.clear(*key);
        }
        drop(marks);
        PartFigures::add(&self.figures.referred, changes.referred.len());
        PartFigures::add(&self.figures.written, changes.written.len());
        PartFigures::add(&self.figures.written_bytes, changes.written_bytes);
        let mut recent = self.recent();
        for key in changes.written {
            recent.insert(key);
        }
    }

    /// Those of a sweep's verdicts that still hold.
    pub fn standing(&self, group: Group, verdicts: &mut Vec<Verdict>) {
        let marks = self.marks();
        let of_group = marks.of.get(&group);
        verdicts.retain(|verdict| {
            of_group.and_then(|marks| marks.get(&verdict.id)) == Some(&verdict.mark)
        });
    }

    /// Remembers what a sweep has done on disk.
    pub fn settle(&self, group: Group, verdicts: &[Verdict]) {
        let mut removed = 0;
        let mut marks = self.marks();
        let mut recent = self.recent();
        for verdict in verdicts {
            let id = verdict.id;
            let key = PartKey { group, id };
            marks.clear(key);
            if verdict.is_unused {
                recent.remove(key);
                removed += 1;
            }
        }
        PartFigures::add(&self.figures.removed, removed);
        // INVARIANT: last, so that whoever reads the new number finds nothing that is gone.
        self.removals.fetch_add(1, Ordering::Release);
    }

    /// Forgets a partition that is gone.
    pub fn forget(&self, partition: u32) {
        let mut marks = self.marks();
        marks.of.retain(|group, _| group.partition != partition);
        marks.count = marks.of.values().map(HashMap::len).sum();
        let mut recent = self.recent();
        recent.young.retain(|key| key.group.partition != partition);
        recent.old.retain(|key| key.group.partition != partition);
        self.removals.fetch_add(1, Ordering::Release);
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().expect("no panic while held")
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().expect("no panic while held")
    }
}

impl Recent {
    fn insert(&mut self, key: PartKey) {
        self.young.insert(key);
        if self.young.len() >= RECENT_MAX {
            self.old = std::mem::take(&mut self.young);
        }
    }

    fn remove(&mut self, key: PartKey) {
        self.young.remove(&key);
        self.old.remove(&key);
    }
}

impl Marks {
    fn has(&self, key: PartKey) -> bool {
        let of_group = self.of.get(&key.group);
        of_group.is_some_and(|marks| marks.contains_key(&key.id))
    }

    fn set(&mut self, key: PartKey) {
        self.last += 1;
        let before = self
            .of
            .entry(key.group)
            .or_default()
            .insert(key.id, self.last);
        self.count += usize::from(before.is_none());
    }

    fn clear(&mut self, key: PartKey) {
        let Some(of_group) = self.of.get_mut(&key.group) else {
            return;
        };
        if of_group.remove(&key.id).is_some() {
            self.count -= 1;
        }
        if of_group.is_empty() {
            self.of.remove(&key.group);
        }
    }
}
