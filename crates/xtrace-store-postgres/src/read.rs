//! Reading telemetry: plans through the shared lowering, records by key.

mod cells;
mod records;
mod texts;

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row as _};
use std::time::Duration;
use xtrace_model::{ObservationId, ObservationKey, TraceId};
use xtrace_query::{MeasureOf, Plan, Select, Table, Value};
use xtrace_store::lower::{self, Bind, Statement};
use xtrace_store::{
    Capabilities, ErrorKind, ObservationPayload, ObservationRecord, ProjectScope, StoreError,
    StoreResult, TelemetryReader, TracePayload, TraceRecord, TraceWindow,
};

use crate::counted::{Count, Kind};
use crate::engine::PostgresEngine;
use crate::errors::InOperation as _;
use crate::values::{Instant, Money, storable};

/// As many as a plan may reasonably ask for; the server has no limit of its own.
const DIMENSIONS_MAX: u32 = 16;

#[async_trait]
impl TelemetryReader for PostgresEngine {
    async fn query(&self, scope: &ProjectScope, plan: &Plan) -> StoreResult<Table> {
        const OP: &str = "telemetry.query";
        if let Some(count) = Count::of(plan) {
            return self.count(OP, scope, count).await.map(|number| {
                let name = match &plan.select {
                    Select::Groups { measures, .. } => measures.first().map(MeasureOf::column),
                    _ => None,
                };
                Table {
                    columns: vec![name.unwrap_or_else(|| "count".to_owned()).into()],
                    rows: vec![vec![Value::Int(number)]],
                }
            });
        }
        let statement = lower::answer(plan, scope, &self.dialect)?;
        self.run(OP, statement).await
    }

    async fn trace(&self, scope: &ProjectScope, id: &TraceId) -> StoreResult<Option<TraceRecord>> {
        const OP: &str = "telemetry.trace";
        let project = scope.project().as_str();
        let query = || {
            let query = sqlx::query(include_str!("sql/read/trace.sql"));
            query.bind(project).bind(id.as_str())
        };
        let found = self.load(OP, project, query).await?.pop();
        found
            .map(|loaded| records::trace(loaded, id, OP))
            .transpose()
    }

    async fn trace_observations(
        &self,
        scope: &ProjectScope,
        id: &TraceId,
        window: TraceWindow,
    ) -> StoreResult<Vec<ObservationRecord>> {
        const OP: &str = "telemetry.trace_observations";
        let project = scope.project().as_str();
        let query = || {
            sqlx::query(include_str!("sql/read/trace_observations.sql"))
                .bind(project)
                .bind(id.as_str())
                .bind(window.payloads)
                .bind(i64::try_from(window.limit).unwrap_or(i64::MAX))
                .bind(i64::try_from(window.offset).unwrap_or(i64::MAX))
        };
        let found = self.load(OP, project, query).await?;
        found
            .into_iter()
            .map(|loaded| records::observation(loaded, window.payloads, OP))
            .collect()
    }

    async fn observation(
        &self,
        scope: &ProjectScope,
        key: &ObservationKey,
    ) -> StoreResult<Option<ObservationRecord>> {
        const OP: &str = "telemetry.observation";
        let project = scope.project().as_str();
        let query = || {
            sqlx::query(include_str!("sql/read/observation.sql"))
                .bind(project)
                .bind(key.trace_id.as_str())
                .bind(key.id.as_str())
        };
        let found = self.load(OP, project, query).await?.pop();
        found
            .map(|loaded| records::observation(loaded, true, OP))
            .transpose()
    }

    async fn observation_ids(
        &self,
        scope: &ProjectScope,
        traces: &[TraceId],
    ) -> StoreResult<Vec<Vec<ObservationId>>> {
        const OP: &str = "telemetry.observation_ids";
        let mut reader = self.reader(OP).await?;
        let rows = sqlx::query(include_str!("sql/read/observation_ids.sql"))
            .bind(scope.project().as_str())
            .bind(traces.iter().map(TraceId::as_str).collect::<Vec<_>>())
            .fetch_all(reader.connection())
            .await
            .during(OP)?;
        reader.done();
        let mut ids = vec![Vec::new(); traces.len()];
        for row in &rows {
            at(&mut ids, row, OP)?.push(records::observation_id(row, OP)?);
        }
        Ok(ids)
    }

    async fn observation_keys(
        &self,
        scope: &ProjectScope,
        id: &ObservationId,
    ) -> StoreResult<Vec<ObservationKey>> {
        const OP: &str = "telemetry.observation_keys";
        let mut reader = self.reader(OP).await?;
        let rows = sqlx::query(include_str!("sql/read/observation_keys.sql"))
            .bind(scope.project().as_str())
            .bind(id.as_str())
            .fetch_all(reader.connection())
            .await
            .during(OP)?;
        reader.done();
        rows.iter()
            .map(|row| records::observation_key(row, OP))
            .collect()
    }

    async fn trace_payloads(
        &self,
        scope: &ProjectScope,
        ids: &[TraceId],
    ) -> StoreResult<Vec<TracePayload>> {
        const OP: &str = "telemetry.trace_payloads";
        let project = scope.project().as_str();
        let query = || {
            sqlx::query(include_str!("sql/read/trace_payloads.sql"))
                .bind(project)
                .bind(ids.iter().map(TraceId::as_str).collect::<Vec<_>>())
        };
        let mut payloads = vec![TracePayload::default(); ids.len()];
        for loaded in self.load(OP, project, query).await? {
            let place = at(&mut payloads, &loaded.row, OP)?;
            *place = records::trace_payload(loaded, OP)?;
        }
        Ok(payloads)
    }

    async fn observation_payloads(
        &self,
        scope: &ProjectScope,
        keys: &[ObservationKey],
    ) -> StoreResult<Vec<ObservationPayload>> {
        const OP: &str = "telemetry.observation_payloads";
        let project = scope.project().as_str();
        let query = || {
            let traces = keys.iter().map(|key| key.trace_id.as_str());
            let ids = keys.iter().map(|key| key.id.as_str());
            sqlx::query(include_str!("sql/read/observation_payloads.sql"))
                .bind(project)
                .bind(traces.collect::<Vec<_>>())
                .bind(ids.collect::<Vec<_>>())
        };
        let mut payloads = vec![ObservationPayload::default(); keys.len()];
        for loaded in self.load(OP, project, query).await? {
            let place = at(&mut payloads, &loaded.row, OP)?;
            *place = records::observation_payload(loaded, OP)?;
        }
        Ok(payloads)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            read_lag: Duration::ZERO,
            exact_percentiles: true,
            several_writers: true,
            dimensions_max: DIMENSIONS_MAX,
        }
    }
}

impl PostgresEngine {
    async fn count(
        &self,
        op: &'static str,
        scope: &ProjectScope,
        count: Count<'_>,
    ) -> StoreResult<i64> {
        let project = scope.project().as_str();
        let query = match count {
            Count::Traces(kind, value) => {
                sqlx::query(include_str!("sql/counts/traces_of_value.sql"))
                    .bind(project)
                    .bind(kind as i16)
                    .bind(storable(value))
            }
            Count::Sessions => sqlx::query(include_str!("sql/counts/sessions.sql"))
                .bind(project)
                .bind(Kind::Session as i16),
            Count::Observations(trace) => {
                sqlx::query(include_str!("sql/counts/observations_of_trace.sql"))
                    .bind(project)
                    .bind(storable(trace))
            }
        };
        let mut reader = self.reader(op).await?;
        let row = query.fetch_one(reader.connection()).await.during(op)?;
        reader.done();
        row.try_get("count").during(op)
    }

    /// Runs a lowered statement. It is planned with its values each time: which index is best depends on them.
    pub(crate) async fn run(&self, op: &'static str, statement: Statement) -> StoreResult<Table> {
        let Statement {
            sql,
            binds,
            columns,
        } = statement;
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        for bind in binds {
            query = match bind {
                Bind::Text(value) => query.bind(String::from(value)),
                Bind::Bool(value) => query.bind(value),
                Bind::Int(value) => query.bind(value),
                Bind::Float(value) => query.bind(value),
                Bind::Money(value) => query.bind(Money(value)),
                Bind::Time(value) => query.bind(Instant(value)),
            };
        }
        let mut reader = self.reader(op).await?;
        let rows = query.fetch_all(reader.connection()).await.during(op)?;
        reader.done();
        let rows: StoreResult<Vec<_>> = rows
            .iter()
            .map(|row| cells::of_row(row, &columns, op))
            .collect();
        Ok(Table {
            columns: columns.into_iter().map(|column| column.name).collect(),
            rows: rows?,
        })
    }
}

/// The place that a row's `position`, counted from one, names.
fn at<'a, T>(places: &'a mut [T], row: &PgRow, op: &'static str) -> StoreResult<&'a mut T> {
    let position: i64 = row.try_get("position").during(op)?;
    let place = usize::try_from(position - 1)
        .ok()
        .and_then(|index| places.get_mut(index));
    place.ok_or_else(|| {
        StoreError::new(
            ErrorKind::Internal,
            op,
            format!("there is no place {position}"),
        )
    })
}
