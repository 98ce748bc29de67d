//! Conditions of every kind on every field.

use xtrace_query::{
    Comparison, Condition, Field, Kind, ListMatch, Plan, Select, TextMatch, Value, View,
    observations as o, traces as t,
};
use xtrace_store::TelemetryReader as _;

use crate::builders::{a_trace, an_observation, batch};
use crate::dataset;
use crate::plans::{keys_where, rows};
use crate::stage::Stage;

const COMPARISONS: [Comparison; 5] = [
    Comparison::Equal,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
];

fn compare(field: &'static Field, comparison: Comparison, value: Value) -> Condition {
    Condition::Compare {
        field,
        comparison,
        value,
    }
}

pub fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

pub fn contains(field: &'static Field, text: &str) -> Condition {
    Condition::Text {
        field,
        matching: TextMatch::Contains,
        text: text.into(),
    }
}

/// The ids of the traces for which a condition holds.
pub async fn traces_where(stage: &Stage, condition: Condition) -> Vec<String> {
    let table = stage.query(&keys_where(View::Traces, condition)).await;
    table
        .rows
        .iter()
        .filter_map(|row| row[0].as_text())
        .map(str::to_owned)
        .collect()
}

/// Some of the values that a field has, from the first to the last.
async fn some_values(stage: &Stage, view: View, field: &'static Field, count: usize) -> Vec<Value> {
    let plan = Plan {
        select: Select::Rows(vec![field]),
        ..rows(view)
    };
    let table = stage.reference.query(&stage.scope, &plan).await.unwrap();
    let mut values: Vec<Value> = table
        .rows
        .into_iter()
        .flatten()
        .filter(|value| *value != Value::Null)
        .collect();
    values.sort_by_key(|value| format!("{value:?}"));
    values.dedup();
    let mut picked: Vec<Value> = (1..=count)
        .filter_map(|part| values.get(values.len() * part / (count + 1)).cloned())
        .collect();
    picked.dedup();
    picked
}

async fn compare_each(stage: &Stage, view: View, fields: &[&'static Field], values_each: usize) {
    for field in fields {
        if matches!(field.kind, Kind::Json | Kind::TextList) {
            continue;
        }
        let values = some_values(stage, view, field, values_each).await;
        for value in &values {
            for comparison in COMPARISONS {
                if field.kind == Kind::Bool && comparison != Comparison::Equal {
                    continue;
                }
                let condition = compare(field, comparison, value.clone());
                stage.query(&keys_where(view, condition)).await;
            }
            stage
                .query(&keys_where(
                    view,
                    not(Condition::equal(field, value.clone())),
                ))
                .await;
        }
        stage
            .query(&keys_where(
                view,
                Condition::In {
                    field,
                    values: values.clone(),
                },
            ))
            .await;
        stage
            .query(&keys_where(view, not(Condition::In { field, values })))
            .await;
    }
}

pub async fn traces_are_compared_by_every_field(stage: &mut Stage) {
    dataset::store(stage).await;
    compare_each(stage, View::Traces, t::TRACES.fields, 3).await;
}

pub async fn observations_are_compared_by_every_field(stage: &mut Stage) {
    dataset::store(stage).await;
    compare_each(stage, View::Observations, o::OBSERVATIONS.fields, 2).await;
}

pub async fn observations_are_compared_by_fields_of_their_trace(stage: &mut Stage) {
    dataset::store(stage).await;
    compare_each(stage, View::Observations, t::TRACES.fields, 1).await;
}

pub async fn every_field_is_absent_or_not(stage: &mut Stage) {
    dataset::store(stage).await;
    for (view, fields) in [
        (View::Traces, t::TRACES.fields),
        (View::Observations, o::OBSERVATIONS.fields),
        (View::Observations, t::TRACES.fields),
    ] {
        for field in fields {
            stage
                .query(&keys_where(view, Condition::IsAbsent { field }))
                .await;
            stage
                .query(&keys_where(view, not(Condition::IsAbsent { field })))
                .await;
        }
    }
}

pub async fn comparisons_with_absent_values_do_not_hold_and_their_negations_do(stage: &mut Stage) {
    stage
        .commit(
            batch()
                .with(a_trace("t1").name("a"))
                .with(a_trace("t2").name("b"))
                .with(a_trace("t3")),
        )
        .await;
    let is_a = || Condition::equal(&t::NAME, Value::text("a"));
    assert_eq!(traces_where(stage, is_a()).await, ["t1"]);
    assert_eq!(traces_where(stage, not(is_a())).await, ["t2", "t3"]);
    assert_eq!(traces_where(stage, not(not(is_a()))).await, ["t1"]);
    let below = |text| compare(&t::NAME, Comparison::Less, Value::text(text));
    assert_eq!(traces_where(stage, below("zzz")).await, ["t1", "t2"]);
    assert_eq!(traces_where(stage, not(below("zzz"))).await, ["t3"]);
    assert_eq!(
        traces_where(stage, not(contains(&t::NAME, "a"))).await,
        ["t2", "t3"]
    );
    let either = Condition::Any(vec![is_a(), not(contains(&t::NAME, ""))]);
    assert_eq!(traces_where(stage, either.clone()).await, ["t1", "t3"]);
    assert_eq!(traces_where(stage, not(either)).await, ["t2"]);
}

pub async fn in_none_never_holds(stage: &mut Stage) {
    stage
        .commit(batch().with(a_trace("t1").name("a")).with(a_trace("t2")))
        .await;
    let none = || Condition::In {
        field: &t::NAME,
        values: vec![],
    };
    assert!(traces_where(stage, none()).await.is_empty());
    assert_eq!(traces_where(stage, not(none())).await, ["t1", "t2"]);
}

pub async fn lists_have_all_or_any_members(stage: &mut Stage) {
    let traces = [
        a_trace("t1").tags(["a", "b"]),
        a_trace("t2").tags(["b", "c,d"]),
        a_trace("t3"),
    ];
    stage.commit(batch().with_all(traces)).await;
    let check = async |matching, values: &[&str], expected: &[&str]| {
        let values: Vec<Box<str>> = values.iter().map(|value| (*value).into()).collect();
        let condition = Condition::List {
            field: &t::TAGS,
            matching,
            values,
        };
        assert_eq!(
            traces_where(stage, condition.clone()).await,
            expected,
            "{condition:?}"
        );
        let all = ["t1", "t2", "t3"].into_iter();
        let rest: Vec<&str> = all.filter(|id| !expected.contains(id)).collect();
        assert_eq!(traces_where(stage, not(condition)).await, rest);
    };
    check(ListMatch::All, &["b"], &["t1", "t2"]).await;
    check(ListMatch::All, &["a", "b"], &["t1"]).await;
    check(ListMatch::All, &["a", "c,d"], &[]).await;
    check(ListMatch::Any, &["a", "c,d"], &["t1", "t2"]).await;
    check(ListMatch::Any, &["c"], &[]).await;
    check(ListMatch::Any, &["B"], &[]).await;
    check(ListMatch::All, &[], &["t1", "t2", "t3"]).await;
    check(ListMatch::Any, &[], &[]).await;
    assert_eq!(
        traces_where(stage, Condition::IsAbsent { field: &t::TAGS }).await,
        ["t3"]
    );
}

pub async fn models_of_a_trace_are_a_list_as_well(stage: &mut Stage) {
    let observations = [("t1", "o1", "m1"), ("t1", "o2", "m2"), ("t2", "o1", "m1")];
    let observations =
        observations.map(|(trace, id, model)| an_observation(trace, id).model(model));
    stage
        .commit(batch().with_all(observations).with(a_trace("t3")))
        .await;
    let has = |matching, values: &[&str]| Condition::List {
        field: &t::MODELS,
        matching,
        values: values.iter().map(|value| (*value).into()).collect(),
    };
    assert_eq!(
        traces_where(stage, has(ListMatch::All, &["m1", "m2"])).await,
        ["t1"]
    );
    assert_eq!(
        traces_where(stage, has(ListMatch::Any, &["m1", "m2"])).await,
        ["t1", "t2"]
    );
}

pub async fn whole_numbers_compare_with_fractions(stage: &mut Stage) {
    let observations =
        [1_u64, 2, 3].map(|units| an_observation("t1", &format!("o{units}")).usage(units, 0));
    stage.commit(batch().with_all(observations)).await;
    for (comparison, value, expected) in [
        (Comparison::Greater, Value::Float(1.5), 2),
        (Comparison::Less, Value::Float(2.0), 1),
        (Comparison::Equal, Value::Float(2.5), 0),
        (Comparison::Equal, Value::Float(3.0), 1),
    ] {
        let condition = compare(&o::INPUT_TOKENS, comparison, value);
        let table = stage
            .query(&keys_where(View::Observations, condition))
            .await;
        assert_eq!(table.rows.len(), expected);
    }
    let no_latency = compare(&t::LATENCY, Comparison::LessOrEqual, Value::Int(0));
    assert_eq!(traces_where(stage, no_latency).await, ["t1"]);
}

pub async fn all_any_and_not_nest(stage: &mut Stage) {
    dataset::store(stage).await;
    let is_public = || Condition::equal(&t::PUBLIC, Value::Bool(true));
    let has_name = || not(Condition::IsAbsent { field: &t::NAME });
    let is_dear = || {
        compare(
            &t::TOTAL_COST,
            Comparison::Greater,
            Value::Money(xtrace_model::Usd::parse("0.1").unwrap()),
        )
    };
    let nested = Condition::Any(vec![
        Condition::All(vec![is_public(), has_name()]),
        not(Condition::Any(vec![
            is_dear(),
            not(Condition::All(vec![is_public(), not(has_name())])),
        ])),
        Condition::All(vec![not(is_dear()), contains(&t::USER_ID, "a")]),
    ]);
    for view in [View::Traces, View::Observations] {
        stage.query(&keys_where(view, nested.clone())).await;
        stage.query(&keys_where(view, not(nested.clone()))).await;
        stage.query(&keys_where(view, Condition::All(vec![]))).await;
        stage.query(&keys_where(view, Condition::Any(vec![]))).await;
    }
    let several = Plan {
        conditions: vec![is_public(), has_name(), not(is_dear())],
        ..rows(View::Traces)
    };
    stage.query(&several).await;
}
