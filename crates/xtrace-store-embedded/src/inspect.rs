//! What this crate's tests look at and bring about, which nobody else may.

use std::collections::BTreeSet;

use fjall::Readable;
use xtrace_model::ProjectId;
use xtrace_model::observation::ObservationContent;
use xtrace_model::trace::TraceContent;
use xtrace_payload::PartId;

use crate::engine::{Command, EmbeddedEngine};
use crate::errors::EmbeddedError;
use crate::instance::Instance;
use crate::projection::schema::{FILE, Rows, fingerprint_without_rollups};
use crate::truth::contents::Content;
use crate::truth::keys::project_of;
use crate::truth::parts::id_of;
use crate::truth::records::{StoredTrace, encode};
use crate::truth::rows::split_payload_key;

/// A part in its partition and project.
pub type StoredPart = (u32, ProjectId, PartId);

impl EmbeddedEngine {
    /// The keys of all parts.
    pub fn part_keys(&self) -> Result<BTreeSet<StoredPart>, EmbeddedError> {
        self.keys_of(b'p')
    }

    /// The keys of all parts that are marked.
    pub fn marked_keys(&self) -> Result<BTreeSet<StoredPart>, EmbeddedError> {
        self.keys_of(b'g')
    }

    fn keys_of(&self, tag: u8) -> Result<BTreeSet<StoredPart>, EmbeddedError> {
        let instance = self.shared.instance()?;
        let mut found = BTreeSet::new();
        for partition in instance.truth.partitions() {
            let keyspace = instance.truth.payloads(partition)?;
            for entry in instance.truth.snapshot().prefix(&keyspace, [tag]) {
                let key = entry.key()?;
                let (Some(project), Some(id)) = (project_of(&key[1..]), id_of(&key)) else {
                    return Err(EmbeddedError::Defect("a key without a part".to_owned()));
                };
                found.insert((partition, project, id));
            }
        }
        Ok(found)
    }

    /// Compresses with a dictionary of these bytes from now on.
    pub fn keep_dictionary(&self, bytes: Vec<u8>) -> Result<(), EmbeddedError> {
        let keep = |reply| Command::UseDictionary(bytes, reply);
        self.shared.ask_patiently(keep)
    }

    /// Stores all texts whole, as format 1 does. The store must be opened anew afterwards.
    pub fn store_texts_whole(&self) -> Result<(), EmbeddedError> {
        let instance = self.shared.instance()?;
        let at = instance.truth.snapshot();
        for partition in instance.truth.partitions() {
            let keyspace = instance.truth.payloads(partition)?;
            let mut batch = instance.truth.batch();
            for entry in at.iter(&keyspace) {
                let key = entry.key()?;
                let row =
                    split_payload_key(&key).map(|(is_trace, row)| (is_trace, project_of(row)));
                match row {
                    Some((true, Some(project))) => {
                        let value = whole::<TraceContent>(&instance, &project, (&key, partition))?;
                        batch.insert(&keyspace, key, value);
                    }
                    Some((false, Some(project))) => {
                        let row = (&*key, partition);
                        let value = whole::<ObservationContent>(&instance, &project, row)?;
                        batch.insert(&keyspace, key, value);
                    }
                    _ => batch.remove(&keyspace, key),
                }
            }
            instance.truth.commit(batch)?;
        }
        Ok(())
    }
}

impl EmbeddedEngine {
    /// Stores all as format 2 does: summaries without model calls, and no rollups. The store must be opened anew
    /// afterwards.
    pub fn store_without_rollups(&self) -> Result<(), EmbeddedError> {
        let instance = self.shared.instance()?;
        instance.move_all()?;
        let mut batch = instance.truth.batch();
        for entry in instance.truth.snapshot().iter(&instance.truth.traces) {
            let (key, value) = entry.into_inner()?;
            let stored = StoredTrace::decode(&value)?;
            batch.insert(&instance.truth.traces, key, stored.encode_without_calls());
        }
        instance.truth.commit(batch)?;
        let background = instance.background.lock().expect("no panic while held");
        let (rollups, before) = (Rows::Rollups.in_file(), fingerprint_without_rollups());
        let sql = format!(
            "DROP TABLE {rollups}; UPDATE {FILE}.main.projection SET fingerprint = {before}"
        );
        Ok(background.execute_batch(&sql)?)
    }
}

fn whole<C: Content>(
    instance: &Instance,
    project: &ProjectId,
    (key, partition): (&[u8], u32),
) -> Result<Vec<u8>, EmbeddedError> {
    let wanted = [(key.to_vec(), Some(partition))];
    let at = instance.truth.snapshot();
    let contents: Vec<C> = instance.truth.contents(&at, project, &wanted)?;
    Ok(encode(&contents[0]))
}
