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

fn row(number: i64, second: i64, value: Option<f64>, groups: i64) -> Vec<Value> {
    let time = |seconds: i64| Value::Time(Timestamp::from_micros(seconds * 1_000_000));
    let value = value.map_or(Value::Null, Value::Float);
    vec![
        Value::Int(number),
        time(second),
        value,
        Value::Int(2),
        Value::Int(groups),
        time(59),
    ]
}

#[test]
fn a_group_without_a_value_counts_but_is_not_shown() {
    let plan = plan(&[], Some(&["node"]));
    let node = labels(&[("node", "a")]);
    let groups = SeriesGroups::new(&plan, [(1, &node), (2, &Labels::new())]);
    let table = Table {
        columns: Vec::new(),
        rows: vec![row(0, 0, None, 2), row(1, 0, Some(1.5), 2)],
    };
    let answer = groups.answer(&plan, &table).unwrap();
    assert_eq!(answer.series_total, 2);
    assert_eq!(answer.latest, Some(Timestamp::from_micros(59_000_000)));
    assert!(!answer.is_truncated);
    assert_eq!(answer.series.len(), 1);
    assert_eq!(answer.series[0].points, [(Timestamp::from_micros(0), 1.5)]);
}

#[test]
fn more_groups_than_allowed_are_said_to_be_cut() {
    let plan = plan(&[], None);
    let groups = SeriesGroups::new(&plan, [(1, &Labels::new())]);
    let table = |groups| Table {
        columns: Vec::new(),
        rows: vec![row(0, 0, Some(1.0), groups)],
    };
    assert!(groups.answer(&plan, &table(3)).unwrap().is_truncated);
    assert!(!groups.answer(&plan, &table(2)).unwrap().is_truncated);
}

#[test]
fn rows_of_another_statement_are_an_error() {
    let plan = plan(&[], None);
    let groups = SeriesGroups::new(&plan, [(1, &Labels::new())]);
    let table = |row| Table {
        columns: Vec::new(),
        rows: vec![row],
    };
    for row in [
        vec![Value::Int(0)],
        vec![Value::Null; 6],
        row(7, 0, Some(1.0), 1),
    ] {
        assert!(groups.answer(&plan, &table(row)).is_err());
    }
}
