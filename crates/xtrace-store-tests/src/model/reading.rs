//! Reading of the reference engine.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use xtrace_model::{ObservationId, ObservationKey, TraceId};
use xtrace_query::check::DIMENSIONS_MAX;
use xtrace_query::{LatestPoint, MetricAnswer, MetricPlan, Plan, Table};
use xtrace_store::{
    Capabilities, MetricReader, ObservationPayload, ObservationRecord, ProjectScope, StoreResult,
    TelemetryReader, TracePayload, TraceRecord, TraceWindow,
};

use super::contents::{Contents, StoredObservation, StoredTrace};
use super::{Reference, evaluate, series};

/// The most keys of one answer.
const KEYS_MAX: usize = 100;

#[async_trait]
impl TelemetryReader for Reference {
    async fn query(&self, scope: &ProjectScope, plan: &Plan) -> StoreResult<Table> {
        plan.check()?;
        self.with_contents("telemetry.query", scope, |contents| {
            evaluate::table(plan, contents)
        })
    }

    async fn trace(&self, scope: &ProjectScope, id: &TraceId) -> StoreResult<Option<TraceRecord>> {
        self.with_contents("telemetry.trace", scope, |contents| {
            let trace = contents.traces.get(id)?;
            Some(TraceRecord {
                row: trace.rows(id).trace.clone(),
                payload: trace.payload(),
            })
        })
    }

    async fn trace_observations(
        &self,
        scope: &ProjectScope,
        id: &TraceId,
        window: TraceWindow,
    ) -> StoreResult<Vec<ObservationRecord>> {
        self.with_contents("telemetry.trace_observations", scope, |contents| {
            let Some(trace) = contents.traces.get(id) else {
                return Vec::new();
            };
            let mut records: Vec<ObservationRecord> = trace
                .observations
                .iter()
                .map(|(observation_id, observation)| ObservationRecord {
                    row: observation.row(id, observation_id),
                    payload: window.payloads.then(|| observation.payload()),
                })
                .collect();
            // Stable: what starts at the same time stays in the order of ids.
            records.sort_by_key(|record| record.row.start_time);
            records
                .into_iter()
                .skip(window.offset)
                .take(window.limit)
                .collect()
        })
    }

    async fn observation(
        &self,
        scope: &ProjectScope,
        key: &ObservationKey,
    ) -> StoreResult<Option<ObservationRecord>> {
        self.with_contents("telemetry.observation", scope, |contents| {
            let observation = find(contents, key)?;
            let row = observation.row(&key.trace_id, &key.id);
            Some(ObservationRecord {
                row,
                payload: Some(observation.payload()),
            })
        })
    }

    async fn observation_ids(
        &self,
        scope: &ProjectScope,
        traces: &[TraceId],
    ) -> StoreResult<Vec<Vec<ObservationId>>> {
        self.with_contents("telemetry.observation_ids", scope, |contents| {
            let ids_of = |id: &TraceId| {
                let Some(trace) = contents.traces.get(id) else {
                    return Vec::new();
                };
                let starts = trace.observations.iter().map(|(observation, stored)| {
                    (stored.row(id, observation).start_time, observation.clone())
                });
                let mut starts: Vec<_> = starts.collect();
                starts.sort();
                starts
                    .into_iter()
                    .map(|(_, observation)| observation)
                    .collect()
            };
            traces.iter().map(ids_of).collect()
        })
    }

    async fn observation_keys(
        &self,
        scope: &ProjectScope,
        id: &ObservationId,
    ) -> StoreResult<Vec<ObservationKey>> {
        self.with_contents("telemetry.observation_keys", scope, |contents| {
            let traces = contents
                .traces
                .iter()
                .filter(|(_, trace)| trace.observations.contains_key(id));
            let keys = traces.map(|(trace, _)| ObservationKey {
                trace_id: trace.clone(),
                id: id.clone(),
            });
            keys.take(KEYS_MAX).collect()
        })
    }

    async fn trace_payloads(
        &self,
        scope: &ProjectScope,
        ids: &[TraceId],
    ) -> StoreResult<Vec<TracePayload>> {
        self.with_contents("telemetry.trace_payloads", scope, |contents| {
            let payload = |id| {
                contents
                    .traces
                    .get(id)
                    .map(StoredTrace::payload)
                    .unwrap_or_default()
            };
            ids.iter().map(payload).collect()
        })
    }

    async fn observation_payloads(
        &self,
        scope: &ProjectScope,
        keys: &[ObservationKey],
    ) -> StoreResult<Vec<ObservationPayload>> {
        self.with_contents("telemetry.observation_payloads", scope, |contents| {
            let payload = |key| {
                find(contents, key)
                    .map(StoredObservation::payload)
                    .unwrap_or_default()
            };
            keys.iter().map(payload).collect()
        })
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            read_lag: Duration::ZERO,
            exact_percentiles: true,
            several_writers: true,
            dimensions_max: u32::try_from(DIMENSIONS_MAX).expect("a handful"),
        }
    }
}

fn find<'c>(contents: &'c Contents, key: &ObservationKey) -> Option<&'c StoredObservation> {
    contents
        .traces
        .get(&key.trace_id)?
        .observations
        .get(&key.id)
}

#[async_trait]
impl MetricReader for Reference {
    async fn metric_names(&self, scope: &ProjectScope) -> StoreResult<Vec<Box<str>>> {
        self.with_contents("metric.names", scope, |contents| {
            // Series are in the order of their names.
            let mut names: Vec<Box<str>> = contents
                .series
                .keys()
                .map(|series| series.name.clone())
                .collect();
            names.dedup();
            names
        })
    }

    async fn query_metric(
        &self,
        scope: &ProjectScope,
        plan: &MetricPlan,
    ) -> StoreResult<MetricAnswer> {
        plan.check()?;
        self.with_contents("metric.query", scope, |contents| {
            series::answer(plan, &contents.series)
        })
    }

    async fn latest_points(
        &self,
        scope: &ProjectScope,
        name: &str,
        labels: &BTreeMap<Box<str>, Box<str>>,
        limit: usize,
    ) -> StoreResult<Vec<LatestPoint>> {
        self.with_contents("metric.latest_points", scope, |contents| {
            series::latest(name, labels, limit, &contents.series)
        })
    }
}
