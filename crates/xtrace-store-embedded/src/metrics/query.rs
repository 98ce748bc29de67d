//! The seam's questions about metric series.

use std::collections::BTreeMap;

use async_trait::async_trait;
use xtrace_query::{LatestPoint, MetricAnswer, MetricPlan};
use xtrace_store::lower::{self, series::SeriesGroups};
use xtrace_store::{MetricReader, ProjectScope, StoreResult};

use super::ProjectSeries;
use crate::engine::{Command, EmbeddedEngine};
use crate::errors::EmbeddedError;
use crate::projection::statement::{dialect_of_points, run};

#[async_trait]
impl MetricReader for EmbeddedEngine {
    async fn metric_names(&self, scope: &ProjectScope) -> StoreResult<Vec<Box<str>>> {
        let names = |series: &ProjectSeries| series.names().map(Into::into).collect();
        let names = self.with_series(scope, names).await;
        names
            .map(Option::unwrap_or_default)
            .map_err(|error| error.into_store("metric.names"))
    }

    async fn query_metric(
        &self,
        scope: &ProjectScope,
        plan: &MetricPlan,
    ) -> StoreResult<MetricAnswer> {
        let op = "metric.query";
        plan.check()?;
        let groups = |series: &ProjectSeries| {
            let matching = series.matching(&plan.name, &plan.labels);
            SeriesGroups::new(plan, matching.map(|(labels, series)| (series.id, labels)))
        };
        let groups = self
            .with_series(scope, groups)
            .await
            .map_err(|error| error.into_store(op))?;
        let Some(groups) = groups.filter(|groups| !groups.is_empty()) else {
            return Ok(MetricAnswer::default());
        };
        let instance = self
            .shared
            .instance()
            .map_err(|error| error.into_store(op))?;
        let wanted = plan.clone();
        let answered = self.shared.queries.run(instance, move |at| {
            let dialect = dialect_of_points(at)?;
            let statement = lower::metric(&wanted, &groups, &dialect)?;
            let table = run(at, &statement)?;
            Ok(groups.answer(&wanted, &table)?)
        });
        answered.await.map_err(|error| error.into_store(op))
    }

    async fn latest_points(
        &self,
        scope: &ProjectScope,
        name: &str,
        labels: &BTreeMap<Box<str>, Box<str>>,
        limit: usize,
    ) -> StoreResult<Vec<LatestPoint>> {
        let latest = |series: &ProjectSeries| {
            let with_points = series
                .matching(name, labels)
                .filter_map(|(labels, series)| {
                    let (timestamp, value) = series.last?;
                    Some(LatestPoint {
                        name: name.into(),
                        labels: labels.clone(),
                        timestamp,
                        value,
                    })
                });
            with_points.take(limit).collect()
        };
        let latest = self.with_series(scope, latest).await;
        latest
            .map(Option::unwrap_or_default)
            .map_err(|error| error.into_store("metric.latest"))
    }
}

impl EmbeddedEngine {
    /// Looks into the index of a project's series; `None`: it has none.
    async fn with_series<T>(
        &self,
        scope: &ProjectScope,
        look: impl FnOnce(&ProjectSeries) -> T,
    ) -> Result<Option<T>, EmbeddedError> {
        let instance = self.shared.instance()?;
        let is_loaded = instance
            .series
            .read()
            .expect("no panic while held")
            .is_some();
        if !is_loaded {
            self.ask(Command::LoadSeries).await?;
        }
        let index = instance.series.read().expect("no panic while held");
        Ok(index
            .as_ref()
            .and_then(|index| index.project(scope.project()))
            .map(look))
    }
}
