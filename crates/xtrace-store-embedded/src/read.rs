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
use crate::truth::{Truth, keys};

/// Keys that one id is answered with.
const OBSERVATION_KEYS_MAX: usize = 100;
const DIMENSIONS_MAX: u32 = 16;

#[async_trait]
impl TelemetryReader for EmbeddedEngine {
    async fn query(&self, scope: &ProjectScope, plan: &Plan) -> StoreResult<Table> {
        let op = "telemetry.query";
        plan.check()?;
        let instance = self
            .shared
            .instance()
            .map_err(|error| error.into_store(op))?;
        let (scope, plan) = (scope.clone(), plan.clone());
        let answered = self
            .shared
            .queries
            .run(instance, move |at| pages::answer(at, &scope, &plan));
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
            let payload = trace_payload(truth.trace_content(&at, &key, stored.partition)?);
            Ok(Some(TraceRecord {
                row: trace_row(id, &stored.facts, stored.summary),
                payload,
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
            let mut found = truth.observations_of(&at, scope.project(), &id)?;
            // By id already; a stable sort keeps that within one start time.
            found.sort_by_key(|(_, stored)| start_time(stored));
            let page = found.into_iter().skip(window.offset).take(window.limit);
            page.map(|(key, stored)| {
                observation_record(truth, &at, &scope, (key, stored), window.payloads)
            })
            .collect()
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
            stored
                .map(|stored| observation_record(truth, &at, &scope, (key, stored), true))
                .transpose()
        });
        read.await
            .map_err(|error| error.into_store("telemetry.observation"))
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
            let payload = |id: &TraceId| {
                let key = keys::trace(scope.project(), id);
                let partition = truth.trace(&at, &key)?.and_then(|stored| stored.partition);
                Ok(trace_payload(truth.trace_content(&at, &key, partition)?))
            };
            ids.iter().map(payload).collect()
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
            let payload = |id: &ObservationKey| {
                let key = keys::observation(scope.project(), id);
                let partition = truth
                    .observation(&at, &key)?
                    .and_then(|stored| stored.partition);
                Ok(observation_payload(
                    truth.observation_content(&at, &key, partition)?,
                ))
            };
            wanted.iter().map(payload).collect()
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

fn start_time(stored: &StoredObservation) -> xtrace_model::Timestamp {
    let created = || stored.facts.created_at.unwrap_or_default();
    stored
        .facts
        .start_time
        .get()
        .copied()
        .unwrap_or_else(created)
}

fn observation_record(
    truth: &Truth,
    at: &Snapshot,
    scope: &ProjectScope,
    (id, stored): (ObservationKey, StoredObservation),
    with_payload: bool,
) -> Result<ObservationRecord, EmbeddedError> {
    let payload = if with_payload {
        let key = keys::observation(scope.project(), &id);
        Some(observation_payload(truth.observation_content(
            at,
            &key,
            stored.partition,
        )?))
    } else {
        None
    };
    Ok(ObservationRecord {
        row: observation_row(id, &stored.facts, &stored.costing),
        payload,
    })
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
