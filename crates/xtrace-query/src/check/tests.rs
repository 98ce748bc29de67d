use super::*;
use crate::plan::Order;
use crate::view::Measure;
use crate::{Condition, ListMatch, TextMatch, Value, observations, traces};
use std::collections::BTreeMap;
use xtrace_model::Timestamp;

fn rows(view: View) -> Plan {
    Plan {
        view,
        select: Select::Rows(vec![view.def().key[0]]),
        conditions: Vec::new(),
        order: Vec::new(),
        limit: 10,
        offset: 0,
    }
}

fn groups(view: View, dimensions: Vec<Dimension>, measures: Vec<MeasureOf>) -> Plan {
    Plan {
        select: Select::Groups {
            dimensions,
            measures,
        },
        ..rows(view)
    }
}

fn of(measure: &'static Measure, aggregation: Aggregation) -> MeasureOf {
    MeasureOf {
        measure,
        aggregation,
    }
}

fn with(condition: Condition) -> Plan {
    Plan {
        conditions: vec![condition],
        ..rows(View::Traces)
    }
}

#[track_caller]
fn refused(plan: &Plan, message: &str) {
    assert_eq!(plan.check().unwrap_err().to_string(), message);
}

#[test]
fn every_field_can_be_selected_and_every_measure_counted() {
    for view in [View::Traces, View::Observations] {
        let plan = Plan {
            select: Select::Rows(view.def().fields.to_vec()),
            ..rows(view)
        };
        assert_eq!(plan.check(), Ok(()));
        let measures = view.def().measures;
        let counts = measures
            .iter()
            .map(|measure| of(measure, Aggregation::Count));
        assert_eq!(groups(view, Vec::new(), counts.collect()).check(), Ok(()));
    }
}

#[test]
fn fields_belong_to_the_view_and_observations_may_use_those_of_their_trace() {
    let select = |view, field| Plan {
        select: Select::Rows(vec![field]),
        ..rows(view)
    };
    assert_eq!(select(View::Observations, &traces::USER_ID).check(), Ok(()));
    refused(
        &select(View::Traces, &observations::MODEL),
        "field model is not one of traces",
    );
    refused(
        &with(Condition::IsAbsent {
            field: &observations::MODEL,
        }),
        "field model is not one of traces",
    );
}

#[test]
fn comparisons_fit_the_kind_of_the_field() {
    let equal = |field, value| with(Condition::equal(field, value));
    assert_eq!(equal(&traces::LATENCY, Value::Int(1)).check(), Ok(()));
    assert_eq!(
        equal(&traces::INPUT_TOKENS, Value::Float(1.5)).check(),
        Ok(())
    );
    refused(
        &equal(&traces::LATENCY, Value::text("slow")),
        "field latency holds numbers and cannot be compared with a text",
    );
    refused(
        &equal(&traces::LATENCY, Value::Float(f64::NAN)),
        "field latency holds numbers and cannot be compared with a number",
    );
    refused(
        &equal(&traces::NAME, Value::Null),
        "field name holds text and cannot be compared with nothing",
    );
    refused(
        &equal(&traces::TOTAL_COST, Value::Float(1.0)),
        "field totalCost holds US dollars and cannot be compared with a number",
    );
    refused(
        &with(Condition::at_least(&traces::PUBLIC, Value::Bool(true))),
        "field public holds true or false and cannot be put in an order",
    );
    refused(
        &with(Condition::Not(Box::new(Condition::Text {
            field: &traces::LATENCY,
            matching: TextMatch::Contains,
            text: "1".into(),
        }))),
        "field latency holds numbers and cannot be searched for text",
    );
    refused(
        &with(Condition::List {
            field: &traces::NAME,
            matching: ListMatch::All,
            values: Vec::new(),
        }),
        "field name holds text and cannot be searched for members",
    );
}

#[test]
fn aggregations_fit_what_is_measured() {
    let check = |measure, aggregation| {
        groups(View::Traces, Vec::new(), vec![of(measure, aggregation)]).check()
    };
    let numeric = [
        Aggregation::Sum,
        Aggregation::Avg,
        Aggregation::Percentile(95),
    ];
    for aggregation in numeric {
        assert_eq!(check(&traces::MEASURE_LATENCY, aggregation), Ok(()));
        for measure in [
            &traces::UNIQUE_USERS,
            &traces::MEASURE_TIMESTAMP,
            &traces::COUNT,
        ] {
            let error = check(measure, aggregation).unwrap_err().to_string();
            let (name, by) = (measure.name, aggregation.name());
            assert_eq!(
                error,
                format!("measure {name} cannot be aggregated by {by}")
            );
        }
    }
    assert_eq!(check(&traces::MEASURE_TIMESTAMP, Aggregation::Max), Ok(()));
    assert_eq!(
        check(&traces::UNIQUE_USERS, Aggregation::CountDistinct),
        Ok(())
    );
    assert!(check(&traces::UNIQUE_USERS, Aggregation::Max).is_err());
    assert!(check(&traces::MEASURE_LATENCY, Aggregation::Percentile(101)).is_err());
}

#[test]
fn measures_of_traces_among_observations_must_not_count_twice() {
    let check = |measure, aggregation| {
        groups(
            View::Observations,
            Vec::new(),
            vec![of(measure, aggregation)],
        )
        .check()
    };
    for aggregation in [
        Aggregation::Min,
        Aggregation::Max,
        Aggregation::CountDistinct,
    ] {
        assert_eq!(check(&traces::MEASURE_LATENCY, aggregation), Ok(()));
    }
    for aggregation in [
        Aggregation::Sum,
        Aggregation::Avg,
        Aggregation::Percentile(50),
    ] {
        let error = check(&traces::MEASURE_LATENCY, aggregation).unwrap_err();
        assert!(error.is_unsupported(), "{error}");
    }
    assert!(
        check(&traces::COUNT, Aggregation::Count)
            .unwrap_err()
            .is_unsupported()
    );
    let reverse = of(&observations::MEASURE_LATENCY, Aggregation::Max);
    refused(
        &groups(View::Traces, Vec::new(), vec![reverse]),
        "measure latency is not one of traces",
    );
}

#[test]
fn groups_are_ordered_by_what_they_have() {
    let ordered = |plan: Plan, by| Plan {
        order: vec![Order {
            by,
            descending: false,
        }],
        ..plan
    };
    let by_user = || {
        let count = of(&traces::COUNT, Aggregation::Count);
        groups(
            View::Traces,
            vec![Dimension::Field(&traces::USER_ID)],
            vec![count],
        )
    };
    let count = || OrderBy::Measure(of(&traces::COUNT, Aggregation::Count));
    assert_eq!(
        ordered(by_user(), OrderBy::Field(&traces::USER_ID)).check(),
        Ok(())
    );
    assert_eq!(ordered(by_user(), count()).check(), Ok(()));
    refused(
        &ordered(by_user(), OrderBy::Field(&traces::NAME)),
        "order by name: groups are ordered by their dimensions and measures",
    );
    refused(
        &ordered(by_user(), OrderBy::Dimension(1)),
        "order by dimension 1: there is no such dimension",
    );
    refused(
        &ordered(rows(View::Traces), count()),
        "order by count_count: rows have no measures",
    );
    refused(
        &ordered(rows(View::Traces), OrderBy::Field(&traces::TAGS)),
        "field tags holds a set of texts and cannot be ordered by",
    );
}

#[test]
fn limits_name_the_number_and_the_limit() {
    let over = Plan {
        limit: LIMIT_MAX + 1,
        ..rows(View::Traces)
    };
    refused(&over, "limit is 100001, at most 100000 is allowed");
    let user = || Dimension::Field(&traces::USER_ID);
    refused(
        &groups(View::Traces, (0..9).map(|_| user()).collect(), Vec::new()),
        "number of dimensions is 9, at most 8 is allowed",
    );
    refused(
        &with(Condition::In {
            field: &traces::ID,
            values: vec![Value::text("x"); VALUES_MAX + 1],
        }),
        "number of values in conditions is 10001, at most 10000 is allowed",
    );
    let mut deep = Condition::All(Vec::new());
    for _ in 0..DEPTH_MAX {
        deep = Condition::Not(Box::new(deep));
    }
    refused(
        &with(deep),
        "depth of conditions is 33, at most 32 is allowed",
    );
    refused(
        &groups(View::Traces, Vec::new(), Vec::new()),
        "measures is empty",
    );
}

#[test]
fn buckets_need_a_length_and_ascending_offsets_over_a_time() {
    let bucketed = |field, bucket| {
        groups(
            View::Traces,
            vec![Dimension::Bucket { field, bucket }],
            Vec::new(),
        )
    };
    let at = Timestamp::from_micros;
    refused(
        &bucketed(&traces::LATENCY, Bucket::Fixed { micros: 1 }),
        "field latency holds numbers and cannot be put in buckets of time",
    );
    refused(
        &bucketed(&traces::TIMESTAMP, Bucket::Fixed { micros: 0 }),
        "bucket must be longer than nothing and at most 366 days",
    );
    let days = |offsets| bucketed(&traces::TIMESTAMP, Bucket::Day { offsets });
    refused(&days(Vec::new()), "list of offsets from UTC is empty");
    refused(
        &days(vec![(at(1), 0), (at(1), 3600)]),
        "list of offsets from UTC must be ascending",
    );
    assert_eq!(days(vec![(at(0), 0), (at(1), 3600)]).check(), Ok(()));
}

#[test]
fn questions_about_series_need_a_window_and_a_step() {
    let plan = |from, to, step_micros| MetricPlan {
        name: "gpu".into(),
        labels: BTreeMap::new(),
        from: Timestamp::from_micros(from),
        to: Timestamp::from_micros(to),
        step_micros,
        aggregation: MetricAggregation::Avg,
        group_by: None,
        series_max: 1,
        points_max: 1,
    };
    assert_eq!(plan(0, 0, 1).check(), Ok(()));
    assert_eq!(
        plan(1, 0, 1).check().unwrap_err().to_string(),
        "from must be no later than to"
    );
    assert!(plan(0, 1, 0).check().is_err());
    assert!(plan(0, 1, STEP_MICROS_MAX + 1).check().is_err());
}
