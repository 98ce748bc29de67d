//! Sweeping: parts that only deleted or replaced payloads referred to go, all others stay.
//!
//! In the batch that deletes or replaces a payload, what its recipes name is marked, on disk as well. A sweep takes
//! the marked parts of one partition and project, marks what they name in turn, and then looks through all records
//! and parts of a snapshot for who refers to them. The writer removes what nobody refers to, and takes away the mark
//! of what somebody does, but only where the mark is still the one the sweep began with: a write that refers to a
//! marked part takes the mark away, one that takes the last reference away makes another.
//!
//! What it guarantees: a crash at any point leaves marks, for the next sweep. What it deliberately does not do: count
//! references; that would cost every write a read.

use std::collections::HashMap;

use fjall::{Guard, Readable, Snapshot};
use xtrace_model::ProjectId;
use xtrace_payload::{Codec, PartId};

use crate::commit::Writer;
use crate::engine::{Command, Shared};
use crate::errors::EmbeddedError;
use crate::failpoint::{Point, hit};
use crate::instance::Instance;
use crate::parts::{Group, PartFigures, PartKey, Verdict};
use crate::truth::codecs::BODY_BYTES_MAX;
use crate::truth::contents::{named, texts_of};
use crate::truth::parts::{PartReader, id_of, mark_key, part_key, part_prefix};
use crate::truth::rows::payload_prefixes;

/// Marked parts that one sweep looks for; more wait for the next.
const SOUGHT_MAX: usize = 100_000;
/// Parts that one command marks, or removes.
const STEP_PARTS: usize = 2_000;
/// Entries read between looks at whether the store is to be closed.
const LOOK_EVERY: usize = 256;

/// A marked part whose references are looked for.
struct Sought {
    mark: u64,
    is_used: bool,
    /// What it names itself.
    names: Vec<PartId>,
}

type AllSought = HashMap<PartId, Sought>;

/// Sweeps a group once; the answer is how many marks it has settled.
pub fn sweep(shared: &Shared, group: Group) -> Result<usize, EmbeddedError> {
    let names = mark_all_below(shared, group)?;
    let sought = look(shared, group, names)?;
    let mut verdicts: Vec<Verdict> = sought
        .into_iter()
        .map(|(id, sought)| Verdict {
            id,
            mark: sought.mark,
            is_unused: !sought.is_used,
        })
        .collect();
    verdicts.sort_unstable_by_key(|verdict| verdict.id);
    let mut settled = 0;
    for step in verdicts.chunks(STEP_PARTS) {
        let verdicts = step.to_vec();
        settled += shared.ask_patiently(|reply| Command::Sweep {
            group,
            verdicts,
            reply,
        })?;
    }
    PartFigures::add(&shared.instance()?.parts.figures.sweeps, 1);
    Ok(settled)
}

/// Marks what marked parts name, and what that names; the answer is who names what.
///
/// INVARIANT: what only a part that goes refers to is marked before that goes, so it is not forgotten.
fn mark_all_below(
    shared: &Shared,
    group: Group,
) -> Result<HashMap<PartId, Vec<PartId>>, EmbeddedError> {
    let mut names: HashMap<PartId, Vec<PartId>> = HashMap::new();
    let mut round: Vec<PartId> = shared
        .instance()?
        .parts
        .marks_of(group)
        .into_keys()
        .collect();
    round.truncate(SOUGHT_MAX);
    while !round.is_empty() {
        let instance = shared.instance()?;
        let found = names_of(shared, &instance, group, &round)?;
        let marked = instance.parts.marks_of(group);
        drop(instance);
        names.extend(found.iter().cloned());
        let mut below: Vec<PartId> = found.into_iter().flat_map(|(_, named)| named).collect();
        below.sort_unstable();
        below.dedup();
        below.retain(|id| !names.contains_key(id));
        let unmarked: Vec<PartId> = below
            .iter()
            .copied()
            .filter(|id| !marked.contains_key(id))
            .collect();
        for step in unmarked.chunks(STEP_PARTS) {
            let ids = step.to_vec();
            shared.ask_patiently(|reply| Command::Mark { group, ids, reply })?;
        }
        round = below;
    }
    Ok(names)
}

fn names_of(
    shared: &Shared,
    instance: &Instance,
    group: Group,
    ids: &[PartId],
) -> Result<Vec<(PartId, Vec<PartId>)>, EmbeddedError> {
    let Some(keyspace) = instance.truth.stored_payloads(group.partition) else {
        return Ok(Vec::new());
    };
    let project = instance.parts.project(group);
    let at = instance.truth.snapshot();
    let reader = PartReader {
        at: &at,
        keyspace,
        project: &project,
    };
    let mut found = Vec::with_capacity(ids.len());
    for step in ids.chunks(LOOK_EVERY) {
        shared.ensure_open()?;
        instance.truth.codecs.with(|codec| {
            for &id in step {
                // One that is not there any more was removed before a crash, or by its group's end.
                let body = reader.body(id, codec)?;
                found.push((
                    id,
                    body.map_or_else(|| Ok(Vec::new()), |body| named(&body))?,
                ));
            }
            Ok::<(), EmbeddedError>(())
        })??;
    }
    Ok(found)
}

/// Finds out which of these parts somebody refers to.
fn look(
    shared: &Shared,
    group: Group,
    mut names: HashMap<PartId, Vec<PartId>>,
) -> Result<AllSought, EmbeddedError> {
    let instance = shared.instance()?;
    // INVARIANT: marks first, then the snapshot: who takes the last reference after the snapshot makes another mark.
    let marks = instance.parts.marks_of(group);
    let at = instance.truth.snapshot();
    let mut sought: AllSought = marks
        .into_iter()
        .filter_map(|(id, mark)| {
            let sought = Sought {
                mark,
                is_used: false,
                names: names.remove(&id)?,
            };
            Some((id, sought))
        })
        .collect();
    let project = instance.parts.project(group);
    let looked = Looking {
        shared,
        instance: &instance,
        at: &at,
        partition: group.partition,
    };
    looked.through_records(&project, &mut sought)?;
    looked.through_parts(&project, &mut sought)?;
    spread(&mut sought);
    Ok(sought)
}

struct Looking<'a> {
    shared: &'a Shared,
    instance: &'a Instance,
    at: &'a Snapshot,
    partition: u32,
}

impl Looking<'_> {
    fn through_records(
        &self,
        project: &ProjectId,
        sought: &mut AllSought,
    ) -> Result<(), EmbeddedError> {
        for prefix in payload_prefixes(project) {
            self.through(&prefix, |_, value, codec| {
                let texts = texts_of(value, codec)?;
                texts.named()?.iter().for_each(|id| use_of(sought, id));
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Parts that are not sought themselves are used, or would be marked.
    fn through_parts(
        &self,
        project: &ProjectId,
        sought: &mut AllSought,
    ) -> Result<(), EmbeddedError> {
        self.through(&part_prefix(project), |key, value, codec| {
            if id_of(key).is_some_and(|id| sought.contains_key(&id)) {
                return Ok(());
            }
            let body = codec.decode(value, BODY_BYTES_MAX)?;
            named(&body)?.iter().for_each(|id| use_of(sought, id));
            Ok(())
        })
    }

    fn through(
        &self,
        prefix: &[u8],
        mut see: impl FnMut(&[u8], &[u8], &mut Codec) -> Result<(), EmbeddedError>,
    ) -> Result<(), EmbeddedError> {
        let Some(keyspace) = self.instance.truth.stored_payloads(self.partition) else {
            return Ok(());
        };
        let entries = self.at.prefix(&keyspace, prefix);
        self.instance.truth.codecs.with(|codec| {
            for (number, entry) in entries.enumerate() {
                if number % LOOK_EVERY == 0 {
                    self.shared.ensure_open()?;
                }
                let (key, value) = Guard::into_inner(entry)?;
                see(&key, &value, codec)?;
            }
            Ok(())
        })?
    }
}

fn use_of(sought: &mut AllSought, id: &PartId) {
    if let Some(sought) = sought.get_mut(id) {
        sought.is_used = true;
    }
}

/// What a used part names is used.
fn spread(sought: &mut AllSought) {
    let used = sought.iter().filter(|(_, sought)| sought.is_used);
    let mut open: Vec<PartId> = used.map(|(id, _)| *id).collect();
    while let Some(id) = open.pop() {
        let names = sought.get(&id).map(|sought| sought.names.clone());
        for named in names.unwrap_or_default() {
            if let Some(below) = sought.get_mut(&named).filter(|below| !below.is_used) {
                below.is_used = true;
                open.push(named);
            }
        }
    }
}

impl Writer {
    /// Marks parts.
    pub fn mark(&mut self, group: Group, ids: Vec<PartId>) -> Result<(), EmbeddedError> {
        if self
            .instance
            .truth
            .stored_payloads(group.partition)
            .is_none()
        {
            return Ok(());
        }
        let mut change = self.begin();
        let marked = ids.into_iter().map(|id| PartKey { group, id });
        change.parts.unreferred.extend(marked);
        self.store(change)
    }

    /// Does what a sweep has found out, where it still holds; the answer is for how many parts it does.
    pub fn settle(
        &mut self,
        group: Group,
        mut verdicts: Vec<Verdict>,
    ) -> Result<usize, EmbeddedError> {
        let (truth, parts) = (&self.instance.truth, &self.instance.parts);
        let Some(keyspace) = truth.stored_payloads(group.partition) else {
            return Ok(0);
        };
        parts.standing(group, &mut verdicts);
        let project = parts.project(group);
        let mut batch = truth.batch();
        for verdict in &verdicts {
            batch.remove(&keyspace, mark_key(&project, verdict.id));
            if verdict.is_unused {
                batch.remove(&keyspace, part_key(&project, verdict.id));
            }
        }
        hit(Point::BeforeSweepRemoval)?;
        truth.commit(batch)?;
        hit(Point::AfterSweepRemoval)?;
        parts.settle(group, &verdicts);
        Ok(verdicts.len())
    }
}
