//! Deleting traces with all that belongs to them.

use std::collections::BTreeSet;

use xtrace_model::derive::{last_activity, trace_row};
use xtrace_model::{ObservationKey, ProjectId, Timestamp, TraceId};

use crate::commit::{Change, Writer};
use crate::errors::EmbeddedError;
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
            for observation in truth.observations_of(&at, project, id)? {
                which.take_observation(truth, &mut change, project, &observation)?;
            }
            which.take_trace(truth, &mut change, &key, &stored)?;
            deleted += 1;
            if change.batch.len() >= BATCH_ROWS {
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

    fn take_trace(
        self,
        truth: &Truth,
        change: &mut Change,
        key: &[u8],
        stored: &StoredTrace,
    ) -> Result<(), EmbeddedError> {
        change.batch.remove(&truth.traces, key);
        change.record.hidden_traces.push(stored.version);
        self.take_payload(truth, change, stored.partition, trace_payload_key(key))
    }

    fn take_observation(
        self,
        truth: &Truth,
        change: &mut Change,
        project: &ProjectId,
        (id, stored): &(ObservationKey, StoredObservation),
    ) -> Result<(), EmbeddedError> {
        let key = keys::observation(project, id);
        change.batch.remove(&truth.observations, key.as_slice());
        change
            .batch
            .remove(&truth.observation_ids, keys::observation_by_id(project, id));
        change.record.hidden_observations.push(stored.version);
        self.take_payload(
            truth,
            change,
            stored.partition,
            observation_payload_key(&key),
        )
    }

    fn take_payload(
        self,
        truth: &Truth,
        change: &mut Change,
        partition: Partition,
        key: Vec<u8>,
    ) -> Result<(), EmbeddedError> {
        let Some(partition) = partition else {
            return Ok(());
        };
        if let Self::Expired(before) = self
            && Truth::partition_end(partition) < before
        {
            return Ok(());
        }
        change.batch.remove(&truth.payloads(partition)?, key);
        Ok(())
    }
}
