//! Parts of payloads: their keys, and texts put together from them.
//!
//! A part lies in each payload partition and project that refers to it, under its id; what may have lost its last
//! reference is marked there until a sweep (`crate::sweep`) has looked.

use std::collections::BTreeMap;

use fjall::{Keyspace, Readable, Snapshot, UserKey};
use xtrace_model::{JsonText, ProjectId};
use xtrace_payload::{Codec, Joiner, PartId};

use super::codecs::BODY_BYTES_MAX;
use super::contents::{Content, Kept, StoredContent, Texts, map, texts_of};
use super::records::Partition;
use super::{Truth, keys};
use crate::errors::EmbeddedError;

const PART: u8 = b'p';
const MARK: u8 = b'g';

/// `p project NUL id`
pub fn part_key(project: &ProjectId, id: PartId) -> Vec<u8> {
    let mut key = part_prefix(project);
    key.extend_from_slice(id.as_bytes());
    key
}

/// The prefix of a project's parts.
pub fn part_prefix(project: &ProjectId) -> Vec<u8> {
    tagged(PART, project)
}

/// `g project NUL id`
pub fn mark_key(project: &ProjectId, id: PartId) -> Vec<u8> {
    let mut key = tagged(MARK, project);
    key.extend_from_slice(id.as_bytes());
    key
}

/// The id at the end of a key of a part or a mark.
pub fn id_of(key: &[u8]) -> Option<PartId> {
    key.last_chunk().map(|id| PartId::from_bytes(*id))
}

fn tagged(tag: u8, project: &ProjectId) -> Vec<u8> {
    let mut key = vec![tag];
    key.extend(keys::project_prefix(project));
    key
}

fn parse_mark(key: &UserKey) -> Option<(ProjectId, PartId)> {
    let (rest, id) = key.split_last_chunk::<{ PartId::BYTES }>()?;
    let project = rest.strip_prefix(&[MARK])?.strip_suffix(&[0])?;
    let project = ProjectId::new(std::str::from_utf8(project).ok()?).ok()?;
    Some((project, PartId::from_bytes(*id)))
}

/// Where parts are looked for.
pub struct PartReader<'a> {
    pub at: &'a Snapshot,
    pub keyspace: Keyspace,
    pub project: &'a ProjectId,
}

impl PartReader<'_> {
    /// The body of a part, if it is there.
    pub fn body(&self, id: PartId, codec: &mut Codec) -> Result<Option<Vec<u8>>, EmbeddedError> {
        let value = self.at.get(&self.keyspace, part_key(self.project, id))?;
        let body = value.map(|stored| codec.decode(&stored, BODY_BYTES_MAX));
        Ok(body.transpose()?)
    }

    /// Everything that is needed to join these texts, each part read once, in order of keys.
    fn collect(&self, texts: &[&Kept], codec: &mut Codec) -> Result<Joiner, EmbeddedError> {
        let mut joiner = Joiner::new(BODY_BYTES_MAX);
        for kept in texts {
            joiner.add(kept.recipe())?;
        }
        loop {
            let mut round = joiner.missing();
            if round.is_empty() {
                return Ok(joiner);
            }
            round.sort_unstable();
            for id in round {
                // What is missing is reported by the text that needs it.
                if let Some(body) = self.body(id, codec)? {
                    joiner.insert(id, body)?;
                }
            }
        }
    }
}

/// A row whose payload is asked for: the key of the payload, and its partition.
pub type Wanted = (Vec<u8>, Partition);

impl Truth {
    /// The marks of a partition.
    pub fn marks(
        &self,
        partition: u32,
    ) -> impl Iterator<Item = Result<(ProjectId, PartId), EmbeddedError>> + use<> {
        let keyspace = self.stored_payloads(partition);
        let entries = keyspace.into_iter().flat_map(|marks| marks.prefix([MARK]));
        entries.map(|entry| {
            parse_mark(&entry.key()?).ok_or_else(|| EmbeddedError::Corrupt {
                what: "mark of a part",
                why: "no project and id".to_owned(),
            })
        })
    }

    /// The payload of a row as it is stored.
    pub fn stored_content<C: Content>(
        &self,
        at: &Snapshot,
        (key, partition): &Wanted,
    ) -> Result<Option<StoredContent<C>>, EmbeddedError> {
        let Some(keyspace) = partition.and_then(|partition| self.stored_payloads(partition)) else {
            return Ok(None);
        };
        let Some(value) = at.get(&keyspace, key)? else {
            return Ok(None);
        };
        let content = self
            .codecs
            .with(|codec| StoredContent::decode(&value, codec))?;
        content.map(Some)
    }

    /// The texts of a row's payload as they are stored.
    pub fn stored_texts(
        &self,
        at: &Snapshot,
        keyspace: &Keyspace,
        key: &[u8],
    ) -> Result<Texts, EmbeddedError> {
        match at.get(keyspace, key)? {
            Some(value) => self.codecs.with(|codec| texts_of(&value, codec))?,
            None => Ok(Texts::default()),
        }
    }

    /// The text of one recipe.
    pub fn text(
        &self,
        at: &Snapshot,
        (project, partition): (&ProjectId, u32),
        kept: &Kept,
    ) -> Result<JsonText, EmbeddedError> {
        let keyspace = self.payloads(partition)?;
        let reader = PartReader {
            at,
            keyspace,
            project,
        };
        let joiner = self.codecs.with(|codec| reader.collect(&[kept], codec))??;
        Ok(JsonText::from_stored(joiner.join(kept.recipe())?))
    }

    /// The payloads of some rows with their texts, in the order asked for; a row without has an empty one.
    pub fn contents<C: Content>(
        &self,
        at: &Snapshot,
        project: &ProjectId,
        wanted: &[Wanted],
    ) -> Result<Vec<C>, EmbeddedError> {
        let mut stored = Vec::with_capacity(wanted.len());
        let mut by_partition: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (index, row) in wanted.iter().enumerate() {
            let content: Option<StoredContent<C>> = self.stored_content(at, row)?;
            stored.push(content.unwrap_or_default());
            if let Some(partition) = row.1 {
                by_partition.entry(partition).or_default().push(index);
            }
        }
        let mut contents: Vec<C> = vec![C::default(); wanted.len()];
        for (partition, rows) in by_partition {
            let Some(keyspace) = self.stored_payloads(partition) else {
                continue;
            };
            let reader = PartReader {
                at,
                keyspace,
                project,
            };
            let texts = rows.iter().flat_map(|&row| stored[row].texts.all());
            let split: Vec<&Kept> = texts.filter(|kept| kept.text.is_none()).collect();
            let joiner = self.codecs.with(|codec| reader.collect(&split, codec))??;
            for row in rows {
                contents[row] = join(std::mem::take(&mut stored[row]), &joiner)?;
            }
        }
        Ok(contents)
    }
}

fn join<C: Content>(stored: StoredContent<C>, joiner: &Joiner) -> Result<C, EmbeddedError> {
    let text = |kept: &Kept| match &kept.text {
        Some(text) => Ok(text.clone()),
        None => Ok(JsonText::from_stored(joiner.join(kept.recipe())?)),
    };
    let mut content = stored.rest;
    let (input, output) = content.texts();
    *input = map(&stored.texts.input, text)?;
    *output = map(&stored.texts.output, text)?;
    Ok(content)
}
