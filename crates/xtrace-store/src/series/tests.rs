use super::*;
use xtrace_model::Timestamp;
use xtrace_query::MetricAggregation;

type Labels = BTreeMap<Box<str>, Box<str>>;

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let own = |(key, value): &(&str, &str)| ((*key).into(), (*value).into());
    pairs.iter().map(own).collect()
}

fn plan(wanted: &[(&str, &str)], group_by: Option<&[&str]>) -> MetricPlan {
    MetricPlan {
        name: "gpu".into(),
        labels: labels(wanted),
        from: Timestamp::from_micros(0),
        to: Timestamp::from_micros(60_000_000),
        step_micros: 60_000_000,
        aggregation: MetricAggregation::Avg,
        group_by: group_by.map(|keys| keys.iter().map(|key| (*key).into()).collect()),
        series_max: 2,
        points_max: 2,
    }
}

fn grouped(plan: &MetricPlan) -> Vec<(i64, i64)> {
    let series = [
        (5, labels(&[("node", "b")])),
        (3, labels(&[("node", "a"), ("gpu", "1")])),
        (4, labels(&[("node", "a"), ("gpu", "0")])),
        (9, labels(&[("gpu", "0")])),
    ];
    SeriesGroups::new(plan, series.iter().map(|(id, labels)| (*id, labels))).members
}

#[test]
fn without_grouping_each_series_is_a_group_in_the_order_of_labels() {
    assert_eq!(grouped(&plan(&[], None)), [(3, 2), (4, 1), (5, 3), (9, 0)]);
}

#[test]
fn an_absent_label_is_a_group_of_its_own_and_comes_first() {
    assert_eq!(
        grouped(&plan(&[], Some(&["node"]))),
        [(3, 1), (4, 1), (5, 2), (9, 0)]
    );
}

#[test]
fn grouping_by_nothing_makes_one_group() {
    assert_eq!(
        grouped(&plan(&[], Some(&[]))),
        [(3, 0), (4, 0), (5, 0), (9, 0)]
    );
}

#[test]
fn only_series_with_all_labels_asked_for_are_picked() {
    assert_eq!(grouped(&plan(&[("node", "a")], None)), [(3, 1), (4, 0)]);
    assert_eq!(grouped(&plan(&[("node", "a"), ("gpu", "9")], None)), []);
    let nothing = plan(&[("node", "c")], None);
    assert!(SeriesGroups::new(&nothing, []).is_empty());
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn buckets(newest: i64, points: &[(i64, f64)]) -> GroupBuckets {
    let points = points.iter().map(|(second, value)| (at(*second), *value));
    GroupBuckets {
        newest: at(newest),
        buckets: points.len() as u64,
        points: points.collect(),
    }
}

#[test]
fn a_group_without_a_value_counts_but_is_not_shown() {
    let plan = plan(&[], Some(&["node"]));
    let node = labels(&[("node", "a")]);
    let groups = SeriesGroups::new(&plan, [(1, &node), (2, &Labels::new())]);
    let came_to = BTreeMap::from([(0, buckets(59, &[])), (1, buckets(30, &[(0, 1.5)]))]);
    let answer = groups.answer_of(&plan, came_to).unwrap();
    assert_eq!(answer.series_total, 2);
    assert_eq!(answer.latest, Some(at(59)));
    assert!(!answer.is_truncated);
    assert_eq!(answer.series.len(), 1);
    assert_eq!(answer.series[0].points, [(at(0), 1.5)]);
}

#[test]
fn a_group_that_there_is_not_is_an_error() {
    let plan = plan(&[], None);
    let groups = SeriesGroups::new(&plan, [(1, &Labels::new())]);
    let came_to = BTreeMap::from([(7, buckets(0, &[(0, 1.0)]))]);
    assert!(groups.answer_of(&plan, came_to).is_err());
}

/// Three series, each a group, with the newest point at these seconds.
fn narrowed(last: [Option<i64>; 3]) -> (Vec<i64>, Option<MetricAnswer>) {
    let plan = plan(&[], None);
    let series = [
        (1, labels(&[("n", "1")])),
        (2, labels(&[("n", "2")])),
        (3, labels(&[("n", "3")])),
    ];
    let mut groups = SeriesGroups::new(&plan, series.iter().map(|(id, labels)| (*id, labels)));
    let known = groups.narrow(&plan, |id| last[id as usize - 1].map(at));
    let answer = known.map(|known| {
        let mut answer = MetricAnswer {
            series_total: groups.series_ids().len() as u64,
            ..MetricAnswer::default()
        };
        known.complete(&mut answer);
        answer
    });
    (groups.series_ids(), answer)
}

#[test]
fn of_more_groups_than_allowed_those_with_the_newest_points_are_read() {
    let (read, answer) = narrowed([Some(10), Some(30), Some(20)]);
    assert_eq!(read, [2, 3]);
    let answer = answer.unwrap();
    assert_eq!(
        (answer.series_total, answer.is_truncated, answer.latest),
        (3, true, Some(at(30)))
    );
}

#[test]
fn series_without_points_in_the_time_are_not_read_and_not_counted() {
    let (read, answer) = narrowed([Some(10), None, Some(-1)]);
    assert_eq!(read, [1]);
    let answer = answer.unwrap();
    assert_eq!((answer.series_total, answer.is_truncated), (1, false));
}

#[test]
fn where_a_newest_point_is_after_the_time_all_series_are_read() {
    let (read, answer) = narrowed([Some(10), Some(61), Some(20)]);
    assert_eq!(read, [1, 2, 3]);
    assert_eq!(answer, None);
}
