//! Series and their labels: which series a question is about, and which of them become one.
//!
//! Labels are handled here, in Rust, for all engines: an engine's catalogue of series is small beside its points, and
//! no two engines agree on JSON. So are aggregates of points: folding them costs a fraction of what a database takes
//! to group them.

pub mod fold;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use xtrace_model::Timestamp;
use xtrace_query::{MetricAnswer, MetricPlan, MetricSeries};

use crate::error::{ErrorKind, StoreError, StoreResult};

/// Labels of one series of an answer; with `group_by`, an absent label is `None`.
type GroupLabels = BTreeMap<Box<str>, Option<Box<str>>>;

/// Whether a series has at least the labels asked for.
pub fn has_labels(
    labels: &BTreeMap<Box<str>, Box<str>>,
    wanted: &BTreeMap<Box<str>, Box<str>>,
) -> bool {
    wanted
        .iter()
        .all(|(key, value)| labels.get(key) == Some(value))
}

/// What the points of a group came to.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupBuckets {
    /// The newest raw point in the window.
    pub newest: Timestamp,
    /// Buckets that have a value, before the cap.
    pub buckets: u64,
    /// Start and value of the newest of them, ascending, at most as many as the cap allows.
    pub points: Vec<(Timestamp, f64)>,
}

/// What is known of an answer before any point is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Narrowed {
    series_total: u64,
    latest: Option<Timestamp>,
}

impl Narrowed {
    /// Puts what is known into the answer from the points of the groups that were left.
    pub fn complete(self, answer: &mut MetricAnswer) {
        answer.is_truncated |= self.series_total > answer.series_total;
        answer.series_total = answer.series_total.max(self.series_total);
        answer.latest = answer.latest.max(self.latest);
    }
}

/// The stored series that a question is about, each with the number of the group it belongs to. Groups are numbered
/// in the order of their labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeriesGroups {
    labels: Vec<GroupLabels>,
    /// Id of the stored series and number of its group, ascending by id.
    members: Vec<(i64, i64)>,
}

impl SeriesGroups {
    /// Picks from the series of the plan's name those with the labels asked for, and groups them.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use xtrace_model::Timestamp;
    /// use xtrace_query::{MetricAggregation, MetricPlan};
    /// use xtrace_store::series::SeriesGroups;
    ///
    /// let plan = MetricPlan {
    ///     name: "gpu_utilization".into(),
    ///     labels: BTreeMap::new(),
    ///     from: Timestamp::from_micros(0),
    ///     to: Timestamp::from_micros(60_000_000),
    ///     step_micros: 60_000_000,
    ///     aggregation: MetricAggregation::Avg,
    ///     group_by: Some(vec!["node_id".into()]),
    ///     series_max: 50,
    ///     points_max: 1000,
    /// };
    /// let series = |node: &str, gpu: &str| {
    ///     BTreeMap::from([("node_id".into(), node.into()), ("gpu_index".into(), gpu.into())])
    /// };
    /// let (first, second) = (series("a", "0"), series("a", "1"));
    /// let groups = SeriesGroups::new(&plan, [(7, &first), (8, &second)]);
    /// assert_eq!(groups.series_ids(), [7, 8]);
    /// assert_eq!(groups.numbers(), [0, 0]);
    /// ```
    #[expect(
        single_use_lifetimes,
        reason = "an elided one is not allowed in `impl Trait`"
    )]
    pub fn new<'a>(
        plan: &MetricPlan,
        series: impl IntoIterator<Item = (i64, &'a BTreeMap<Box<str>, Box<str>>)>,
    ) -> Self {
        let members: Vec<(i64, GroupLabels)> = series
            .into_iter()
            .filter(|(_, labels)| has_labels(labels, &plan.labels))
            .map(|(id, labels)| (id, group_labels(labels, plan.group_by.as_deref())))
            .collect();
        let distinct: BTreeSet<&GroupLabels> = members.iter().map(|(_, labels)| labels).collect();
        let numbers: BTreeMap<&GroupLabels, i64> = distinct.iter().copied().zip(0..).collect();
        let mut numbered: Vec<(i64, i64)> = members
            .iter()
            .map(|(id, labels)| (*id, numbers[labels]))
            .collect();
        numbered.sort_unstable();
        Self {
            members: numbered,
            labels: distinct.into_iter().cloned().collect(),
        }
    }

    /// No series: the answer is `MetricAnswer::default()`, without any statement.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Ids of the stored series, ascending.
    pub fn series_ids(&self) -> Vec<i64> {
        self.members.iter().map(|(id, _)| *id).collect()
    }

    /// The group of each of [`Self::series_ids`].
    pub fn numbers(&self) -> Vec<i64> {
        self.members.iter().map(|(_, number)| *number).collect()
    }

    /// Leaves the groups that the answer keeps, if the newest point of every series tells which: none is younger than
    /// the time asked for. `last` has the time of the newest point of a series.
    pub fn narrow(
        &mut self,
        plan: &MetricPlan,
        last: impl Fn(i64) -> Option<Timestamp>,
    ) -> Option<Narrowed> {
        let mut newest: BTreeMap<i64, Timestamp> = BTreeMap::new();
        for (id, number) in &self.members {
            let Some(last) = last(*id) else { continue };
            if last > plan.to {
                return None;
            }
            if last >= plan.from {
                let of_group = newest.entry(*number).or_insert(last);
                *of_group = last.max(*of_group);
            }
        }
        let kept = youngest(
            newest.iter().map(|(number, newest)| (*number, *newest)),
            plan,
        );
        self.members.retain(|(_, number)| kept.contains(number));
        Some(Narrowed {
            series_total: newest.len() as u64,
            latest: newest.values().copied().max(),
        })
    }

    /// The answer: what each group that has points came to, by its number.
    ///
    /// # Errors
    /// There is no group of such a number.
    pub fn answer_of(
        &self,
        plan: &MetricPlan,
        groups: BTreeMap<i64, GroupBuckets>,
    ) -> StoreResult<MetricAnswer> {
        let kept = youngest(
            groups.iter().map(|(number, group)| (*number, group.newest)),
            plan,
        );
        let mut answer = MetricAnswer {
            series: Vec::with_capacity(kept.len()),
            latest: groups.values().map(|group| group.newest).max(),
            is_truncated: groups.len() > kept.len(),
            series_total: groups.len() as u64,
        };
        for (number, group) in groups {
            if group.points.is_empty() || !kept.contains(&number) {
                continue;
            }
            answer.is_truncated |= group.buckets > plan.points_max as u64;
            answer.series.push(MetricSeries {
                labels: self.labels_of(number)?,
                points: group.points,
            });
        }
        Ok(answer)
    }

    fn labels_of(&self, number: i64) -> StoreResult<GroupLabels> {
        let index = usize::try_from(number).ok();
        let labels = index.and_then(|index| self.labels.get(index));
        labels
            .cloned()
            .ok_or_else(|| unreadable(format!("there is no group {number}")))
    }
}

/// The groups with the newest points, then by number, as many as the plan allows.
fn youngest(groups: impl Iterator<Item = (i64, Timestamp)>, plan: &MetricPlan) -> BTreeSet<i64> {
    let mut by_age: Vec<(Reverse<Timestamp>, i64)> = groups
        .map(|(number, newest)| (Reverse(newest), number))
        .collect();
    by_age.sort_unstable();
    by_age.truncate(plan.series_max);
    by_age.into_iter().map(|(_, number)| number).collect()
}

fn group_labels(
    labels: &BTreeMap<Box<str>, Box<str>>,
    group_by: Option<&[Box<str>]>,
) -> GroupLabels {
    match group_by {
        None => labels
            .iter()
            .map(|(key, value)| (key.clone(), Some(value.clone())))
            .collect(),
        Some(keys) => keys
            .iter()
            .map(|key| (key.clone(), labels.get(key).cloned()))
            .collect(),
    }
}

fn unreadable(message: String) -> StoreError {
    StoreError::new(ErrorKind::Internal, "metric.answer", message)
}

#[cfg(test)]
mod tests;
