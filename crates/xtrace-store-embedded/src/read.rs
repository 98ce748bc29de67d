//! The seam's reading: plans go to the projection, everything that is named by a key to the truth.

use std::time::Duration;

use async_trait::async_trait;
use fjall::Snapshot;
use xtrace_model::derive::{observation_row, trace_row};
use xtrace_model::observation::ObservationContent;
use xtrace_model::trace::TraceContent;
use xtrace_model::{ObservationId, ObservationKey, TraceId};
use xtrace_query::{Plan, Table};
use xtrace_store::{
    Capabilities, ObservationPayload, ObservationRecord, ProjectScope, StoreResult,
    TelemetryReader, TracePayload, TraceRecord, TraceWindow,
};

use crate::engine::EmbeddedEngine;
use crate::errors::EmbeddedError;
use crate::pages;
use crate::truth::records::StoredObservation;
use crate::truth::rows::{observation_payload_key, trace_payload_key};
use crate::truth::{Truth, keys};

/// Keys that one id is answered with.
const OBSERVATION_KEYS_MAX: usize = 100;
const DIMENSIONS_MAX: u32 = 16;

#[async_trait]
impl TelemetryReader for EmbeddedEngine {
    async fn query(&self, scope: &ProjectScope, plan: &Plan) -> StoreResult<Table> {
        let tables = self.query_all(scope, std::slice::from_ref(plan)).await?;
        // INVARIANT: there is a table for each plan.
        Ok(tables.into_iter().next().expect("one plan, one table"))
    }

    /// In one transaction: beginning one costs about as much as a short answer.
    async fn query_all(&self, scope: &ProjectScope, plans: &[Plan]) -> StoreResult<Vec<Table>> {
        let op = "telemetry.query";
        for plan in plans {
            plan.check()?;
        }
        let instance = self
            .shared
            .instance()
            .map_err(|error| error.into_store(op))?;
        let (scope, plans) = (scope.clone(), plans.to_vec());
        let of_truth = instance.clone();
        let answered = self.shared.queries.run(instance, move |at| {
            let answer = |plan| pages::answer(at, &of_truth.truth, &scope, plan);
            plans.iter().map(answer).collect()
        });
        answered.await.map_err(|error| error.into_store(op))
    }

    async fn trace(&self, scope: &ProjectScope, id: &TraceId) -> StoreResult<Option<TraceRecord>> {
        let (scope, id) = (scope.clone(), id.clone());
        let read = self.read(move |instance| {
            let truth = &instance.truth;
            let at = truth.snapshot();
            let key = keys::trace(scope.project(), &id);
            let Some(stored) = truth.trace(&at, &key)? else {
                return Ok(None);
            };
            let wanted = [(trace_payload_key(&key), stored.partition)];
            let contents = truth.contents(&at, scope.project(), &wanted)?;
            let payload = contents.into_iter().next().map(trace_payload);
            Ok(Some(TraceRecord {
                row: trace_row(id, &stored.facts, stored.summary),
                payload: payload.unwrap_or_default(),
            }))
        });
        read.await
            .map_err(|error| error.into_store("telemetry.trace"))
    }

    async fn trace_observations(
        &self,
        scope: &ProjectScope,
        id: &TraceId,
        window: TraceWindow,
    ) -> StoreResult<Vec<ObservationRecord>> {
        let (scope, id) = (scope.clone(), id.clone());
        let read = self.read(move |instance| {
            let truth = &instance.truth;
            let at = truth.snapshot();
            let found = in_order(truth.observations_of(&at, scope.project(), &id)?);
            let page = found.into_iter().skip(window.offset).take(window.limit);
            let page = page.collect();
            observation_records(truth, &at, &scope, page, window.payloads)
        });
        read.await
            .map_err(|error| error.into_store("telemetry.trace_observations"))
    }

    async fn observation(
        &self,
        scope: &ProjectScope,
        key: &ObservationKey,
    ) -> StoreResult<Option<ObservationRecord>> {
        let (scope, key) = (scope.clone(), key.clone());
        let read = self.read(move |instance| {
            let truth = &instance.truth;
            let at = truth.snapshot();
            let stored = truth.observation(&at, &keys::observation(scope.project(), &key))?;
            let found = stored.map(|stored| (key, stored)).into_iter().collect();
            let records = observation_records(truth, &at, &scope, found, true)?;
            Ok(records.into_iter().next())
        });
        read.await
            .map_err(|error| error.into_store("telemetry.observation"))
    }

    async fn observation_ids(
        &self,
        scope: &ProjectScope,
        traces: &[TraceId],
    ) -> StoreResult<Vec<Vec<ObservationId>>> {
        let (scope, traces) = (scope.clone(), traces.to_vec());
        let read = self.read(move |instance| {
            let truth = &instance.truth;
            let at = truth.snapshot();
            let ids_of = |trace| {
                let found = in_order(truth.observations_of(&at, scope.project(), trace)?);
                Ok(found.into_iter().map(|(key, _)| key.id).collect())
            };
            traces.iter().map(ids_of).collect()
        });
        read.await
            .map_err(|error| error.into_store("telemetry.observation_ids"))
    }

    async fn observation_keys(
        &self,
        scope: &ProjectScope,
        id: &ObservationId,
    ) -> StoreResult<Vec<ObservationKey>> {
        let (scope, id) = (scope.clone(), id.clone());
        let read = self.read(move |instance| {
            let truth = &instance.truth;
            truth.observation_keys(
                &truth.snapshot(),
                scope.project(),
                &id,
                OBSERVATION_KEYS_MAX,
            )
        });
        read.await
            .map_err(|error| error.into_store("telemetry.observation_keys"))
    }

    async fn trace_payloads(
        &self,
        scope: &ProjectScope,
        ids: &[TraceId],
    ) -> StoreResult<Vec<TracePayload>> {
        let (scope, ids) = (scope.clone(), ids.to_vec());
        let read = self.read(move |instance| {
            let truth = &instance.truth;
            let at = truth.snapshot();
            let mut wanted = Vec::with_capacity(ids.len());
            for id in &ids {
                let key = keys::trace(scope.project(), id);
                let stored = truth.trace(&at, &key)?;
                let partition = stored.and_then(|stored| stored.partition);
                wanted.push((trace_payload_key(&key), partition));
            }
            let contents = truth.contents(&at, scope.project(), &wanted)?;
            Ok(contents.into_iter().map(trace_payload).collect())
        });
        read.await
            .map_err(|error| error.into_store("telemetry.trace_payloads"))
    }

    async fn observation_payloads(
        &self,
        scope: &ProjectScope,
        keys: &[ObservationKey],
    ) -> StoreResult<Vec<ObservationPayload>> {
        let (scope, wanted) = (scope.clone(), keys.to_vec());
        let read = self.read(move |instance| {
            let truth = &instance.truth;
            let at = truth.snapshot();
            let mut rows = Vec::with_capacity(wanted.len());
            for id in &wanted {
                let key = keys::observation(scope.project(), id);
                let stored = truth.observation(&at, &key)?;
                let partition = stored.and_then(|stored| stored.partition);
                rows.push((observation_payload_key(&key), partition));
            }
            let contents = truth.contents(&at, scope.project(), &rows)?;
            Ok(contents.into_iter().map(observation_payload).collect())
        });
        read.await
            .map_err(|error| error.into_store("telemetry.observation_payloads"))
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            read_lag: Duration::ZERO,
            exact_percentiles: true,
            several_writers: false,
            dimensions_max: DIMENSIONS_MAX,
        }
    }
}

/// By start time; what came by id stays so within one.
fn in_order(
    mut found: Vec<(ObservationKey, StoredObservation)>,
) -> Vec<(ObservationKey, StoredObservation)> {
    found.sort_by_key(|(_, stored)| start_time(stored));
    found
}

fn start_time(stored: &StoredObservation) -> xtrace_model::Timestamp {
    let created = || stored.facts.created_at.unwrap_or_default();
    stored
        .facts
        .start_time
        .get()
        .copied()
        .unwrap_or_else(created)
}

fn observation_records(
    truth: &Truth,
    at: &Snapshot,
    scope: &ProjectScope,
    found: Vec<(ObservationKey, StoredObservation)>,
    with_payloads: bool,
) -> Result<Vec<ObservationRecord>, EmbeddedError> {
    let row = |(id, stored): &(ObservationKey, StoredObservation)| {
        let key = keys::observation(scope.project(), id);
        (observation_payload_key(&key), stored.partition)
    };
    let mut contents = Vec::new();
    if with_payloads {
        let rows: Vec<_> = found.iter().map(row).collect();
        contents = truth.contents(at, scope.project(), &rows)?;
    }
    let mut payloads = contents.into_iter().map(observation_payload);
    let records = found.into_iter().map(|(id, stored)| ObservationRecord {
        payload: payloads.next(),
        row: observation_row(id, &stored.facts, &stored.costing),
    });
    Ok(records.collect())
}

fn trace_payload(content: TraceContent) -> TracePayload {
    TracePayload {
        input: content.input.get().cloned(),
        output: content.output.get().cloned(),
        metadata: content.metadata.to_json(),
    }
}

fn observation_payload(content: ObservationContent) -> ObservationPayload {
    ObservationPayload {
        input: content.input.get().cloned(),
        output: content.output.get().cloned(),
        model_parameters: content.model_parameters.get().cloned(),
        metadata: content.metadata.to_json(),
    }
}
