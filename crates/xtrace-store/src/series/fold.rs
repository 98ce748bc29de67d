//! Aggregates of points that come series by series and slice of time by slice of time. Pure.

use std::collections::{BTreeMap, HashMap, VecDeque};

use xtrace_model::Timestamp;
use xtrace_query::{MetricAggregation, MetricPlan};

use super::GroupBuckets;
use crate::error::{ErrorKind, StoreError};

/// Microseconds since the epoch, and a value.
pub type Point = (i64, f64);

/// Values that percentiles may hold at once: 128 MB. Those of buckets that are over are let go.
const VALUES_MAX: usize = 16_000_000;

/// Buckets of all groups that may be kept at once, about 100 bytes each while they are open.
const BUCKETS_MAX: usize = 4_000_000;
/// The next slice is twice as long where one holds less than this, half as long where it holds more than
/// [`MANY_POINTS`].
const FEW_POINTS: usize = 500_000;
const MANY_POINTS: usize = 3_000_000;

/// The time of a question in slices, each as long as suits what the one before held.
#[derive(Debug)]
pub struct Slices {
    from: i64,
    end: i64,
    length: i64,
    unit: i64,
}

impl Slices {
    /// From the first to before the second, in microseconds since the epoch. Slices are `length` long at first, and
    /// multiples of `unit`.
    pub fn new(from: i64, end: i64, length: i64, unit: i64) -> Self {
        Self {
            from,
            end,
            length,
            unit,
        }
    }

    /// The slice that is next, if there is one: from the first to before the second.
    pub fn next(&self) -> Option<(i64, i64)> {
        let until = self.from.saturating_add(self.length).min(self.end);
        (self.from < self.end).then_some((self.from, until))
    }

    /// The slice holds too much: a shorter one is next.
    pub fn shorten(&mut self) {
        let half = self.length.min(self.end.saturating_sub(self.from)) / 2;
        self.length = (half - half % self.unit).max(self.unit);
    }

    /// The slice was read and held so many points.
    pub fn advance(&mut self, points: usize) {
        if let Some((_, until)) = self.next() {
            self.from = until;
        }
        if points < FEW_POINTS {
            self.length = self.length.saturating_mul(2);
        } else if points > MANY_POINTS {
            self.shorten();
        }
    }
}

/// All groups of a question.
#[derive(Debug)]
pub struct Folding<'a> {
    plan: &'a MetricPlan,
    groups: BTreeMap<i64, Group>,
    /// The last value of each series, for rates.
    before: HashMap<i64, f64>,
    /// Values that percentiles hold.
    values: usize,
    /// Buckets that are open or kept.
    buckets: usize,
    /// The samples of one series and hour.
    samples: Vec<Point>,
}

#[derive(Debug, Default)]
struct Group {
    newest: Option<i64>,
    /// How many buckets are over, and the newest of them.
    count: u64,
    over: VecDeque<(Timestamp, f64)>,
    /// Buckets that may still get points, by their numbers from the epoch.
    open: BTreeMap<i64, Bucket>,
}

/// What a bucket needs of the values so far, whatever is asked for.
#[derive(Debug)]
struct Bucket {
    count: u64,
    sum: f64,
    /// The greatest, least or last value, and the time of the last.
    value: f64,
    time: i64,
    values: Vec<f64>,
}

impl<'a> Folding<'a> {
    /// Without any point.
    pub fn new(plan: &'a MetricPlan) -> Self {
        Self {
            plan,
            groups: BTreeMap::new(),
            before: HashMap::new(),
            values: 0,
            buckets: 0,
            samples: Vec::new(),
        }
    }

    /// Takes points of a series that belongs to a group, in order of time. For a rate all points of a series come in
    /// that order; for anything else what is taken before or after may be of any time that is not past.
    ///
    /// # Errors
    /// Percentiles would have to hold too many values, or there are too many buckets.
    pub fn take(&mut self, series: i64, group: i64, points: &[Point]) -> Result<(), StoreError> {
        let (first, last) = (self.plan.from.as_micros(), self.plan.to.as_micros());
        let from = points.partition_point(|(time, _)| *time < first);
        let to = points.partition_point(|(time, _)| *time <= last);
        let within = points.get(from..to).unwrap_or_default();
        let mut samples = std::mem::take(&mut self.samples);
        let is_rate = self.plan.aggregation == MetricAggregation::Rate;
        if is_rate {
            self.rises(series, points, &mut samples);
        }
        if let Some((newest, _)) = within.last() {
            let step = self.plan.step_micros;
            let group = self.groups.entry(group).or_default();
            group.newest = group.newest.max(Some(*newest));
            let mut rest = if is_rate { &samples } else { within };
            while let Some((time, _)) = rest.first() {
                let number = time.div_euclid(step);
                let end = (number + 1).saturating_mul(step);
                let (run, after) = rest.split_at(rest.partition_point(|(time, _)| *time < end));
                rest = after;
                let buckets = &mut self.buckets;
                let bucket = group.open.entry(number).or_insert_with(|| {
                    *buckets += 1;
                    Bucket::empty()
                });
                bucket.take(self.plan.aggregation, run);
                if matches!(self.plan.aggregation, MetricAggregation::Percentile(_)) {
                    self.values += run.len();
                }
            }
        }
        self.samples = samples;
        if self.values > VALUES_MAX {
            return Err(too_many_values());
        }
        if self.buckets > BUCKETS_MAX {
            return Err(too_many_buckets());
        }
        Ok(())
    }

    /// The rises that end in the window.
    fn rises(&mut self, series: i64, points: &[Point], to: &mut Vec<Point>) {
        to.clear();
        let (scan, first, last) = (
            self.plan.scan_from().as_micros(),
            self.plan.from.as_micros(),
            self.plan.to.as_micros(),
        );
        for (time, value) in points
            .iter()
            .filter(|(time, _)| (scan..=last).contains(time))
        {
            let Some(before) = self.before.insert(series, *value) else {
                continue;
            };
            if *time >= first {
                // A fall is a reset: the new value is the rise.
                let rise = if *value >= before {
                    *value - before
                } else {
                    *value
                };
                to.push((*time, rise));
            }
        }
    }

    /// Nothing before this time comes any more.
    pub fn is_past(&mut self, time: i64) {
        let step = self.plan.step_micros;
        for group in self.groups.values_mut() {
            while let Some(entry) = group.open.first_entry()
                && (entry.key() + 1).saturating_mul(step) <= time
            {
                let number = *entry.key();
                let bucket = entry.remove();
                self.values -= bucket.values.len();
                let value = bucket.value(self.plan);
                group.count += 1;
                group
                    .over
                    .push_back((Timestamp::from_micros(number * step), value));
                if group.over.len() > self.plan.points_max {
                    group.over.pop_front();
                    self.buckets -= 1;
                }
            }
        }
    }

    /// What the groups came to.
    pub fn finish(mut self) -> BTreeMap<i64, GroupBuckets> {
        self.is_past(i64::MAX);
        let groups = self.groups.into_iter();
        let groups = groups.filter_map(|(number, group)| {
            let buckets = GroupBuckets {
                newest: Timestamp::from_micros(group.newest?),
                buckets: group.count,
                points: group.over.into(),
            };
            Some((number, buckets))
        });
        groups.collect()
    }
}

impl Bucket {
    fn empty() -> Self {
        Self {
            count: 0,
            sum: 0.0,
            value: 0.0,
            time: 0,
            values: Vec::new(),
        }
    }

    fn take(&mut self, aggregation: MetricAggregation, points: &[Point]) {
        let values = points.iter().map(|(_, value)| *value);
        let is_first = self.count == 0;
        match aggregation {
            MetricAggregation::Avg | MetricAggregation::Sum | MetricAggregation::Rate => {
                self.sum = values.fold(self.sum, |sum, value| sum + value);
            }
            MetricAggregation::Max => {
                let greatest = values.fold(f64::NEG_INFINITY, f64::max);
                self.value = if is_first {
                    greatest
                } else {
                    self.value.max(greatest)
                };
            }
            MetricAggregation::Min => {
                let least = values.fold(f64::INFINITY, f64::min);
                self.value = if is_first {
                    least
                } else {
                    self.value.min(least)
                };
            }
            MetricAggregation::Last => {
                if let Some((time, value)) = points.last()
                    && (is_first || (*time, *value) > (self.time, self.value))
                {
                    (self.time, self.value) = (*time, *value);
                }
            }
            MetricAggregation::Count => {}
            MetricAggregation::Percentile(_) => self.values.extend(values),
        }
        self.count += points.len() as u64;
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts and steps are far below 2^53"
    )]
    fn value(mut self, plan: &MetricPlan) -> f64 {
        match plan.aggregation {
            MetricAggregation::Avg => self.sum / self.count as f64,
            MetricAggregation::Sum => self.sum,
            MetricAggregation::Rate => self.sum * 1e6 / plan.step_micros as f64,
            MetricAggregation::Max | MetricAggregation::Min | MetricAggregation::Last => self.value,
            MetricAggregation::Count => self.count as f64,
            MetricAggregation::Percentile(percentage) => percentile(&mut self.values, percentage),
        }
    }
}

/// Exact, interpolated between neighbours; of at least one value.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "there are fewer values than 2^53, and the rank is within them"
)]
fn percentile(values: &mut [f64], percentage: u8) -> f64 {
    let rank = (values.len() - 1) as f64 * f64::from(percentage) / 100.0;
    let below = rank.floor();
    let (_, lower, above) = values.select_nth_unstable_by(below as usize, f64::total_cmp);
    let lower = *lower;
    let share = rank - below;
    if share == 0.0 {
        return lower;
    }
    let upper = above
        .iter()
        .copied()
        .min_by(f64::total_cmp)
        .unwrap_or(lower);
    lower + (upper - lower) * share
}

fn too_many_buckets() -> StoreError {
    let why = format!(
        "more than {BUCKETS_MAX} points in the answer before it is cut; ask for longer steps, a shorter time or fewer series"
    );
    StoreError::new(ErrorKind::TooLarge, "metrics.query", why)
}

fn too_many_values() -> StoreError {
    let why = format!(
        "a percentile over more than {VALUES_MAX} points of overlapping buckets; ask for shorter steps or fewer series"
    );
    StoreError::new(ErrorKind::TooLarge, "metrics.query", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_grow_over_nothing_shrink_where_there_is_much_and_leave_nothing_out() {
        let mut slices = Slices::new(0, 1_000, 6, 1);
        let mut seen = Vec::new();
        while let Some((from, until)) = slices.next() {
            // All points are at the end.
            if until > 900 && until - from > 8 {
                slices.shorten();
                continue;
            }
            seen.push((from, until));
            slices.advance(if from < 900 { 0 } else { MANY_POINTS });
        }
        assert!(seen.iter().any(|(from, until)| until - from > 300));
        assert!(seen.windows(2).all(|pair| pair[0].1 == pair[1].0));
        assert_eq!((seen[0].0, seen[seen.len() - 1].1), (0, 1_000));
    }
}
