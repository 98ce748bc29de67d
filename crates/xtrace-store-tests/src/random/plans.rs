//! Random plans over the data set of [`crate::dataset`].

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::Union;
use xtrace_model::{Timestamp, Usd};
use xtrace_query::{
    Aggregation, Bucket, Comparison, Condition, Dimension, Field, Kind, ListMatch, MeasureOf,
    Order, OrderBy, Plan, Select, TextMatch, Value, View, traces, zone,
};

use crate::builders::after;
use crate::dataset::AWKWARD;

/// Plans that make sense.
pub fn plans() -> impl Strategy<Value = Plan> {
    let views = select(vec![View::Traces, View::Observations]);
    views
        .prop_flat_map(of_view)
        .prop_filter("makes sense", |plan| plan.check().is_ok())
}

/// Fields that a view may use.
fn fields(view: View) -> Vec<&'static Field> {
    let mut fields = view.def().fields.to_vec();
    if view == View::Observations {
        fields.extend(traces::TRACES.fields);
    }
    fields
}

fn of_view(view: View) -> impl Strategy<Value = Plan> {
    let page = (
        prop_oneof![Just(10_000), 0..40_u64],
        prop_oneof![3 => Just(0), 1 => 0..30_u64],
    );
    let conditions = vec(conditions(view, 3), 0..4);
    (selects(view), conditions, page).prop_map(
        move |((select, order), conditions, (limit, offset))| Plan {
            view,
            select,
            conditions,
            order,
            limit,
            offset,
        },
    )
}

fn selects(view: View) -> impl Strategy<Value = (Select, Vec<Order>)> {
    let by_field = (select(fields(view)), any::<bool>());
    let by_field = by_field.prop_map(|(field, descending)| Order {
        by: OrderBy::Field(field),
        descending,
    });
    let rows = (vec(select(fields(view)), 1..6), vec(by_field, 0..3))
        .prop_map(|(fields, order)| (Select::Rows(fields), order));
    let dimensions = || vec(dimensions(view), 0..4);
    let groups = (
        dimensions(),
        vec(measures(view), 0..4),
        vec((0..4_usize, measures(view), any::<bool>()), 0..3),
    );
    let groups = groups.prop_map(|(dimensions, measures, orders)| {
        let order = orders.into_iter().map(|(index, measure, descending)| {
            let by = if index < dimensions.len() {
                OrderBy::Dimension(index)
            } else {
                OrderBy::Measure(measure)
            };
            Order { by, descending }
        });
        let order = order.filter(|order| is_decisive(&order.by)).collect();
        (
            Select::Groups {
                dimensions,
                measures,
            },
            order,
        )
    });
    let counts =
        dimensions().prop_map(|dimensions| (Select::CountGroups { dimensions }, Vec::new()));
    prop_oneof![4 => rows, 4 => groups, 1 => counts]
}

/// Averages and percentiles may differ in their last digit, which must not decide an order.
fn is_decisive(by: &OrderBy) -> bool {
    match by {
        OrderBy::Measure(measure) => !matches!(
            measure.aggregation,
            Aggregation::Avg | Aggregation::Percentile(_) | Aggregation::Histogram(_)
        ),
        OrderBy::Field(_) | OrderBy::Dimension(_) => true,
    }
}

fn dimensions(view: View) -> impl Strategy<Value = Dimension> {
    let times: Vec<&'static Field> = fields(view)
        .into_iter()
        .filter(|field| field.kind == Kind::Time)
        .collect();
    let lengths = vec![
        1_000_000,
        7_000_000,
        60_000_000,
        3_600_000_000,
        86_400_000_000,
        1_000_000_000_000,
    ];
    let fixed = select(lengths).prop_map(|micros| Bucket::Fixed { micros });
    let (from, to) = (after(-86_400.0 * 400.0), after(86_400.0 * 400.0));
    let zones = vec![
        "Asia/Shanghai",
        "America/New_York",
        "Australia/Lord_Howe",
        "Europe/Berlin",
    ];
    let days = select(zones).prop_map(move |name| zone::days(name, from, to).expect("a zone"));
    let calendar = select(vec![Bucket::Week, Bucket::Month]);
    let buckets = (select(times), prop_oneof![fixed, days, calendar]);
    prop_oneof![
        3 => select(fields(view)).prop_map(Dimension::Field),
        1 => buckets.prop_map(|(field, bucket)| Dimension::Bucket { field, bucket }),
        1 => select(fields(view)).prop_map(Dimension::IsAbsent),
    ]
}

fn measures(view: View) -> impl Strategy<Value = MeasureOf> {
    let mut measures = view.def().measures.to_vec();
    if view == View::Observations {
        measures.extend(traces::TRACES.measures);
    }
    let aggregations = [
        Aggregation::Count,
        Aggregation::CountDistinct,
        Aggregation::Sum,
        Aggregation::Avg,
        Aggregation::Min,
        Aggregation::Max,
        Aggregation::Percentile(50),
        Aggregation::Percentile(95),
        Aggregation::Histogram(1),
        Aggregation::Histogram(10),
    ];
    let pairs: Vec<MeasureOf> = measures
        .into_iter()
        .flat_map(|measure| {
            aggregations.iter().map(move |aggregation| MeasureOf {
                measure,
                aggregation: *aggregation,
            })
        })
        .filter(|measure| {
            crate::plans::groups(view, vec![], vec![*measure])
                .check()
                .is_ok()
        })
        .collect();
    select(pairs)
}

fn conditions(view: View, depth: u32) -> impl Strategy<Value = Condition> {
    leaves(view).prop_recursive(depth, 12, 3, |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_map(|condition| Condition::Not(Box::new(condition))),
            vec(inner.clone(), 0..4).prop_map(Condition::All),
            vec(inner, 0..4).prop_map(Condition::Any),
        ]
    })
}

fn leaves(view: View) -> impl Strategy<Value = Condition> {
    select(fields(view)).prop_flat_map(|field| {
        let absent = Just(Condition::IsAbsent { field }).boxed();
        let mut choices = vec![absent];
        match field.kind {
            Kind::Json => {}
            Kind::TextList => choices.push(lists(field).boxed()),
            kind => {
                choices.push(comparisons(field).boxed());
                choices.push(
                    vec(values(kind), 0..4)
                        .prop_map(|values| Condition::In { field, values })
                        .boxed(),
                );
                if kind == Kind::Text {
                    choices.push(texts(field).boxed());
                }
            }
        }
        Union::new(choices)
    })
}

fn comparisons(field: &'static Field) -> impl Strategy<Value = Condition> {
    let comparisons = match field.kind {
        Kind::Bool => vec![Comparison::Equal],
        _ => vec![
            Comparison::Equal,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
        ],
    };
    (select(comparisons), values(field.kind)).prop_map(move |(comparison, value)| {
        Condition::Compare {
            field,
            comparison,
            value,
        }
    })
}

fn texts(field: &'static Field) -> impl Strategy<Value = Condition> {
    let matches = select(vec![
        TextMatch::Contains,
        TextMatch::StartsWith,
        TextMatch::EndsWith,
    ]);
    let parts = (select(AWKWARD.to_vec()), 0..4_usize, 0..6_usize);
    let parts =
        parts.prop_map(|(text, skip, take)| text.chars().skip(skip).take(take).collect::<String>());
    (matches, parts).prop_map(move |(matching, text)| Condition::Text {
        field,
        matching,
        text: text.into(),
    })
}

fn lists(field: &'static Field) -> impl Strategy<Value = Condition> {
    let values = vec(select(AWKWARD.to_vec()), 0..3);
    (any::<bool>(), values).prop_map(move |(all, values)| Condition::List {
        field,
        matching: if all { ListMatch::All } else { ListMatch::Any },
        values: values.into_iter().map(Into::into).collect(),
    })
}

/// Values that the data set has, or that lie between them.
fn values(kind: Kind) -> Union<proptest::strategy::BoxedStrategy<Value>> {
    let words = [
        "GENERATION",
        "SPAN",
        "ERROR",
        "DEFAULT",
        "provided",
        "computed",
        "o1",
        "a-10",
        "Ü-3",
        "default",
    ];
    let choice = match kind {
        Kind::Text => select([&AWKWARD[..], &words].concat())
            .prop_map(Value::text)
            .boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Int => prop_oneof![
            (-4..40_i64).prop_map(Value::Int),
            (-8..80_i32).prop_map(|halves| Value::Float(f64::from(halves) / 2.0)),
        ]
        .boxed(),
        Kind::Float => prop_oneof![
            (0..60_i32).prop_map(|quarters| Value::Float(f64::from(quarters) / 4.0)),
            (0..20_i64).prop_map(Value::Int),
        ]
        .boxed(),
        Kind::Money => select(vec![
            0,
            1,
            100_000_000_000,
            300_000_000_000,
            12_345_678_901_234_567,
        ])
        .prop_map(|units| Value::Money(Usd::from_units(units)))
        .boxed(),
        Kind::Time => (0..5_800_i64).prop_map(time).boxed(),
        Kind::TextList | Kind::Json => Just(Value::Null).boxed(),
    };
    Union::new([choice])
}

/// Eighths of hours after noon, as the data set has them.
fn time(eighths: i64) -> Value {
    Value::Time(Timestamp::from_micros(
        after(0.0).as_micros() + eighths * 450_000_000,
    ))
}
