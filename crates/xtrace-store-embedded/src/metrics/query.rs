//! The seam's questions about metric series.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use xtrace_model::Timestamp;
use xtrace_query::{LatestPoint, MetricAnswer, MetricPlan};
use xtrace_store::series::SeriesGroups;
use xtrace_store::{MetricReader, ProjectScope, StoreResult};

use super::{ProjectSeries, points};
use crate::engine::{Command, EmbeddedEngine};
use crate::errors::EmbeddedError;

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
            let matching: Vec<_> = series.matching(&plan.name, &plan.labels).collect();
            let of_series = matching.iter().map(|(labels, series)| (series.id, *labels));
            let mut groups = SeriesGroups::new(plan, of_series);
            let last: HashMap<i64, Timestamp> = matching
                .iter()
                .filter_map(|(_, series)| Some((series.id, series.last?.0)))
                .collect();
            let narrowed = groups.narrow(plan, |id| last.get(&id).copied());
            (groups, narrowed)
        };
        let found = self
            .with_series(scope, groups)
            .await
            .map_err(|error| error.into_store(op))?;
        let Some((groups, narrowed)) = found else {
            return Ok(MetricAnswer::default());
        };
        let mut answer = MetricAnswer::default();
        if !groups.is_empty() {
            let instance = self.shared.instance();
            let instance = instance.map_err(|error| error.into_store(op))?;
            let wanted = plan.clone();
            let folded = self.shared.queries.run(instance, move |at| {
                Ok(groups.answer_of(&wanted, points::fold(at, &wanted, &groups)?)?)
            });
            answer = folded.await.map_err(|error| error.into_store(op))?;
        }
        if let Some(narrowed) = narrowed {
            narrowed.complete(&mut answer);
        }
        Ok(answer)
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
