//! What is done for a batch before the writer has it: texts are split, new parts compressed, records laid out.
//!
//! What it guarantees: the order of a batch; nothing of it is written. What it deliberately does not do: read rows.
//! So the partition is that of a row which is new, and the writer does again what turns out to be otherwise.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use fjall::Keyspace;
use xtrace_model::observation::ObservationContent;
use xtrace_model::trace::TraceContent;
use xtrace_model::{JsonText, PriceBook, ProjectId, Timestamp};
use xtrace_payload::{Codec, split};
use xtrace_store::{CommitBatch, ProjectScope, Write, WriteItem};

use crate::engine::EmbeddedEngine;
use crate::errors::EmbeddedError;
use crate::instance::Instance;
use crate::parts::{Group, PartKey, Parts};
use crate::truth::Truth;
use crate::truth::contents::{Content, Kept, Named, StoredContent, Texts, map};
use crate::truth::parts::part_key;

use super::telemetry::received;

/// With so little text a batch is prepared by the writer: two changes of threads take longer.
const SMALL_BYTES: usize = 16 << 10;
/// Bytes of text that are worth a thread of their own.
const SHARE_BYTES_MIN: usize = 256 << 10;
const SHARES_MAX: usize = 4;

/// A batch as the writer takes it.
pub struct Prepared {
    pub items: Vec<PreparedItem>,
    pub prices: Arc<PriceBook>,
    pub fresh: Fresh,
}

/// A batch on its way to the writer.
pub enum Batch {
    /// As it came: there is little to prepare.
    Small(CommitBatch),
    Prepared(Prepared),
}

/// An item whose texts have been taken out of its patch.
pub struct PreparedItem {
    pub scope: ProjectScope,
    pub write: Write,
    pub payload: Option<Sent>,
}

/// The payload of a patch.
pub struct Sent {
    pub texts: Texts,
    /// What is to be stored if this is all that is known of the row's payload.
    pub value: Vec<u8>,
}

/// Parts that were not there, as they are to be stored, and what that was found out from.
#[derive(Default)]
pub struct Fresh {
    pub bodies: HashMap<PartKey, Vec<u8>>,
    pub basis: Option<(Arc<Parts>, u64)>,
}

impl EmbeddedEngine {
    /// Prepares a batch, on several threads where it is large.
    pub(crate) async fn prepare(&self, batch: CommitBatch) -> Result<Batch, EmbeddedError> {
        let bytes: usize = batch.items.iter().filter_map(text_bytes).sum();
        if bytes <= SMALL_BYTES {
            return Ok(Batch::Small(batch));
        }
        let CommitBatch { items, prices } = batch;
        let instance = self.shared.instance().inspect_err(|_| self.shared.heal())?;
        let mut fresh = Fresh::as_of_now(&instance);
        let mut prepared = Vec::with_capacity(items.len());
        let shares: Vec<_> = shares(items)
            .into_iter()
            .map(|share| {
                let instance = instance.clone();
                tokio::task::spawn_blocking(move || prepare_share(&instance, share))
            })
            .collect();
        drop(instance);
        for share in shares {
            let done = share.await;
            let (items, bodies) =
                done.map_err(|error| EmbeddedError::Defect(error.to_string()))??;
            prepared.extend(items);
            fresh.bodies.extend(bodies);
        }
        Ok(Batch::Prepared(Prepared {
            items: prepared,
            prices,
            fresh,
        }))
    }
}

impl Batch {
    /// The batch with what there was left to prepare.
    pub fn into_prepared(self, instance: &Instance) -> Result<Prepared, EmbeddedError> {
        let CommitBatch { items, prices } = match self {
            Self::Prepared(prepared) => return Ok(prepared),
            Self::Small(batch) => batch,
        };
        if items.iter().all(|item| text_bytes(item).is_none()) {
            let items = items.into_iter().map(PreparedItem::bare).collect();
            let fresh = Fresh::default();
            return Ok(Prepared {
                items,
                prices,
                fresh,
            });
        }
        let mut fresh = Fresh::as_of_now(instance);
        let (items, bodies) = prepare_share(instance, items)?;
        fresh.bodies = bodies;
        Ok(Prepared {
            items,
            prices,
            fresh,
        })
    }
}

impl Fresh {
    /// INVARIANT: before anything is looked up.
    fn as_of_now(instance: &Instance) -> Self {
        let parts = instance.parts.clone();
        let removals = parts.removals();
        Self {
            bodies: HashMap::new(),
            basis: Some((parts, removals)),
        }
    }
}

impl PreparedItem {
    fn bare(item: WriteItem) -> Self {
        Self {
            scope: item.scope,
            write: item.write,
            payload: None,
        }
    }
}

/// Bytes of text to split; `None` without a payload.
fn text_bytes(item: &WriteItem) -> Option<usize> {
    let texts = match &item.write {
        Write::Trace { patch, .. } if !patch.content.is_absent() => {
            [&patch.content.input, &patch.content.output]
        }
        Write::Observation { patch, .. } if !patch.content.is_absent() => {
            [&patch.content.input, &patch.content.output]
        }
        _ => return None,
    };
    let lengths = texts.map(|text| text.get().map_or(0, |text| text.as_str().len()));
    Some(lengths.iter().sum())
}

/// Runs of items with about as much text each.
fn shares(items: Vec<WriteItem>) -> Vec<Vec<WriteItem>> {
    let total: usize = items.iter().filter_map(text_bytes).sum();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let count = (total / SHARE_BYTES_MIN).clamp(1, threads.min(SHARES_MAX));
    let share_bytes = total / count;
    let mut shares = vec![Vec::new()];
    let mut bytes = 0;
    for item in items {
        if bytes > share_bytes && shares.len() < count {
            shares.push(Vec::new());
            bytes = 0;
        }
        bytes += text_bytes(&item).unwrap_or(0);
        if let Some(share) = shares.last_mut() {
            share.push(item);
        }
    }
    shares
}

type Bodies = HashMap<PartKey, Vec<u8>>;

fn prepare_share(
    instance: &Instance,
    items: Vec<WriteItem>,
) -> Result<(Vec<PreparedItem>, Bodies), EmbeddedError> {
    let prepared = instance.truth.codecs.with(|codec| {
        let mut share = Share {
            instance,
            codec,
            keyspaces: HashMap::new(),
            known: HashSet::new(),
            bodies: HashMap::new(),
        };
        let items: Result<Vec<_>, _> = items.into_iter().map(|item| share.item(item)).collect();
        items.map(|items| (items, share.bodies))
    });
    prepared?
}

struct Share<'a> {
    instance: &'a Instance,
    codec: &'a mut Codec,
    keyspaces: HashMap<u32, Option<Keyspace>>,
    known: HashSet<PartKey>,
    bodies: Bodies,
}

impl Share<'_> {
    fn item(&mut self, mut item: WriteItem) -> Result<PreparedItem, EmbeddedError> {
        let project = item.scope.project();
        let payload = match &mut item.write {
            Write::Trace { patch, .. } => {
                let at = received(patch.facts.updated_at, patch.facts.created_at);
                self.sent::<TraceContent>(project, at, &mut patch.content)?
            }
            Write::Observation { patch, .. } => {
                let at = received(patch.facts.updated_at, patch.facts.created_at);
                self.sent::<ObservationContent>(project, at, &mut patch.content)?
            }
            Write::Points { .. } => None,
        };
        Ok(PreparedItem {
            payload,
            ..PreparedItem::bare(item)
        })
    }

    fn sent<C: Content>(
        &mut self,
        project: &ProjectId,
        received: Timestamp,
        content: &mut C,
    ) -> Result<Option<Sent>, EmbeddedError> {
        if content.has_nothing() {
            return Ok(None);
        }
        let group = self
            .instance
            .parts
            .group(Truth::partition_at(received), project);
        let (input, output) = content.texts();
        let (input, output) = (std::mem::take(input), std::mem::take(output));
        let texts = Texts {
            input: map(&input, |text| self.keep(group, project, text))?,
            output: map(&output, |text| self.keep(group, project, text))?,
        };
        let stored = StoredContent {
            texts,
            rest: content.clone(),
        };
        let value = stored.encode(self.codec);
        let texts = stored.texts;
        Ok(Some(Sent { texts, value }))
    }

    /// Splits a text and compresses those of its parts that are new.
    fn keep(
        &mut self,
        group: Group,
        project: &ProjectId,
        text: &JsonText,
    ) -> Result<Kept, EmbeddedError> {
        let split = split(text.as_str());
        let mut new = Vec::new();
        for part in split.parts() {
            let key = PartKey { group, id: part.id };
            if !self.is_known(key, project)? {
                let mut stored = Vec::with_capacity(part.body.len() / 2);
                self.codec.encode(part.body, &mut stored);
                self.bodies.insert(key, stored);
                new.push(part.body);
            }
        }
        self.instance.truth.codecs.see(&new);
        let parts = Named {
            ids: split.parts().map(|part| part.id).collect(),
            checked: Some(group.partition),
        };
        Ok(Kept::new(text.clone(), split.into_recipe(), parts))
    }

    fn is_known(&mut self, key: PartKey, project: &ProjectId) -> Result<bool, EmbeddedError> {
        if self.known.contains(&key) || self.bodies.contains_key(&key) {
            return Ok(true);
        }
        let truth = &self.instance.truth;
        let partition = key.group.partition;
        let keyspace = self
            .keyspaces
            .entry(partition)
            .or_insert_with(|| truth.stored_payloads(partition));
        let is_known = self.instance.parts.is_recent(key)
            || match keyspace {
                Some(keyspace) => keyspace.contains_key(part_key(project, key.id))?,
                None => false,
            };
        if is_known {
            self.known.insert(key);
        }
        Ok(is_known)
    }
}
