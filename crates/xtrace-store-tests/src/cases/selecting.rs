//! Rows: every field of every view, in every order, page by page.

use xtrace_query::{Field, Kind, OrderBy, Plan, Select, Value, View, observations, traces};
use xtrace_store::ErrorKind;

use crate::builders::{a_trace, an_observation, batch};
use crate::dataset;
use crate::plans::{ascending, descending, keys, keys_where, rows};
use crate::stage::Stage;

pub async fn every_field_of_traces_is_selected(stage: &mut Stage) {
    dataset::store(stage).await;
    let table = stage.query(&rows(View::Traces)).await;
    assert!(table.rows.len() > 50, "{} traces", table.rows.len());
    for field in traces::TRACES.fields {
        stage
            .query(&Plan {
                select: Select::Rows(vec![field]),
                ..rows(View::Traces)
            })
            .await;
    }
}

pub async fn every_field_of_observations_is_selected(stage: &mut Stage) {
    dataset::store(stage).await;
    let table = stage.query(&rows(View::Observations)).await;
    assert!(table.rows.len() > 100, "{} observations", table.rows.len());
    for field in observations::OBSERVATIONS.fields {
        stage
            .query(&Plan {
                select: Select::Rows(vec![field]),
                ..rows(View::Observations)
            })
            .await;
    }
}

pub async fn observations_are_selected_with_every_field_of_their_trace(stage: &mut Stage) {
    dataset::store(stage).await;
    let mut fields = observations::OBSERVATIONS.key.to_vec();
    fields.extend(traces::TRACES.fields);
    stage
        .query(&Plan {
            select: Select::Rows(fields),
            ..rows(View::Observations)
        })
        .await;
    for field in traces::TRACES.fields {
        stage
            .query(&Plan {
                select: Select::Rows(vec![field]),
                ..rows(View::Observations)
            })
            .await;
    }
}

pub async fn a_field_may_be_selected_twice(stage: &mut Stage) {
    stage.commit(batch().with(a_trace("t1").name("a"))).await;
    let fields = vec![&traces::NAME, &traces::ID, &traces::NAME];
    let table = stage
        .query(&Plan {
            select: Select::Rows(fields),
            ..rows(View::Traces)
        })
        .await;
    assert_eq!(
        table.rows,
        [[Value::text("a"), Value::text("t1"), Value::text("a")]]
    );
}

fn can_be_ordered(field: &Field) -> bool {
    !matches!(field.kind, Kind::Json | Kind::TextList)
}

async fn order_by_each(stage: &Stage, view: View, fields: &[&'static Field]) {
    for field in fields.iter().filter(|field| can_be_ordered(field)) {
        for order in [ascending(field), descending(field)] {
            stage
                .query(&Plan {
                    order: vec![order],
                    ..keys(view)
                })
                .await;
        }
    }
}

pub async fn traces_are_ordered_by_every_field(stage: &mut Stage) {
    dataset::store(stage).await;
    order_by_each(stage, View::Traces, traces::TRACES.fields).await;
}

pub async fn observations_are_ordered_by_every_field(stage: &mut Stage) {
    dataset::store(stage).await;
    order_by_each(stage, View::Observations, observations::OBSERVATIONS.fields).await;
}

pub async fn observations_are_ordered_by_fields_of_their_trace(stage: &mut Stage) {
    dataset::store(stage).await;
    order_by_each(stage, View::Observations, traces::TRACES.fields).await;
}

pub async fn several_fields_order_one_after_the_other(stage: &mut Stage) {
    dataset::store(stage).await;
    let order = vec![
        descending(&observations::LEVEL),
        ascending(&observations::MODEL),
        descending(&observations::ID),
    ];
    stage
        .query(&Plan {
            order,
            ..keys(View::Observations)
        })
        .await;
    let order = vec![
        ascending(&traces::PUBLIC),
        descending(&traces::TOTAL_COST),
        ascending(&traces::PUBLIC),
    ];
    stage
        .query(&Plan {
            order,
            ..keys(View::Traces)
        })
        .await;
}

pub async fn absent_values_come_last_in_either_direction(stage: &mut Stage) {
    let named = [("t1", "b"), ("t2", "a")].map(|(id, name)| a_trace(id).name(name));
    stage
        .commit(batch().with_all(named).with(a_trace("t0")))
        .await;
    for (order, expected) in [
        (ascending(&traces::NAME), ["t2", "t1", "t0"]),
        (descending(&traces::NAME), ["t1", "t2", "t0"]),
    ] {
        let table = stage
            .query(&Plan {
                order: vec![order],
                ..keys(View::Traces)
            })
            .await;
        assert_eq!(table.rows, expected.map(|id| vec![Value::text(id)]));
    }
}

pub async fn texts_are_ordered_by_their_bytes(stage: &mut Stage) {
    let names = ["b", "B", "a", "Ä", "ä", "_", "a b", "aB", "中", "😀", ""];
    let traces = names
        .iter()
        .enumerate()
        .map(|(index, name)| a_trace(&format!("t{index}")).name(name));
    stage.commit(batch().with_all(traces)).await;
    let plan = Plan {
        select: Select::Rows(vec![&traces::NAME]),
        order: vec![ascending(&traces::NAME)],
        ..rows(View::Traces)
    };
    let mut expected = names;
    expected.sort_unstable();
    assert_eq!(
        stage.query(&plan).await.rows,
        expected.map(|name| vec![Value::text(name)])
    );
}

pub async fn ties_are_broken_by_the_key(stage: &mut Stage) {
    let observations =
        ["b", "a"].map(|trace| ["y", "X", "x"].map(|id| an_observation(trace, id).name("same")));
    stage
        .commit(batch().with_all(observations.into_iter().flatten()))
        .await;
    let expected = [
        ["a", "X"],
        ["a", "x"],
        ["a", "y"],
        ["b", "X"],
        ["b", "x"],
        ["b", "y"],
    ];
    for order in [
        vec![],
        vec![descending(&observations::NAME)],
        vec![ascending(&observations::LATENCY)],
    ] {
        let table = stage
            .query(&Plan {
                order,
                ..keys(View::Observations)
            })
            .await;
        assert_eq!(
            table.rows,
            expected.map(|key| key.map(Value::text).to_vec())
        );
    }
}

async fn pages(stage: &Stage, whole: &Plan, size: u64) -> Vec<Vec<Value>> {
    let mut found = Vec::new();
    loop {
        let offset = found.len() as u64;
        let page = stage
            .query(&Plan {
                limit: size,
                offset,
                ..whole.clone()
            })
            .await;
        if page.rows.is_empty() {
            return found;
        }
        found.extend(page.rows);
    }
}

pub async fn paging_never_skips_or_repeats(stage: &mut Stage) {
    dataset::store(stage).await;
    for (view, order) in [
        (View::Traces, vec![descending(&traces::PUBLIC)]),
        (View::Traces, vec![ascending(&traces::TIMESTAMP)]),
        (View::Observations, vec![ascending(&observations::MODEL)]),
        (
            View::Observations,
            vec![descending(&observations::START_TIME)],
        ),
        (
            View::Observations,
            vec![ascending(&traces::NAME), descending(&observations::LEVEL)],
        ),
    ] {
        let whole = Plan {
            order,
            ..keys(view)
        };
        let expected = stage.query(&whole).await.rows;
        assert_eq!(pages(stage, &whole, 7).await, expected);
        assert_eq!(pages(stage, &whole, 50).await, expected);
    }
}

pub async fn a_page_past_the_end_and_a_page_of_nothing_are_empty(stage: &mut Stage) {
    stage.commit(batch().with(a_trace("t1"))).await;
    assert!(
        stage
            .query(&Plan {
                offset: 1,
                ..keys(View::Traces)
            })
            .await
            .rows
            .is_empty()
    );
    assert!(
        stage
            .query(&Plan {
                limit: 0,
                ..keys(View::Traces)
            })
            .await
            .rows
            .is_empty()
    );
    assert!(stage.query(&keys(View::Observations)).await.rows.is_empty());
}

pub async fn plans_that_make_no_sense_are_refused(stage: &mut Stage) {
    use xtrace_query::{Aggregation, Condition};

    use crate::plans::{groups, measure};
    let foreign = Plan {
        select: Select::Rows(vec![&observations::NAME]),
        ..rows(View::Traces)
    };
    let unfit = keys_where(View::Traces, Condition::equal(&traces::NAME, Value::Int(1)));
    let unordered = Plan {
        order: vec![ascending(&traces::TAGS)],
        ..keys(View::Traces)
    };
    let too_many = Plan {
        limit: u64::MAX,
        ..keys(View::Traces)
    };
    let none = Plan {
        select: Select::Rows(vec![]),
        ..keys(View::Traces)
    };
    let of_rows = OrderBy::Measure(measure(&traces::COUNT, Aggregation::Count));
    let misordered = Plan {
        order: vec![xtrace_query::Order {
            by: of_rows,
            descending: true,
        }],
        ..keys(View::Traces)
    };
    for plan in [foreign, unfit, unordered, too_many, none, misordered] {
        let answer = stage.engine().query(&stage.scope, &plan).await;
        assert_eq!(
            answer.map_err(|error| error.kind),
            Err(ErrorKind::Invalid),
            "{plan:#?}"
        );
    }
    // A trace's cost would count once per observation: never an approximation.
    let twice = groups(
        View::Observations,
        vec![],
        vec![measure(&traces::MEASURE_TOTAL_COST, Aggregation::Sum)],
    );
    let answer = stage.engine().query(&stage.scope, &twice).await;
    assert_eq!(
        answer.map_err(|error| error.kind),
        Err(ErrorKind::Unsupported)
    );
}
