//! Which plans are answered from rollups.

use xtrace_query::{Aggregation, Comparison, Field, Measure, Value, View, zone};

use super::*;

const QUARTER: i64 = BUCKET_MICROS;

fn of(measure: &'static Measure, aggregation: Aggregation) -> MeasureOf {
    MeasureOf {
        measure,
        aggregation,
    }
}

fn day() -> Dimension {
    Dimension::Bucket {
        field: &traces::TIMESTAMP,
        bucket: zone::utc_days(),
    }
}

fn groups(view: View, dimensions: Vec<Dimension>, measures: Vec<MeasureOf>) -> Plan {
    Plan {
        view,
        select: Select::Groups {
            dimensions,
            measures,
        },
        conditions: Vec::new(),
        order: Vec::new(),
        limit: 10,
        offset: 0,
    }
}

fn traces_by_day() -> Plan {
    groups(
        View::Traces,
        vec![day()],
        vec![of(&traces::COUNT, Aggregation::Count)],
    )
}

fn calls(dimensions: Vec<Dimension>, measure: &'static Measure, aggregation: Aggregation) -> Plan {
    Plan {
        conditions: vec![observations::is_model_call()],
        ..groups(
            View::Observations,
            dimensions,
            vec![of(measure, aggregation)],
        )
    }
}

fn bound(field: &'static Field, comparison: Comparison, micros: i64) -> Condition {
    Condition::Compare {
        field,
        comparison,
        value: Value::Time(Timestamp::from_micros(micros)),
    }
}

fn check(expected: bool, plan: &Plan) {
    assert_eq!(Rolled::of(plan).is_some(), expected, "{plan:#?}");
}

#[test]
fn sums_of_traces_chosen_by_time_alone_are_answered_from_rollups() {
    check(true, &traces_by_day());
    let mut plan = traces_by_day();
    plan.conditions = vec![
        bound(&traces::TIMESTAMP, Comparison::GreaterOrEqual, 0),
        bound(&traces::TIMESTAMP, Comparison::Less, 9 * QUARTER),
    ];
    check(true, &plan);
    let user = Condition::equal(&traces::USER_ID, Value::text("ada"));
    plan.conditions.push(user);
    check(false, &plan);
    plan.conditions = vec![bound(&traces::LAST_ACTIVITY, Comparison::Less, 9 * QUARTER)];
    check(false, &plan);
    plan.conditions = vec![bound(&traces::TIMESTAMP, Comparison::Equal, 0)];
    check(false, &plan);
}

#[test]
fn rows_averages_and_other_dimensions_are_not() {
    let mut plan = traces_by_day();
    plan.select = Select::Rows(vec![&traces::ID]);
    check(false, &plan);
    let average = of(&traces::OBSERVATIONS_COUNT, Aggregation::Avg);
    check(false, &groups(View::Traces, vec![day()], vec![average]));
    let count = of(&traces::COUNT, Aggregation::Count);
    let by_name = Dimension::Field(&traces::NAME);
    check(false, &groups(View::Traces, vec![by_name], vec![count]));
    let by_activity = Dimension::Bucket {
        field: &traces::LAST_ACTIVITY,
        bucket: zone::utc_days(),
    };
    check(false, &groups(View::Traces, vec![by_activity], vec![count]));
}

#[test]
fn traces_with_calls_are_counted_by_model_alone() {
    let model = || Dimension::Field(&observations::MODEL);
    let unique = (&observations::UNIQUE_TRACES, Aggregation::CountDistinct);
    check(true, &calls(vec![day(), model()], unique.0, unique.1));
    check(true, &calls(vec![model()], unique.0, unique.1));
    check(false, &calls(vec![day()], unique.0, unique.1));
    let cost = (&observations::MEASURE_TOTAL_COST, Aggregation::Sum);
    check(true, &calls(vec![day()], cost.0, cost.1));
    let mut of_all = calls(vec![day()], cost.0, cost.1);
    of_all.conditions.clear();
    check(false, &of_all);
}

#[test]
fn an_order_must_be_had_from_rollups_as_well() {
    let mut plan = traces_by_day();
    let by = |measure| OrderBy::Measure(of(measure, Aggregation::Sum));
    let order = |by| {
        vec![xtrace_query::Order {
            by,
            descending: true,
        }]
    };
    plan.order = order(by(&traces::MEASURE_OBSERVED_COST));
    check(true, &plan);
    plan.order = order(by(&traces::MEASURE_TOTAL_COST));
    check(false, &plan);
}

#[test]
fn buckets_must_be_made_of_whole_cells() {
    let by = |bucket| {
        let dimension = Dimension::Bucket {
            field: &traces::TIMESTAMP,
            bucket,
        };
        groups(
            View::Traces,
            vec![dimension],
            vec![of(&traces::COUNT, Aggregation::Count)],
        )
    };
    check(true, &by(Bucket::Fixed { micros: QUARTER }));
    check(
        false,
        &by(Bucket::Fixed {
            micros: QUARTER / 3,
        }),
    );
    let days = |offsets: &[(i64, i32)]| Bucket::Day {
        offsets: offsets
            .iter()
            .map(|(from, seconds)| (Timestamp::from_micros(*from), *seconds))
            .collect(),
    };
    check(true, &by(days(&[(1, 20_700), (QUARTER, 19_800)])));
    check(false, &by(days(&[(0, 1_172)])));
    check(false, &by(days(&[(0, 3_600), (QUARTER + 1, 7_200)])));
}

#[test]
fn rows_are_read_where_a_time_does_not_begin_or_end_a_bucket() {
    let with = |conditions| Plan {
        conditions,
        ..traces_by_day()
    };
    let needs_rows = |from: i64, end: i64| {
        let plan = with(vec![
            bound(&traces::TIMESTAMP, Comparison::GreaterOrEqual, from),
            bound(&traces::TIMESTAMP, Comparison::Less, end),
        ]);
        Rolled::of(&plan).map(|rolled| rolled.needs_rows())
    };
    assert_eq!(needs_rows(-QUARTER, QUARTER), Some(false));
    assert_eq!(needs_rows(-QUARTER + 1, QUARTER), Some(true));
    assert_eq!(needs_rows(-QUARTER, QUARTER + 1), Some(true));
    assert_eq!(needs_rows(1, 2 * QUARTER - 1), None);
    let up_to = bound(&traces::TIMESTAMP, Comparison::LessOrEqual, QUARTER - 1);
    assert!(!Rolled::of(&with(vec![up_to])).unwrap().needs_rows());
}
