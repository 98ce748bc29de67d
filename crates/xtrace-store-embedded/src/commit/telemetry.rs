//! Traces and observations of one batch: joined in memory, then laid out as one change.

use std::collections::HashMap;

use fjall::Snapshot;
use xtrace_model::derive::{observation_row, trace_row};
use xtrace_model::observation::ObservationContent;
use xtrace_model::summary::Contribution;
use xtrace_model::trace::TraceContent;
use xtrace_model::{
    Change as Joined, Costing, ObservationFacts, ObservationKey, ObservationRow, ObservationState,
    PriceBook, ProjectId, Timestamp, TraceFacts, TraceId, TraceRow, TraceState, TraceSummary,
};
use xtrace_store::Outcome;

use super::Change;
use super::payloads::{PayloadWork, PayloadWriter, Place};
use super::prepare::Sent;
use crate::errors::EmbeddedError;
use crate::projection::rows::{push_observation, push_trace};
use crate::truth::contents::Kept;
use crate::truth::records::{Partition, StoredObservation, StoredTrace, encode};
use crate::truth::rows::{observation_payload_key, trace_payload_key};
use crate::truth::{Truth, keys};

/// What one batch does to traces and observations.
pub struct Telemetry<'a> {
    truth: &'a Truth,
    at: Snapshot,
    payloads: PayloadWriter<'a>,
    traces: Vec<TraceWork>,
    trace_index: HashMap<Vec<u8>, usize>,
    observations: Vec<ObservationWork>,
    observation_index: HashMap<Vec<u8>, usize>,
}

struct TraceWork {
    project: ProjectId,
    id: TraceId,
    key: Vec<u8>,
    stored: StoredTrace,
    /// As readers see it now; `None`: it is new.
    before: Option<TraceRow>,
    payload: PayloadWork<TraceContent>,
    received: Timestamp,
    is_touched: bool,
    /// The summary cannot be told from what the batch has; it is made anew.
    is_summary_lost: bool,
}

struct ObservationWork {
    project: ProjectId,
    id: ObservationKey,
    key: Vec<u8>,
    trace: usize,
    stored: StoredObservation,
    before: Option<ObservationRow>,
    facts_before: ObservationFacts,
    payload: PayloadWork<ObservationContent>,
    received: Timestamp,
    is_touched: bool,
}

impl<'a> Telemetry<'a> {
    pub fn new(truth: &'a Truth, payloads: PayloadWriter<'a>) -> Self {
        Self {
            truth,
            at: truth.snapshot(),
            payloads,
            traces: Vec::new(),
            trace_index: HashMap::new(),
            observations: Vec::new(),
            observation_index: HashMap::new(),
        }
    }

    /// Joins a patch with its trace.
    pub fn trace(
        &mut self,
        project: &ProjectId,
        id: TraceId,
        patch: TraceState,
        payload: Option<Sent>,
    ) -> Result<Outcome, EmbeddedError> {
        let received = received(patch.facts.updated_at, patch.facts.created_at);
        let known = self.trace_index.len();
        let index = self.trace_work(project, id)?;
        let is_new = self.trace_index.len() > known && self.traces[index].before.is_none();
        let work = &mut self.traces[index];
        work.received = received;
        let created_before = work.stored.facts.created_at;
        let partition = work.stored.partition;
        let row = (trace_payload_key(&work.key), partition);
        let content = payload
            .as_ref()
            .map(|_| work.payload.load(self.truth, &self.at, &row));
        let mut state = TraceState {
            facts: std::mem::take(&mut work.stored.facts),
            content: content.transpose()?.unwrap_or_default(),
        };
        let sent_at = patch.facts.updated_at;
        let mut joined = state.join(patch);
        work.stored.facts = state.facts;
        if let Some(sent) = payload {
            let text_of = |kept: &Kept| with_text(self.truth, &self.at, (project, partition), kept);
            let texts = work.payload.join(state.content, sent, &text_of)?;
            joined = joined.and(texts);
            if texts == Joined::Changed {
                work.stored.facts.updated_at = work.stored.facts.updated_at.max(sent_at);
            }
            if joined != Joined::Unchanged {
                work.payload.touch();
            }
        }
        work.is_touched |=
            is_new || joined != Joined::Unchanged || work.stored.facts.created_at != created_before;
        Ok(outcome(is_new, joined))
    }

    /// Joins a patch with its observation; its trace comes into being where there is none.
    pub fn observation(
        &mut self,
        project: &ProjectId,
        id: ObservationKey,
        patch: ObservationState,
        payload: Option<Sent>,
    ) -> Result<Outcome, EmbeddedError> {
        let received = received(patch.facts.updated_at, patch.facts.created_at);
        let trace = self.trace_work(project, id.trace_id.clone())?;
        self.imply_trace(trace, &patch.facts, received);
        let known = self.observation_index.len();
        let index = self.observation_work(project, id, trace)?;
        let is_new =
            self.observation_index.len() > known && self.observations[index].before.is_none();
        let work = &mut self.observations[index];
        work.received = received;
        let created_before = work.stored.facts.created_at;
        let partition = work.stored.partition;
        let row = (observation_payload_key(&work.key), partition);
        let content = payload
            .as_ref()
            .map(|_| work.payload.load(self.truth, &self.at, &row));
        let mut state = ObservationState {
            facts: std::mem::take(&mut work.stored.facts),
            content: content.transpose()?.unwrap_or_default(),
        };
        let sent_at = patch.facts.updated_at;
        let mut joined = state.join(patch);
        work.stored.facts = state.facts;
        if let Some(sent) = payload {
            let text_of = |kept: &Kept| with_text(self.truth, &self.at, (project, partition), kept);
            let texts = work.payload.join(state.content, sent, &text_of)?;
            joined = joined.and(texts);
            if texts == Joined::Changed {
                work.stored.facts.updated_at = work.stored.facts.updated_at.max(sent_at);
            }
            if joined != Joined::Unchanged {
                work.payload.touch();
            }
        }
        work.is_touched |=
            is_new || joined != Joined::Unchanged || work.stored.facts.created_at != created_before;
        Ok(outcome(is_new, joined))
    }

    /// Derives rows and summaries and adds everything that changed.
    pub fn finish(mut self, prices: &PriceBook, change: &mut Change) -> Result<(), EmbeddedError> {
        for index in 0..self.observations.len() {
            self.finish_observation(index, prices, change)?;
        }
        for index in 0..self.traces.len() {
            if self.traces[index].is_summary_lost {
                self.traces[index].stored.summary = self.sum(index)?;
            }
            self.finish_trace(index, change)?;
        }
        Ok(())
    }

    fn finish_observation(
        &mut self,
        index: usize,
        prices: &PriceBook,
        change: &mut Change,
    ) -> Result<(), EmbeddedError> {
        let work = &mut self.observations[index];
        if !work.is_touched {
            return Ok(());
        }
        if work.before.is_none() || !same_costing_inputs(&work.facts_before, &work.stored.facts) {
            work.stored.costing = Costing::of(&work.stored.facts, prices);
        }
        let row = observation_row(work.id.clone(), &work.stored.facts, &work.stored.costing);
        let trace = &mut self.traces[work.trace];
        let contribution = Contribution::of(&row);
        match &work.before {
            None => trace.stored.summary.add(&contribution),
            Some(before) => {
                let is_exact = trace
                    .stored
                    .summary
                    .replace(&Contribution::of(before), &contribution);
                trace.is_summary_lost |= !is_exact;
            }
        }
        if work.before.as_ref() != Some(&row) {
            if work.before.is_some() {
                change.record.hidden_observations.push(work.stored.version);
            }
            work.stored.version = change.next_version();
            change
                .record
                .observations
                .push((work.stored.version, work.key.clone()));
            push_observation(
                &mut change.hot.observations,
                work.stored.version,
                &work.project,
                &row,
            );
        }
        if work.before.is_none() {
            let key = keys::observation_by_id(&work.project, &work.id);
            change.batch.insert(&self.truth.observation_ids, key, []);
        }
        if work.payload.is_touched() {
            let partition = work.stored.partition;
            let place = Place {
                project: &work.project,
                key: observation_payload_key(&work.key),
                partition: partition.unwrap_or_else(|| Truth::partition_at(work.received)),
            };
            work.stored.partition = Some(place.partition);
            self.payloads.write(&place, &mut work.payload, change)?;
        }
        change.batch.insert(
            &self.truth.observations,
            work.key.as_slice(),
            encode(&work.stored),
        );
        Ok(())
    }

    fn finish_trace(&mut self, index: usize, change: &mut Change) -> Result<(), EmbeddedError> {
        let work = &mut self.traces[index];
        let row = trace_row(
            work.id.clone(),
            &work.stored.facts,
            work.stored.summary.clone(),
        );
        let is_changed = work.before.as_ref() != Some(&row);
        if !work.is_touched && !is_changed {
            return Ok(());
        }
        if is_changed {
            if let Some(before) = &work.before {
                change.rollup.subtract(&work.project, before);
                change.record.hidden_traces.push(work.stored.version);
            }
            change.rollup.add(&work.project, &row);
            work.stored.version = change.next_version();
            change
                .record
                .traces
                .push((work.stored.version, work.key.clone()));
            push_trace(
                &mut change.hot.traces,
                work.stored.version,
                &work.project,
                &row,
            );
        }
        if work.payload.is_touched() {
            let partition = work.stored.partition;
            let place = Place {
                project: &work.project,
                key: trace_payload_key(&work.key),
                partition: partition.unwrap_or_else(|| Truth::partition_at(work.received)),
            };
            work.stored.partition = Some(place.partition);
            self.payloads.write(&place, &mut work.payload, change)?;
        }
        change.batch.insert(
            &self.truth.traces,
            work.key.as_slice(),
            work.stored.encode(),
        );
        Ok(())
    }

    /// The sum over all observations of a trace, those of this batch in their new state.
    fn sum(&self, trace: usize) -> Result<TraceSummary, EmbeddedError> {
        let work = &self.traces[trace];
        let mut summary = TraceSummary::default();
        for (id, stored) in self
            .truth
            .observations_of(&self.at, &work.project, &work.id)?
        {
            if !self
                .observation_index
                .contains_key(&keys::observation(&work.project, &id))
            {
                summary.add(&Contribution::of(&observation_row(
                    id,
                    &stored.facts,
                    &stored.costing,
                )));
            }
        }
        for observation in self
            .observations
            .iter()
            .filter(|observation| observation.trace == trace)
        {
            let row = observation_row(
                observation.id.clone(),
                &observation.stored.facts,
                &observation.stored.costing,
            );
            summary.add(&Contribution::of(&row));
        }
        Ok(summary)
    }

    fn trace_work(&mut self, project: &ProjectId, id: TraceId) -> Result<usize, EmbeddedError> {
        let key = keys::trace(project, &id);
        if let Some(index) = self.trace_index.get(&key) {
            return Ok(*index);
        }
        let mut stored = self.truth.trace(&self.at, &key)?;
        if let Some(stored) = stored.as_mut().filter(|stored| stored.lacks_calls) {
            stored.summary = self.truth.summary_anew(&self.at, project, &id)?;
            stored.lacks_calls = false;
        }
        let before = stored
            .as_ref()
            .map(|stored| trace_row(id.clone(), &stored.facts, stored.summary.clone()));
        self.trace_index.insert(key.clone(), self.traces.len());
        self.traces.push(TraceWork {
            project: project.clone(),
            id,
            key,
            stored: stored.unwrap_or_default(),
            before,
            payload: PayloadWork::default(),
            received: Timestamp::default(),
            is_touched: false,
            is_summary_lost: false,
        });
        Ok(self.traces.len() - 1)
    }

    /// An observation says of its trace that it exists, and since when at the latest.
    fn imply_trace(&mut self, index: usize, facts: &ObservationFacts, received: Timestamp) {
        let work = &mut self.traces[index];
        let created_before = work.stored.facts.created_at;
        let implied = TraceFacts {
            created_at: facts.created_at,
            updated_at: facts.updated_at,
            ..TraceFacts::default()
        };
        work.received = received;
        work.stored.facts.join(implied);
        work.is_touched |= work.before.is_none() || work.stored.facts.created_at != created_before;
    }

    fn observation_work(
        &mut self,
        project: &ProjectId,
        id: ObservationKey,
        trace: usize,
    ) -> Result<usize, EmbeddedError> {
        let key = keys::observation(project, &id);
        if let Some(index) = self.observation_index.get(&key) {
            return Ok(*index);
        }
        let stored = self.truth.observation(&self.at, &key)?;
        let before = stored
            .as_ref()
            .map(|stored| observation_row(id.clone(), &stored.facts, &stored.costing));
        let stored = stored.unwrap_or_default();
        self.observation_index
            .insert(key.clone(), self.observations.len());
        self.observations.push(ObservationWork {
            project: project.clone(),
            id,
            key,
            trace,
            facts_before: stored.facts.clone(),
            stored,
            before,
            payload: PayloadWork::default(),
            received: Timestamp::default(),
            is_touched: false,
        });
        Ok(self.observations.len() - 1)
    }
}

/// When what carries these was received.
pub(super) fn received(updated: Option<Timestamp>, created: Option<Timestamp>) -> Timestamp {
    updated.or(created).unwrap_or_default()
}

/// A stored text with the text itself.
fn with_text(
    truth: &Truth,
    at: &Snapshot,
    (project, partition): (&ProjectId, Partition),
    kept: &Kept,
) -> Result<Kept, EmbeddedError> {
    let mut kept = kept.clone();
    if let (None, Some(partition)) = (&kept.text, partition) {
        kept.text = Some(truth.text(at, (project, partition), &kept)?);
    }
    Ok(kept)
}

fn outcome(is_new: bool, joined: Joined) -> Outcome {
    if is_new || joined == Joined::Changed {
        Outcome::Accepted
    } else {
        Outcome::Duplicate
    }
}

/// A cost that was computed stays as it is, whatever the price list says by now, until something it was
/// computed from changes.
fn same_costing_inputs(before: &ObservationFacts, now: &ObservationFacts) -> bool {
    before.model.get() == now.model.get()
        && before.model_id.get() == now.model_id.get()
        && before.known_usage() == now.known_usage()
        && before.cost.get() == now.cost.get()
        && before.price_attributes.get() == now.price_attributes.get()
        && before.input_price.get() == now.input_price.get()
        && before.output_price.get() == now.output_price.get()
        && before.total_price.get() == now.total_price.get()
}
