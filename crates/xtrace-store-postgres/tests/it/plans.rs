//! Which indexes answer the pages that people look at, whatever the server believes about the values.

use xtrace_query::{
    Aggregation, Condition, Dimension, Order, OrderBy, Plan, Value, View, observations as o,
    traces as t,
};
use xtrace_store::{TelemetryWriter as _, lower};
use xtrace_store_postgres::{PostgresDialect, PostgresEngine};
use xtrace_store_tests::builders::{PROJECT, a_trace, after, an_observation, batch, project};
use xtrace_store_tests::plans::{ascending, groups, measure, rows};

use crate::lowering::bound;
use crate::support::{database, open, options, psql};

/// How the server would answer, after it has looked at what is stored.
fn explain(database: &str, plan: &Plan) -> String {
    let scope = project(PROJECT);
    let statement = lower::plan(plan, &scope, &PostgresDialect::default()).unwrap();
    let mut sql = statement.sql;
    for (index, bind) in statement.binds.iter().enumerate().rev() {
        sql = sql.replace(&format!("${}", index + 1), &bound(bind));
    }
    psql(database, "VACUUM ANALYZE");
    psql(database, &format!("EXPLAIN {sql}"))
}

async fn commit_observations(engine: &PostgresEngine, trace: &str, since: u32, count: u32) {
    let some = (0..count).map(|n| {
        let id = format!("{trace}-{n}");
        an_observation(trace, &id).start(after(f64::from(since + n)))
    });
    engine.commit(batch().with_all(some).build()).await.unwrap();
}

#[tokio::test]
async fn the_beginning_of_a_long_trace_is_found_without_walking_over_what_was_before_it() {
    let database = database();
    let engine = open(options(&database)).await;
    for number in 0..30 {
        commit_observations(&engine, &format!("t{number}"), number * 100, 100).await;
    }
    commit_observations(&engine, "long", 3_000, 1_000).await;
    let plan = Plan {
        conditions: vec![Condition::equal(&o::TRACE_ID, Value::text("long"))],
        order: vec![ascending(&o::START_TIME)],
        limit: 50,
        ..rows(View::Observations)
    };
    let explained = explain(&database, &plan);
    assert!(explained.contains("trace_id_start_time"), "{explained}");
    assert!(!explained.contains("project_start_time"), "{explained}");
}

#[tokio::test]
async fn the_newest_sessions_are_found_without_grouping_all_traces() {
    let database = database();
    let engine = open(options(&database)).await;
    for session in 0..300 {
        let traces = (0..10).map(|n| {
            let received = f64::from(session * 10 + n);
            let trace = a_trace(&format!("t{session}-{n}")).sent(received);
            trace.session(&format!("s{session}"))
        });
        engine
            .commit(batch().with_all(traces).build())
            .await
            .unwrap();
    }
    let first = measure(&t::MEASURE_CREATED_AT, Aggregation::Min);
    let measures = vec![
        measure(&t::COUNT, Aggregation::Count),
        measure(&t::OBSERVATIONS_COUNT, Aggregation::Sum),
        measure(&t::MEASURE_ERRORS, Aggregation::Sum),
        measure(&t::MEASURE_TOTAL_COST, Aggregation::Sum),
        first,
    ];
    let session = &t::SESSION_ID;
    let is_absent = Condition::IsAbsent { field: session };
    let plan = Plan {
        conditions: vec![Condition::Not(Box::new(is_absent))],
        order: vec![Order {
            by: OrderBy::Measure(first),
            descending: true,
        }],
        limit: 10,
        ..groups(View::Traces, vec![Dimension::Field(session)], measures)
    };
    let explained = explain(&database, &plan);
    assert!(explained.contains("project_created_at"), "{explained}");
    assert!(
        explained.contains("project_session_id_created_at"),
        "{explained}"
    );
    assert!(explained.contains("Anti Join"), "{explained}");
}
