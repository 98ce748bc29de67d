//! Metric series: their ids, their labels, and questions about their points.

mod scan;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sqlx::Row as _;
use xtrace_model::{ProjectId, SeriesKey};
use xtrace_query::{LatestPoint, MetricAnswer, MetricPlan};
use xtrace_store::series::{SeriesGroups, has_labels};
use xtrace_store::{ErrorKind, MetricReader, ProjectScope, StoreError, StoreResult};

use crate::engine::PostgresEngine;
use crate::errors::InOperation as _;
use crate::values::{Instant, storable};

type Labels = BTreeMap<Box<str>, Box<str>>;

/// Ids that are remembered; beyond, all are forgotten and asked for again.
const REMEMBERED_MAX: usize = 500_000;

/// A series with its id.
pub struct SeriesId {
    pub project: ProjectId,
    pub series: Arc<SeriesKey>,
    pub id: i64,
}

/// Ids of series that this process has written to.
#[derive(Default)]
pub struct SeriesIds(Mutex<HashMap<ProjectId, HashMap<Arc<SeriesKey>, i64>>>);

impl SeriesIds {
    pub fn get(&self, project: &ProjectId, series: &Arc<SeriesKey>) -> Option<i64> {
        self.locked().get(project)?.get(series).copied()
    }

    /// Only what has been committed may be remembered.
    pub fn remember(&self, found: Vec<SeriesId>) {
        let mut known = self.locked();
        if known.values().map(HashMap::len).sum::<usize>() + found.len() > REMEMBERED_MAX {
            known.clear();
        }
        for SeriesId {
            project,
            series,
            id,
        } in found
        {
            known.entry(project).or_default().insert(series, id);
        }
    }

    pub fn forget(&self) {
        self.locked().clear();
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<ProjectId, HashMap<Arc<SeriesKey>, i64>>> {
        // Whatever a panic left behind was true when it was put in.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The labels as canonical JSON: what a series is told apart by.
pub fn labels_text(labels: &Labels) -> String {
    let storable: BTreeMap<Cow<'_, str>, Cow<'_, str>> = labels
        .iter()
        .map(|(name, value)| (storable(name), storable(value)))
        .collect();
    serde_json::to_string(&storable).expect("texts are always JSON")
}

#[async_trait]
impl MetricReader for PostgresEngine {
    async fn metric_names(&self, scope: &ProjectScope) -> StoreResult<Vec<Box<str>>> {
        const OP: &str = "metrics.names";
        let mut reader = self.reader(OP).await?;
        let names =
            sqlx::query(include_str!("sql/metrics/names.sql")).bind(scope.project().as_str());
        let rows = names.fetch_all(reader.connection()).await.during(OP)?;
        reader.done();
        rows.iter()
            .map(|row| row.try_get::<String, _>("name").map(Into::into).during(OP))
            .collect()
    }

    async fn query_metric(
        &self,
        scope: &ProjectScope,
        plan: &MetricPlan,
    ) -> StoreResult<MetricAnswer> {
        const OP: &str = "metrics.query";
        plan.check()?;
        let series = self.series_of(OP, scope, &plan.name).await?;
        let groups = SeriesGroups::new(plan, series.iter().map(|(id, labels)| (*id, labels)));
        if groups.is_empty() {
            return Ok(MetricAnswer::default());
        }
        self.scan(plan, &groups).await
    }

    async fn latest_points(
        &self,
        scope: &ProjectScope,
        name: &str,
        labels: &Labels,
        limit: usize,
    ) -> StoreResult<Vec<LatestPoint>> {
        const OP: &str = "metrics.latest";
        let mut series = self.series_of(OP, scope, name).await?;
        series.retain(|(_, own)| has_labels(own, labels));
        series.sort_by(|one, other| one.1.cmp(&other.1));
        let ids: Vec<i64> = series.iter().map(|(id, _)| *id).collect();
        // Nearly all have a recent point; looking only there first spares looking into every partition.
        let recent = self.present_week().plus(-1);
        let mut latest = self
            .newest(
                OP,
                &ids,
                include_str!("sql/metrics/latest_recent.sql"),
                recent.0,
            )
            .await?;
        let silent: Vec<i64> = ids
            .into_iter()
            .filter(|id| !latest.contains_key(id))
            .collect();
        if !silent.is_empty() && latest.len() < limit {
            let older = self
                .newest(
                    OP,
                    &silent,
                    include_str!("sql/metrics/latest_older.sql"),
                    recent.0,
                )
                .await?;
            latest.extend(older);
        }
        let points = series.into_iter().filter_map(|(id, labels)| {
            let (timestamp, value) = latest.get(&id)?;
            Some(LatestPoint {
                name: name.into(),
                labels,
                timestamp: timestamp.0,
                value: *value,
            })
        });
        Ok(points.take(limit).collect())
    }
}

impl PostgresEngine {
    /// The series of a name, with their labels.
    async fn series_of(
        &self,
        op: &'static str,
        scope: &ProjectScope,
        name: &str,
    ) -> StoreResult<Vec<(i64, Labels)>> {
        let mut reader = self.reader(op).await?;
        let rows = sqlx::query(include_str!("sql/metrics/series_of_name.sql"))
            .bind(scope.project().as_str())
            .bind(storable(name))
            .fetch_all(reader.connection())
            .await
            .during(op)?;
        reader.done();
        let mut series = Vec::with_capacity(rows.len());
        for row in rows {
            let labels: &str = row.try_get("labels").during(op)?;
            let labels: Labels = serde_json::from_str(labels)
                .map_err(|error| StoreError::new(ErrorKind::Corrupt, op, error))?;
            series.push((row.try_get("id").during(op)?, labels));
        }
        Ok(series)
    }

    async fn newest(
        &self,
        op: &'static str,
        ids: &[i64],
        sql: &'static str,
        recent: i32,
    ) -> StoreResult<HashMap<i64, (Instant, f64)>> {
        let mut reader = self.reader(op).await?;
        let query = sqlx::query(sql).bind(ids).bind(recent);
        let rows = query.fetch_all(reader.connection()).await.during(op)?;
        reader.done();
        let mut newest = HashMap::with_capacity(rows.len());
        for row in rows {
            let point = (
                row.try_get("timestamp").during(op)?,
                row.try_get("value").during(op)?,
            );
            newest.insert(row.try_get("id").during(op)?, point);
        }
        Ok(newest)
    }
}
