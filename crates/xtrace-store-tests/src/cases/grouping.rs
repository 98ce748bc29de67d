//! Groups: every dimension, every measure by every aggregation, exact money, buckets and local days.

use xtrace_model::Usd;
use xtrace_query::{
    Aggregation, Bucket, Condition, Dimension, Field, Histogram, Kind, Measure, Order, OrderBy,
    Plan, Select, Value, View, observations as o, traces as t,
};

use crate::builders::{a_trace, after, an_observation, batch};
use crate::dataset;
use crate::plans::{descending, groups, measure};
use crate::stage::Stage;

const AGGREGATIONS: [Aggregation; 14] = [
    Aggregation::Count,
    Aggregation::CountDistinct,
    Aggregation::Sum,
    Aggregation::Avg,
    Aggregation::Min,
    Aggregation::Max,
    Aggregation::Percentile(0),
    Aggregation::Percentile(50),
    Aggregation::Percentile(95),
    Aggregation::Percentile(99),
    Aggregation::Percentile(100),
    Aggregation::Histogram(1),
    Aggregation::Histogram(10),
    Aggregation::Histogram(100),
];

/// Every aggregation that a measure has, of all rows and by a dimension.
async fn measure_each(
    stage: &Stage,
    view: View,
    measures: &[&'static Measure],
    by: &'static Field,
) {
    for each in measures {
        for aggregation in AGGREGATIONS {
            let measures = vec![measure(each, aggregation)];
            let plan = groups(view, vec![], measures.clone());
            if plan.check().is_err() {
                continue;
            }
            stage.query(&plan).await;
            stage
                .query(&groups(view, vec![Dimension::Field(by)], measures))
                .await;
        }
    }
}

pub async fn every_measure_of_traces_by_every_aggregation(stage: &mut Stage) {
    dataset::store(stage).await;
    measure_each(stage, View::Traces, t::TRACES.measures, &t::NAME).await;
}

pub async fn every_measure_of_observations_by_every_aggregation(stage: &mut Stage) {
    dataset::store(stage).await;
    measure_each(
        stage,
        View::Observations,
        o::OBSERVATIONS.measures,
        &o::MODEL,
    )
    .await;
}

pub async fn measures_of_traces_over_their_observations(stage: &mut Stage) {
    dataset::store(stage).await;
    measure_each(stage, View::Observations, t::TRACES.measures, &o::LEVEL).await;
}

pub async fn every_field_is_a_dimension(stage: &mut Stage) {
    dataset::store(stage).await;
    for (view, fields, count) in [
        (View::Traces, t::TRACES.fields, &t::COUNT),
        (View::Observations, o::OBSERVATIONS.fields, &o::COUNT),
        (View::Observations, t::TRACES.fields, &o::COUNT),
    ] {
        for field in fields.iter().filter(|field| field.kind != Kind::Json) {
            let is_absent = groups(
                view,
                vec![Dimension::IsAbsent(field)],
                vec![measure(count, Aggregation::Count)],
            );
            stage.query(&is_absent).await;
            let dimensions = vec![Dimension::Field(field)];
            let measures = vec![measure(count, Aggregation::Count)];
            stage
                .query(&groups(view, dimensions.clone(), measures))
                .await;
            stage
                .query(&Plan {
                    select: Select::CountGroups { dimensions },
                    ..groups(view, vec![], vec![])
                })
                .await;
        }
    }
}

pub async fn many_dimensions_and_measures_at_once(stage: &mut Stage) {
    dataset::store(stage).await;
    let fields: [&'static Field; 7] = [
        &o::LEVEL,
        &o::TYPE,
        &t::PUBLIC,
        &o::MODEL,
        &t::TAGS,
        &o::STEP_INDEX,
        &t::TOTAL_COST,
    ];
    let mut dimensions: Vec<Dimension> = fields.into_iter().map(Dimension::Field).collect();
    dimensions.push(Dimension::Bucket {
        field: &o::END_TIME,
        bucket: Bucket::Fixed {
            micros: 3_600_000_000,
        },
    });
    let measures = o::OBSERVATIONS
        .measures
        .iter()
        .map(|each| measure(each, Aggregation::Count))
        .collect();
    let plan = groups(View::Observations, dimensions.clone(), measures);
    stage.query(&plan).await;
    stage
        .query(&Plan {
            limit: 5,
            offset: 3,
            ..plan.clone()
        })
        .await;
    stage
        .query(&Plan {
            select: Select::CountGroups { dimensions },
            ..plan
        })
        .await;
}

pub async fn groups_may_have_no_measures(stage: &mut Stage) {
    dataset::store(stage).await;
    stage
        .query(&groups(
            View::Traces,
            vec![Dimension::Field(&t::NAME)],
            vec![],
        ))
        .await;
}

pub async fn groups_are_ordered_by_measures_and_dimensions(stage: &mut Stage) {
    dataset::store(stage).await;
    let count = || measure(&o::COUNT, Aggregation::Count);
    let cost = || measure(&o::MEASURE_TOTAL_COST, Aggregation::Sum);
    let dimensions = vec![Dimension::Field(&o::MODEL), Dimension::Field(&o::LEVEL)];
    let plan = groups(View::Observations, dimensions, vec![count()]);
    let by = |by, descending| Order { by, descending };
    for order in [
        vec![by(OrderBy::Measure(count()), true)],
        vec![
            by(OrderBy::Measure(cost()), true),
            by(OrderBy::Dimension(1), false),
        ],
        vec![by(
            OrderBy::Measure(measure(&o::MEASURE_LATENCY, Aggregation::Max)),
            false,
        )],
        vec![
            by(OrderBy::Dimension(1), true),
            by(OrderBy::Dimension(0), true),
        ],
        vec![descending(&o::MODEL)],
    ] {
        stage
            .query(&Plan {
                order: order.clone(),
                ..plan.clone()
            })
            .await;
        stage
            .query(&Plan {
                order,
                limit: 4,
                offset: 2,
                ..plan.clone()
            })
            .await;
    }
}

pub async fn nothing_has_a_count_of_zero_a_sum_of_zero_and_no_extremes(stage: &mut Stage) {
    let of = |aggregation| measure(&o::MEASURE_TOTAL_COST, aggregation);
    let [sum, average, minimum] = [Aggregation::Sum, Aggregation::Avg, Aggregation::Min].map(of);
    let latency = measure(&o::MEASURE_LATENCY, Aggregation::Percentile(95));
    let count = measure(&o::COUNT, Aggregation::Count);
    let seconds = measure(&o::MEASURE_LATENCY, Aggregation::Sum);
    let plan = groups(
        View::Observations,
        vec![],
        vec![count, sum, seconds, average, minimum, latency],
    );
    let nothing = [
        Value::Int(0),
        Value::Money(Usd::ZERO),
        Value::Float(0.0),
        Value::Null,
        Value::Null,
        Value::Null,
    ];
    assert_eq!(stage.query(&plan).await.rows[0], nothing);
    stage.commit(batch().with(an_observation("t1", "o1"))).await;
    let mut known = nothing;
    known[0] = Value::Int(1);
    assert_eq!(stage.query(&plan).await.rows, [known]);
    let by_model = groups(View::Traces, vec![Dimension::Field(&t::NAME)], vec![]);
    assert_eq!(stage.query(&by_model).await.rows, [[Value::Null]]);
}

pub async fn groups_are_counted_without_limit(stage: &mut Stage) {
    let named = ["a", "b", "a"]
        .iter()
        .enumerate()
        .map(|(index, name)| a_trace(&format!("t{index}")).name(name));
    stage
        .commit(batch().with_all(named).with(a_trace("nameless")))
        .await;
    let count = |dimensions| Plan {
        select: Select::CountGroups { dimensions },
        limit: 1,
        offset: 7,
        ..groups(View::Traces, vec![], vec![])
    };
    let by_name = count(vec![Dimension::Field(&t::NAME)]);
    assert_eq!(stage.query(&by_name).await.rows, [[Value::Int(3)]]);
    assert_eq!(stage.query(&count(vec![])).await.rows, [[Value::Int(1)]]);
}

pub async fn sums_of_money_are_exact(stage: &mut Stage) {
    let amounts = [
        "0.1",
        "0.1",
        "0.1",
        "999999999999.999999999999",
        "0.000000000001",
        "-0.3",
    ];
    let observations = amounts.iter().enumerate().map(|(index, amount)| {
        an_observation("t1", &format!("o{index}")).cost([("total", amount)])
    });
    stage.commit(batch().with_all(observations)).await;
    let of = |aggregation| measure(&o::MEASURE_TOTAL_COST, aggregation);
    let measures = vec![
        of(Aggregation::Sum),
        of(Aggregation::Min),
        of(Aggregation::Max),
    ];
    let table = stage
        .query(&groups(View::Observations, vec![], measures))
        .await;
    let usd = |text| Value::Money(Usd::parse(text).unwrap());
    let largest = usd("999999999999.999999999999");
    assert_eq!(table.rows, [[usd("1000000000000"), usd("-0.3"), largest]]);
    assert_eq!(
        stage.the_trace("t1").await.row.total_cost,
        Some(Usd::parse("1000000000000").unwrap())
    );
}

pub async fn a_thousand_dimes_are_a_hundred_dollars(stage: &mut Stage) {
    let dimes = (0..1_000)
        .map(|number| an_observation("t1", &format!("o{number}")).cost([("input", "0.1")]));
    stage.commit(batch().with_all(dimes)).await;
    let measures = vec![measure(&o::MEASURE_TOTAL_COST, Aggregation::Sum)];
    let table = stage
        .query(&groups(View::Observations, vec![], measures))
        .await;
    assert_eq!(table.rows, [[Value::Money(Usd::parse("100").unwrap())]]);
}

pub async fn sums_of_whole_numbers_stop_at_the_ends(stage: &mut Stage) {
    let huge = u64::try_from(i64::MAX).unwrap() - 1;
    let observations =
        ["t1", "t2", "t3"].map(|trace| an_observation(trace, "o1").buckets([("input", huge)]));
    stage.commit(batch().with_all(observations)).await;
    let measures = vec![measure(&o::MEASURE_INPUT_TOKENS, Aggregation::Sum)];
    let table = stage
        .query(&groups(View::Observations, vec![], measures))
        .await;
    assert_eq!(table.rows, [[Value::Int(i64::MAX)]]);
    stage.same_records().await;
}

pub async fn percentiles_are_interpolated_between_neighbours(stage: &mut Stage) {
    let latencies = [4.0, 1.0, 3.0, 2.0];
    let observations =
        latencies.map(|seconds| an_observation("t1", &format!("o{seconds}")).latency(seconds));
    stage
        .commit(
            batch()
                .with_all(observations)
                .with(an_observation("t1", "unknown")),
        )
        .await;
    let percentages = [0, 25, 50, 75, 90, 100];
    let measures = percentages.map(|p| measure(&o::MEASURE_LATENCY, Aggregation::Percentile(p)));
    let table = stage
        .query(&groups(View::Observations, vec![], measures.to_vec()))
        .await;
    let expected = [1.0, 1.75, 2.5, 3.25, 3.7, 4.0];
    for (found, expected) in table.rows[0].iter().zip(expected) {
        assert!(
            (found.as_float().unwrap() - expected).abs() < 1e-9,
            "{found:?} is not {expected}"
        );
    }
}

pub async fn groups_come_in_the_order_of_their_first_rows(stage: &mut Stage) {
    // Traces of 12 sessions in turns, several received at once; sessions end and begin at any time.
    for n in 0..60_u32 {
        let session = format!("s{}", (n * 7 + n / 9) % 12);
        let received = f64::from(n / 3 * 17 % 23);
        let trace = a_trace(&format!("t{n}")).sent(received).session(&session);
        let trace = trace.timestamp(after(f64::from(n % 11) * 3_600.0));
        stage
            .commit(batch().with(trace).with(a_trace("none")))
            .await;
    }
    let first = measure(&t::MEASURE_CREATED_AT, Aggregation::Min);
    let measures = vec![
        measure(&t::COUNT, Aggregation::Count),
        measure(&t::OBSERVATIONS_COUNT, Aggregation::Sum),
        measure(&t::MEASURE_ERRORS, Aggregation::Sum),
        measure(&t::MEASURE_LATENCY, Aggregation::Avg),
        measure(&t::MEASURE_TIMESTAMP, Aggregation::Min),
        first,
    ];
    let absent = Condition::IsAbsent {
        field: &t::SESSION_ID,
    };
    let since = Condition::at_least(&t::TIMESTAMP, Value::Time(after(5.0 * 3_600.0)));
    let of_one = Condition::equal(&t::SESSION_ID, Value::text("s3"));
    for conditions in [vec![], vec![since], vec![of_one]] {
        for (descending, offset) in [(true, 0), (false, 0), (true, 5), (false, 11), (true, 12)] {
            let mut plan = groups(
                View::Traces,
                vec![Dimension::Field(&t::SESSION_ID)],
                measures.clone(),
            );
            plan.conditions = vec![Condition::Not(Box::new(absent.clone()))];
            plan.conditions.extend_from_slice(&conditions);
            plan.order = vec![Order {
                by: OrderBy::Measure(first),
                descending,
            }];
            (plan.limit, plan.offset) = (4, offset);
            stage.query(&plan).await;
        }
    }
}

pub async fn histograms_count_in_parts_of_the_same_width(stage: &mut Stage) {
    let latencies = [1.0, 2.0, 2.5, 3.0, 5.0];
    let observations =
        latencies.map(|seconds| an_observation("t1", &format!("o{seconds}")).latency(seconds));
    let same = ["s1", "s2"].map(|id| an_observation("t2", id).latency(7.0).model("same"));
    let unknown = an_observation("t1", "unknown");
    let batch = batch().with_all(observations).with_all(same).with(unknown);
    stage.commit(batch).await;
    let measures = vec![measure(&o::MEASURE_LATENCY, Aggregation::Histogram(4))];
    let by_model = vec![Dimension::Field(&o::MODEL)];
    let table = stage
        .query(&groups(View::Observations, by_model, measures.clone()))
        .await;
    let histogram = |lowest, highest, counts: [u64; 4]| {
        Value::Histogram(Histogram {
            lowest,
            highest,
            counts: counts.to_vec(),
        })
    };
    // A value between two parts is of the upper one, the greatest of the last.
    assert_eq!(table.rows[0][1], histogram(7.0, 7.0, [2, 0, 0, 0]));
    assert_eq!(table.rows[1][1], histogram(1.0, 5.0, [1, 2, 1, 1]));
    let nothing = Plan {
        conditions: vec![Condition::Any(Vec::new())],
        ..groups(View::Observations, vec![], measures)
    };
    assert_eq!(stage.query(&nothing).await.rows, [[Value::Null]]);
}
