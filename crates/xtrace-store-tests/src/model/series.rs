//! Questions about series, answered by walking over all points.

use std::collections::{BTreeMap, BTreeSet};

use xtrace_model::{SeriesKey, Timestamp};
use xtrace_query::{LatestPoint, MetricAggregation, MetricAnswer, MetricPlan, MetricSeries};

use super::aggregate::percentile;
use super::contents::Points;

type Labels = BTreeMap<Box<str>, Option<Box<str>>>;

/// What counts towards a bucket: a value, or a rise, and when.
type Sample = (Timestamp, f64);

/// The series of an answer while it is put together.
#[derive(Default)]
struct Group {
    newest: Option<Timestamp>,
    buckets: BTreeMap<i64, Vec<Sample>>,
}

pub fn answer(plan: &MetricPlan, series: &BTreeMap<SeriesKey, Points>) -> MetricAnswer {
    let mut groups: BTreeMap<Labels, Group> = BTreeMap::new();
    for (key, points) in series
        .iter()
        .filter(|(key, _)| is_asked_for(key, &plan.name, &plan.labels))
    {
        let Some((newest, _)) = points.range(plan.from..=plan.to).next_back() else {
            continue;
        };
        let group = groups.entry(group_labels(key, plan)).or_default();
        group.newest = group.newest.max(Some(*newest));
        for (time, value) in samples(plan, points) {
            let bucket = time.as_micros().div_euclid(plan.step_micros);
            group.buckets.entry(bucket).or_default().push((time, value));
        }
    }
    let kept = newest_groups(&groups, plan.series_max);
    let mut answer = MetricAnswer {
        series: Vec::new(),
        latest: groups.values().filter_map(|group| group.newest).max(),
        is_truncated: groups.len() > kept.len(),
        series_total: groups.len() as u64,
    };
    for (labels, group) in groups.iter().filter(|(labels, _)| kept.contains(labels)) {
        if group.buckets.is_empty() {
            continue;
        }
        let cut = group.buckets.len().saturating_sub(plan.points_max);
        answer.is_truncated |= cut > 0;
        let newest = group.buckets.iter().skip(cut);
        let points = newest.map(|(bucket, samples)| {
            let start = Timestamp::from_micros(bucket * plan.step_micros);
            (start, aggregate(plan, samples))
        });
        answer.series.push(MetricSeries {
            labels: labels.clone(),
            points: points.collect(),
        });
    }
    answer
}

fn is_asked_for(key: &SeriesKey, name: &str, labels: &BTreeMap<Box<str>, Box<str>>) -> bool {
    *key.name == *name
        && labels
            .iter()
            .all(|(label, value)| key.labels.get(label) == Some(value))
}

fn group_labels(key: &SeriesKey, plan: &MetricPlan) -> Labels {
    match &plan.group_by {
        None => key
            .labels
            .iter()
            .map(|(label, value)| (label.clone(), Some(value.clone())))
            .collect(),
        Some(labels) => labels
            .iter()
            .map(|label| (label.clone(), key.labels.get(label).cloned()))
            .collect(),
    }
}

/// The values in the window; for a rate, the rises that end in it.
fn samples(plan: &MetricPlan, points: &Points) -> Vec<Sample> {
    let is_rate = plan.aggregation == MetricAggregation::Rate;
    let mut samples = Vec::new();
    let mut before = None;
    for (time, value) in points.range(plan.scan_from()..=plan.to) {
        let sample = match (is_rate, before.replace(*value)) {
            (false, _) => Some(*value),
            (true, None) => None,
            (true, Some(before)) if *value >= before => Some(*value - before),
            (true, Some(_)) => Some(*value),
        };
        samples.extend(
            sample
                .filter(|_| *time >= plan.from)
                .map(|sample| (*time, sample)),
        );
    }
    samples
}

/// Those with the newest points; of the same newest point, the first in order of labels.
fn newest_groups(groups: &BTreeMap<Labels, Group>, limit: usize) -> BTreeSet<&Labels> {
    let mut by_age: Vec<(&Labels, &Group)> = groups.iter().collect();
    by_age.sort_by_key(|(_, group)| std::cmp::Reverse(group.newest));
    by_age
        .into_iter()
        .take(limit)
        .map(|(labels, _)| labels)
        .collect()
}

/// The value of a bucket, which has at least one sample.
fn aggregate(plan: &MetricPlan, samples: &[Sample]) -> f64 {
    let values: Vec<f64> = samples.iter().map(|(_, value)| *value).collect();
    #[expect(clippy::cast_precision_loss, reason = "counts of tests are small")]
    let count = values.len() as f64;
    let sum: f64 = values.iter().sum();
    match plan.aggregation {
        MetricAggregation::Avg => sum / count,
        MetricAggregation::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        MetricAggregation::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        MetricAggregation::Sum => sum,
        MetricAggregation::Count => count,
        MetricAggregation::Last => {
            let last = samples
                .iter()
                .max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            last.expect("a bucket has a sample").1
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a step is at most a year of microseconds"
        )]
        MetricAggregation::Rate => sum / (plan.step_micros as f64 / 1e6),
        MetricAggregation::Percentile(percentage) => {
            percentile(values, percentage).expect("a bucket has a sample")
        }
    }
}

/// The last point of each series asked for, in order of labels.
pub fn latest(
    name: &str,
    labels: &BTreeMap<Box<str>, Box<str>>,
    limit: usize,
    series: &BTreeMap<SeriesKey, Points>,
) -> Vec<LatestPoint> {
    let mut latest = Vec::new();
    for (key, points) in series
        .iter()
        .filter(|(key, _)| is_asked_for(key, name, labels))
    {
        if let Some((timestamp, value)) = points.last_key_value() {
            let (name, labels) = (key.name.clone(), key.labels.clone());
            latest.push(LatestPoint {
                name,
                labels,
                timestamp: *timestamp,
                value: *value,
            });
        }
    }
    latest.truncate(limit);
    latest
}
