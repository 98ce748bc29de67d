//! Point reads: one trace, one observation, the observations of a trace. And the keys of payloads.

use fjall::{Readable, Snapshot};
use xtrace_model::derive::observation_row;
use xtrace_model::{Contribution, ObservationId, ObservationKey, ProjectId, TraceId, TraceSummary};

use super::records::{StoredObservation, StoredTrace, decode};
use super::{Truth, keys};
use crate::errors::EmbeddedError;

pub const TRACE_PAYLOAD: u8 = b't';
pub const OBSERVATION_PAYLOAD: u8 = b'o';

/// The key of a trace's payloads in their partition.
pub fn trace_payload_key(trace: &[u8]) -> Vec<u8> {
    tagged(TRACE_PAYLOAD, trace)
}

/// The key of an observation's payloads in their partition.
pub fn observation_payload_key(observation: &[u8]) -> Vec<u8> {
    tagged(OBSERVATION_PAYLOAD, observation)
}

/// Whether a payload key belongs to a trace, and the key of the row it belongs to.
pub fn split_payload_key(key: &[u8]) -> Option<(bool, &[u8])> {
    let (tag, row) = key.split_first()?;
    match *tag {
        TRACE_PAYLOAD => Some((true, row)),
        OBSERVATION_PAYLOAD => Some((false, row)),
        _ => None,
    }
}

/// The prefixes of the keys of a project's payloads.
pub fn payload_prefixes(project: &ProjectId) -> [Vec<u8>; 2] {
    let prefix = keys::project_prefix(project);
    [TRACE_PAYLOAD, OBSERVATION_PAYLOAD].map(|tag| tagged(tag, &prefix))
}

fn tagged(tag: u8, key: &[u8]) -> Vec<u8> {
    let mut tagged = Vec::with_capacity(key.len() + 1);
    tagged.push(tag);
    tagged.extend_from_slice(key);
    tagged
}

impl Truth {
    pub fn trace(&self, at: &Snapshot, key: &[u8]) -> Result<Option<StoredTrace>, EmbeddedError> {
        let value = at.get(&self.traces, key)?;
        value.map(|bytes| StoredTrace::decode(&bytes)).transpose()
    }

    /// The summary of a trace made anew from its observations.
    pub fn summary_anew(
        &self,
        at: &Snapshot,
        project: &ProjectId,
        trace: &TraceId,
    ) -> Result<TraceSummary, EmbeddedError> {
        let observations = self.observations_of(at, project, trace)?;
        let rows = observations
            .into_iter()
            .map(|(key, stored)| observation_row(key, &stored.facts, &stored.costing));
        Ok(TraceSummary::of(rows.map(|row| Contribution::of(&row))))
    }

    pub fn observation(
        &self,
        at: &Snapshot,
        key: &[u8],
    ) -> Result<Option<StoredObservation>, EmbeddedError> {
        let value = at.get(&self.observations, key)?;
        value.map(|bytes| decode("observation", &bytes)).transpose()
    }

    /// The observations of a trace by id.
    pub fn observations_of(
        &self,
        at: &Snapshot,
        project: &ProjectId,
        trace: &TraceId,
    ) -> Result<Vec<(ObservationKey, StoredObservation)>, EmbeddedError> {
        let mut found = Vec::new();
        for entry in at.prefix(&self.observations, keys::trace_prefix(project, trace)) {
            let (key, value) = entry.into_inner()?;
            let (_, key) =
                keys::parse_observation(&key).ok_or_else(|| unreadable("observation key"))?;
            found.push((key, decode("observation", &value)?));
        }
        Ok(found)
    }

    /// The keys of the observations with this id, by trace.
    pub fn observation_keys(
        &self,
        at: &Snapshot,
        project: &ProjectId,
        id: &ObservationId,
        limit: usize,
    ) -> Result<Vec<ObservationKey>, EmbeddedError> {
        let prefix = keys::observation_id_prefix(project, id);
        let mut found = Vec::new();
        for entry in at.prefix(&self.observation_ids, &prefix).take(limit) {
            let key = entry.key()?;
            let trace = std::str::from_utf8(&key[prefix.len()..])
                .ok()
                .and_then(|text| TraceId::new(text).ok());
            let trace_id = trace.ok_or_else(|| unreadable("observation id key"))?;
            found.push(ObservationKey {
                trace_id,
                id: id.clone(),
            });
        }
        Ok(found)
    }
}

fn unreadable(what: &'static str) -> EmbeddedError {
    EmbeddedError::Corrupt {
        what,
        why: "not three ids".to_owned(),
    }
}
