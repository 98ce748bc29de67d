//! Reading metric series.

use std::collections::BTreeMap;

use async_trait::async_trait;
use xtrace_query::{LatestPoint, MetricAnswer, MetricPlan};

use crate::error::StoreResult;
use crate::scope::ProjectScope;

/// Reads metric series.
///
/// # Contract — every line is a case in `xtrace-store-tests`
/// * A point is visible as soon as the commit that stored it returned; sent twice, it counts once.
/// * Aggregates are exact over all raw points of a bucket, whatever the caps.
/// * Caps keep the newest and say that they cut; `MetricAnswer::latest` is the newest raw point in any case.
/// * `latest_points` costs no scan of points.
#[async_trait]
pub trait MetricReader: Send + Sync {
    /// Names of all series, sorted, without repetition.
    async fn metric_names(&self, scope: &ProjectScope) -> StoreResult<Vec<Box<str>>>;

    /// Answers a question about the series of one name.
    async fn query_metric(
        &self,
        scope: &ProjectScope,
        plan: &MetricPlan,
    ) -> StoreResult<MetricAnswer>;

    /// The last point of every series of that name with at least these labels, in order of labels, at most
    /// `limit`.
    async fn latest_points(
        &self,
        scope: &ProjectScope,
        name: &str,
        labels: &BTreeMap<Box<str>, Box<str>>,
        limit: usize,
    ) -> StoreResult<Vec<LatestPoint>>;
}
