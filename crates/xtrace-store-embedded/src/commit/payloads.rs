//! The payloads of a batch on the writer's side: joined where there are several, written with the parts they name.

use xtrace_model::{Change as Joined, Latest, ProjectId};
use xtrace_payload::{PartId, split};

use super::Change;
use super::prepare::{Fresh, Sent};
use crate::errors::EmbeddedError;
use crate::parts::{Group, PartKey, Parts};
use crate::truth::Truth;
use crate::truth::contents::{Content, Kept, StoredContent, Texts, map};
use crate::truth::parts::{Wanted, part_key};
use fjall::Snapshot;

/// Writes payloads with their parts.
pub struct PayloadWriter<'a> {
    truth: &'a Truth,
    parts: &'a Parts,
    fresh: Fresh,
    /// Whether what was found out before still holds.
    is_current: bool,
}

/// The payload of one row while a batch is joined.
pub struct PayloadWork<C> {
    state: Option<StoredContent<C>>,
    /// What the stored payload names.
    before: Vec<PartId>,
    /// As it is to be stored, if one patch is all there is.
    ready: Option<Vec<u8>>,
    is_alone: bool,
    is_touched: bool,
}

impl<C> Default for PayloadWork<C> {
    fn default() -> Self {
        Self {
            state: None,
            before: Vec::new(),
            ready: None,
            is_alone: false,
            is_touched: false,
        }
    }
}

/// Where a row's payload lies.
pub struct Place<'a> {
    pub project: &'a ProjectId,
    pub key: Vec<u8>,
    pub partition: u32,
}

impl<C: Content> PayloadWork<C> {
    pub fn is_touched(&self) -> bool {
        self.is_touched
    }

    /// What is stored, without its texts, to be joined with a patch that has a payload.
    pub fn load(&mut self, truth: &Truth, at: &Snapshot, row: &Wanted) -> Result<C, EmbeddedError> {
        if self.state.is_none() {
            let stored: Option<StoredContent<C>> = truth.stored_content(at, row)?;
            self.is_alone = stored.is_none();
            let state = stored.unwrap_or_default();
            for kept in state.texts.all().filter(|kept| kept.parts.is_none()) {
                self.before
                    .extend(crate::truth::contents::named(kept.recipe())?);
            }
            self.state = Some(state);
        }
        let state = self.state.as_mut();
        Ok(state.map_or_else(C::default, |state| std::mem::take(&mut state.rest)))
    }

    /// Joins the texts of a patch, and takes back the rest, which has been joined with the patch by then.
    pub fn join(
        &mut self,
        rest: C,
        sent: Sent,
        text_of: &dyn Fn(&Kept) -> Result<Kept, EmbeddedError>,
    ) -> Result<Joined, EmbeddedError> {
        let state = self.state.get_or_insert_default();
        state.rest = rest;
        let Texts { input, output } = sent.texts;
        let joined = join(&mut state.texts.input, input, text_of)?;
        let joined = joined.and(join(&mut state.texts.output, output, text_of)?);
        self.ready = self.is_alone.then_some(sent.value);
        self.is_alone = false;
        Ok(joined)
    }

    /// There is something to write.
    pub fn touch(&mut self) {
        self.is_touched = true;
    }
}

/// As the model joins, with the texts of both where the instant does not decide.
fn join(
    ours: &mut Latest<Kept>,
    theirs: Latest<Kept>,
    text_of: &dyn Fn(&Kept) -> Result<Kept, EmbeddedError>,
) -> Result<Joined, EmbeddedError> {
    if ours.stamp() == theirs.stamp() && ours.get() != theirs.get() {
        *ours = map(ours, text_of)?;
    }
    Ok(ours.join(theirs))
}

impl<'a> PayloadWriter<'a> {
    pub fn new(truth: &'a Truth, parts: &'a std::sync::Arc<Parts>, fresh: Fresh) -> Self {
        let is_ours = fresh
            .basis
            .as_ref()
            .is_some_and(|(basis, _)| std::sync::Arc::ptr_eq(basis, parts));
        let removals = fresh.basis.as_ref().map(|(_, removals)| *removals);
        Self {
            truth,
            parts,
            // Of another instance even the numbers of projects mean something else.
            fresh: if is_ours { fresh } else { Fresh::default() },
            is_current: is_ours && removals == Some(parts.removals()),
        }
    }

    /// Adds a payload to a change: its parts, its record, and marks for what it names no more.
    pub fn write<C: Content>(
        &self,
        place: &Place<'_>,
        work: &mut PayloadWork<C>,
        change: &mut Change,
    ) -> Result<(), EmbeddedError> {
        let Some(state) = work.state.as_ref() else {
            return Ok(());
        };
        let group = self.parts.group(place.partition, place.project);
        for kept in state.texts.all() {
            self.write_parts(place, group, kept, change)?;
        }
        let value = match work.ready.take() {
            Some(value) => value,
            None => self.truth.codecs.with(|codec| state.encode(codec))?,
        };
        let after = state.texts.named()?;
        let replaced = work.before.iter().filter(|id| !after.contains(id));
        let replaced = replaced.map(|&id| PartKey { group, id });
        change.parts.unreferred.extend(replaced);
        let keyspace = self.truth.payloads(place.partition)?;
        change.batch.insert(&keyspace, place.key.as_slice(), value);
        Ok(())
    }

    /// Sees to it that all parts of a text that is new are there with this change.
    fn write_parts(
        &self,
        place: &Place<'_>,
        group: Group,
        kept: &Kept,
        change: &mut Change,
    ) -> Result<(), EmbeddedError> {
        let Some(named) = &kept.parts else {
            return Ok(());
        };
        let keyspace = self.truth.payloads(place.partition)?;
        let is_checked = self.is_current && named.checked == Some(place.partition);
        let mut absent = Vec::new();
        for &id in &named.ids {
            let part = PartKey { group, id };
            if !change.parts.referred.insert(part) {
                continue;
            }
            let key = part_key(place.project, id);
            let fresh = self.fresh.bodies.get(&part);
            if self.parts.is_recent(part) || (is_checked && fresh.is_none()) {
                continue;
            }
            match fresh {
                Some(stored) => change.put_part(&keyspace, part, (key, stored)),
                None if keyspace.contains_key(&key)? => {}
                None => absent.push(id),
            }
        }
        match absent.is_empty() {
            true => Ok(()),
            false => self.split_again(place, kept, (group, &absent), change),
        }
    }

    /// Parts that were there when the batch was prepared, or of a row whose partition is another.
    fn split_again(
        &self,
        place: &Place<'_>,
        kept: &Kept,
        (group, absent): (Group, &[PartId]),
        change: &mut Change,
    ) -> Result<(), EmbeddedError> {
        let text = kept.text.as_ref().ok_or_else(|| {
            EmbeddedError::Defect("a text with new parts is not at hand".to_owned())
        })?;
        let keyspace = self.truth.payloads(place.partition)?;
        let split = split(text.as_str());
        self.truth.codecs.with(|codec| {
            for part in split.parts().filter(|part| absent.contains(&part.id)) {
                let mut stored = Vec::new();
                codec.encode(part.body, &mut stored);
                let id = part.id;
                let key = part_key(place.project, id);
                change.put_part(&keyspace, PartKey { group, id }, (key, &stored));
            }
        })
    }
}
