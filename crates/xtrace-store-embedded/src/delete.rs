//! Deleting traces with all that belongs to them.

use std::collections::BTreeSet;

use fjall::Snapshot;
use xtrace_model::derive::{last_activity, trace_row};
use xtrace_model::{ObservationKey, ProjectId, Timestamp, TraceId};

use crate::commit::{Change, Writer};
use crate::errors::EmbeddedError;
use crate::instance::Instance;
use crate::parts::PartKey;
use crate::truth::records::{Partition, StoredObservation, StoredTrace};
use crate::truth::rows::{observation_payload_key, trace_payload_key};
use crate::truth::{Truth, keys};

/// Rows that one batch takes away: larger traces end a batch, so that commits between need not wait long.
const BATCH_ROWS: usize = 5_000;

/// Which of the named traces to delete.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    All,
    /// Those last active before this; payloads in partitions that end before it stay, as the whole
    /// partition is about to go.
    Expired(Timestamp),
}

impl Writer {
    /// Deletes traces; the answer is how many of them were there.
    pub fn delete_traces(
        &mut self,
        project: &ProjectId,
        ids: &[TraceId],
        which: Which,
    ) -> Result<u64, EmbeddedError> {
        let instance = self.instance.clone();
        let truth = &instance.truth;
        let mut deleted = 0;
        let mut change = self.begin();
        for id in ids.iter().collect::<BTreeSet<_>>() {
            let at = truth.snapshot();
            let key = keys::trace(project, id);
            let Some(stored) = truth.trace(&at, &key)? else {
                continue;
            };
            if !which.covers(id, &stored) {
                continue;
            }
            let taking = Taking {
                instance: &instance,
                at: &at,
                project,
                which,
            };
            let mut summary = stored.summary.clone();
            if stored.lacks_calls {
                summary = truth.summary_anew(&at, project, id)?;
            }
            let row = trace_row(id.clone(), &stored.facts, summary);
            change.rollup.subtract(project, &row);
            for observation in truth.observations_of(&at, project, id)? {
                taking.take_observation(&mut change, &observation)?;
            }
            taking.take_trace(&mut change, &key, &stored)?;
            deleted += 1;
            if change.len() >= BATCH_ROWS {
                let full = std::mem::replace(&mut change, self.begin());
                self.store(full)?;
                change = self.begin();
            }
        }
        if !change.batch.is_empty() {
            self.store(change)?;
        }
        Ok(deleted)
    }
}

impl Which {
    fn covers(self, id: &TraceId, stored: &StoredTrace) -> bool {
        match self {
            Self::All => true,
            Self::Expired(before) => {
                let row = trace_row(id.clone(), &stored.facts, stored.summary.clone());
                last_activity(&row) < before
            }
        }
    }
}

/// One trace while it is deleted.
struct Taking<'a> {
    instance: &'a Instance,
    at: &'a Snapshot,
    project: &'a ProjectId,
    which: Which,
}

impl Taking<'_> {
    fn take_trace(
        &self,
        change: &mut Change,
        key: &[u8],
        stored: &StoredTrace,
    ) -> Result<(), EmbeddedError> {
        change.batch.remove(&self.instance.truth.traces, key);
        change.record.hidden_traces.push(stored.version);
        self.take_payload(change, stored.partition, &trace_payload_key(key))
    }

    fn take_observation(
        &self,
        change: &mut Change,
        (id, stored): &(ObservationKey, StoredObservation),
    ) -> Result<(), EmbeddedError> {
        let truth = &self.instance.truth;
        let key = keys::observation(self.project, id);
        change.batch.remove(&truth.observations, key.as_slice());
        let by_id = keys::observation_by_id(self.project, id);
        change.batch.remove(&truth.observation_ids, by_id);
        change.record.hidden_observations.push(stored.version);
        self.take_payload(change, stored.partition, &observation_payload_key(&key))
    }

    fn take_payload(
        &self,
        change: &mut Change,
        partition: Partition,
        key: &[u8],
    ) -> Result<(), EmbeddedError> {
        let Some(partition) = partition else {
            return Ok(());
        };
        if let Which::Expired(before) = self.which
            && Truth::partition_end(partition) < before
        {
            return Ok(());
        }
        take_payload(
            self.instance,
            self.at,
            change,
            (partition, self.project, key),
        )
    }
}

/// Takes away a payload, and marks the parts that it names.
pub fn take_payload(
    instance: &Instance,
    at: &Snapshot,
    change: &mut Change,
    (partition, project, key): (u32, &ProjectId, &[u8]),
) -> Result<(), EmbeddedError> {
    let Some(payloads) = instance.truth.stored_payloads(partition) else {
        return Ok(());
    };
    let texts = instance.truth.stored_texts(at, &payloads, key);
    match texts.and_then(|texts| texts.named()) {
        Ok(ids) => {
            let group = instance.parts.group(partition, project);
            let keys = ids.into_iter().map(|id| PartKey { group, id });
            change.parts.unreferred.extend(keys);
        }
        // It goes all the same; its parts stay until the partition goes.
        Err(error @ (EmbeddedError::Corrupt { .. } | EmbeddedError::Payload(_))) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a payload that is deleted cannot be read"
            );
        }
        Err(error) => return Err(error),
    }
    change.batch.remove(&payloads, key);
    Ok(())
}
