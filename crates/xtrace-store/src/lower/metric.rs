//! Questions about metric series as SQL over points alone: which series belong to which group is resolved before, see
//! [`SeriesGroups`].
//!
//! One pass over the points makes buckets; window functions then cut what is over the caps, so that only what is
//! answered leaves the engine, and totals and truth about the cut come from the same snapshot.

use xtrace_model::Timestamp;
use xtrace_query::{Kind, MetricAggregation, MetricPlan, View};

use super::bucket::Buckets;
use super::builder::Builder;
use super::series::SeriesGroups;
use super::{Bind, Dialect, OutColumn, Statement};
use crate::error::StoreResult;

/// The columns of the statement, which [`SeriesGroups::answer`] reads.
pub(super) const COLUMNS: [(&str, Kind); 6] = [
    // The number of the group.
    ("group", Kind::Int),
    // Start of the bucket.
    ("bucket", Kind::Time),
    // Absent only for a rate that no rise ends in.
    ("value", Kind::Float),
    // How many buckets the group has before the cap.
    ("buckets", Kind::Int),
    // How many groups there are before the cap.
    ("groups", Kind::Int),
    // The newest raw point of all groups.
    ("newest", Kind::Time),
];

/// Where each bucket is among those of its group, from the newest, and each group among all: by its newest point, then
/// by its number, which is the order of labels. Buckets without a value come last.
const PLACED: &str = "aged AS (
SELECT series_group, bucket, value,
  COUNT(value) OVER (PARTITION BY series_group) AS buckets,
  ROW_NUMBER() OVER (PARTITION BY series_group ORDER BY value IS NULL, bucket DESC) AS age,
  MAX(newest) OVER (PARTITION BY series_group) AS newest
FROM buckets
), placed AS (
SELECT *, DENSE_RANK() OVER (ORDER BY newest DESC, series_group) AS place
FROM aged
), counted AS (
SELECT *, MAX(place) OVER () AS places, MAX(newest) OVER () AS newest_of_all
FROM placed
)";

/// The statement that answers a question about the series of `groups`, which are not empty. Its rows go to
/// [`SeriesGroups::answer`].
///
/// # Errors
/// The plan makes no sense.
pub fn metric(
    plan: &MetricPlan,
    groups: &SeriesGroups,
    dialect: &dyn Dialect,
) -> StoreResult<Statement> {
    plan.check()?;
    // No column of a view is named, whichever it is.
    let mut builder = Builder::new(View::Traces, dialect);
    let points = match plan.aggregation {
        MetricAggregation::Rate => rises(plan, groups, &mut builder),
        _ => raw(groups, plan.from, plan.to, &mut builder),
    };
    let buckets = Buckets::new(plan.step_micros, &mut builder);
    let key = buckets.key("timestamp", dialect);
    let start = buckets.start("bucket", dialect);
    let value = value(plan, dialect);
    let series_max = builder.bind_count(plan.series_max as u64);
    let points_max = builder.bind_count(plan.points_max as u64);
    let sql = format!(
        "WITH points AS NOT MATERIALIZED (\n{points}\n), buckets AS (\n\
         SELECT series_group, {key} AS bucket, {value} AS value, MAX(timestamp) AS newest\n\
         FROM points\nGROUP BY 1, 2\n\
         ), {PLACED}\n\
         SELECT series_group AS \"group\", {start} AS \"bucket\", value AS \"value\", \
         CAST(buckets AS BIGINT) AS \"buckets\", CAST(places AS BIGINT) AS \"groups\", \
         newest_of_all AS \"newest\"\n\
         FROM counted\n\
         WHERE place <= {series_max} AND age <= {points_max} AND (value IS NOT NULL OR age = 1)\n\
         ORDER BY 1, 2"
    );
    Ok(Statement {
        sql,
        binds: builder.into_binds(),
        columns: COLUMNS
            .iter()
            .map(|(name, kind)| OutColumn {
                name: (*name).into(),
                kind: (*kind).into(),
            })
            .collect(),
    })
}

/// The points of the groups in a closed interval: `series_group`, `series_id`, `timestamp`, `value`.
fn raw(groups: &SeriesGroups, from: Timestamp, to: Timestamp, builder: &mut Builder<'_>) -> String {
    let series_ids = builder.bind(Bind::IntList(groups.series_ids()));
    let numbers = builder.bind(Bind::IntList(groups.numbers()));
    let from = builder.bind(Bind::Time(from));
    let to = builder.bind(Bind::Time(to));
    let members = builder.dialect.members(&series_ids, &numbers);
    let source = builder.dialect.points();
    format!(
        "SELECT members.series_group, p.series_id, p.timestamp, p.value\n\
         FROM {members}\nJOIN {source} AS p ON p.series_id = members.series_id\n\
         WHERE p.timestamp >= {from} AND p.timestamp <= {to}"
    )
}

/// As [`raw`], with the rise from the point before as `value`, absent where there is none before.
fn rises(plan: &MetricPlan, groups: &SeriesGroups, builder: &mut Builder<'_>) -> String {
    let raw = raw(groups, plan.scan_from(), plan.to, builder);
    let from = builder.bind(Bind::Time(plan.from));
    format!(
        "SELECT series_group, timestamp,\n  \
           CASE WHEN before IS NULL THEN NULL WHEN value >= before THEN value - before ELSE value END AS value\n\
         FROM (\n\
         SELECT series_group, timestamp, value, LAG(value) OVER (PARTITION BY series_id ORDER BY timestamp) AS before\n\
         FROM (\n{raw}\n) AS raw\n\
         ) AS neighbours\n\
         WHERE timestamp >= {from}"
    )
}

/// The aggregate over `value` of a bucket, a double.
fn value(plan: &MetricPlan, dialect: &dyn Dialect) -> String {
    match plan.aggregation {
        MetricAggregation::Avg => "AVG(value)".to_owned(),
        MetricAggregation::Max => "MAX(value)".to_owned(),
        MetricAggregation::Min => "MIN(value)".to_owned(),
        MetricAggregation::Sum => "SUM(value)".to_owned(),
        MetricAggregation::Last => dialect.last("value", "timestamp"),
        MetricAggregation::Count => "CAST(COUNT(value) AS DOUBLE PRECISION)".to_owned(),
        MetricAggregation::Rate => {
            // A count of microseconds and a power of ten: nothing that would have to be bound.
            format!(
                "SUM(value) * 1e6 / CAST({} AS DOUBLE PRECISION)",
                plan.step_micros
            )
        }
        MetricAggregation::Percentile(percentage) => dialect.percentile("value", percentage),
    }
}
