//! Large batches, items that cannot be stored, and several who write at once.

use std::sync::Arc;

use xtrace_query::{Aggregation, Dimension, Value, View, observations as o, traces as t};
use xtrace_store::{Engine, Outcome, TelemetryReader as _, TelemetryWriter as _};

use crate::builders::{Batch, a_series, a_trace, after, an_observation, batch, project, trace_id};
use crate::plans::{groups, keys, measure};
use crate::stage::{Stage, WHOLE, chain};

pub async fn an_empty_batch_is_no_error(stage: &mut Stage) {
    assert!(stage.commit(batch()).await.is_empty());
}

pub async fn a_batch_of_5000_items_is_stored_whole(stage: &mut Stage) {
    let observations = (0..3_000).map(|number| {
        an_observation(&format!("t{}", number % 40), &format!("o{number}"))
            .from_to(after(f64::from(number)), after(f64::from(number) + 1.0))
            .usage(1, 2)
            .cost([("total", "0.000001")])
            .input("1")
    });
    let traces = (0..1_000).map(|number| a_trace(&format!("t{number}")).name("many").output("2"));
    let points = (0..1_000).map(|number| {
        a_series("gpu")
            .label("n", &(number % 30).to_string())
            .point(f64::from(number), 1.0)
    });
    let whole = || {
        batch()
            .with_all(observations.clone())
            .with_all(traces.clone())
            .with_all(points.clone())
    };
    let report = stage.commit(whole()).await;
    let is_new = |outcome: &Outcome| {
        *outcome == Outcome::Accepted
            || *outcome
                == Outcome::Points {
                    accepted: 1,
                    duplicate: 0,
                }
    };
    assert!(report.len() == 5_000 && report.iter().all(is_new));
    assert_eq!(
        stage.query(&keys(View::Observations)).await.rows.len(),
        3_000
    );
    assert_eq!(stage.query(&keys(View::Traces)).await.rows.len(), 1_000);
    assert_eq!(stage.trace_observations("t7", WHOLE).await.len(), 75);
    let again = stage.commit(whole()).await;
    assert!(!again.iter().any(is_new));
    stage.reopen().await;
    assert_eq!(
        stage.query(&keys(View::Observations)).await.rows.len(),
        3_000
    );
    assert_eq!(stage.the_trace("t7").await.row.summary.total_tokens, 225);
}

pub async fn many_commits_change_the_same_trace(stage: &mut Stage) {
    for round in 0..60_u32 {
        let seconds = f64::from(round);
        let observation = an_observation("t1", &format!("o{}", round % 10))
            .sent(seconds)
            .end(after(seconds))
            .usage(1, 1);
        stage
            .commit(
                batch()
                    .with(observation)
                    .with(a_trace("t1").sent(seconds).name(&round.to_string())),
            )
            .await;
    }
    let row = stage.the_trace("t1").await.row;
    assert_eq!(
        (
            row.name.as_deref(),
            row.summary.observation_count,
            row.summary.total_tokens
        ),
        (Some("59"), 10, 20)
    );
    stage.same_records().await;
}

pub async fn an_item_that_cannot_be_stored_never_keeps_its_neighbours_out(stage: &mut Stage) {
    // More than an index entry holds: an engine may store it or say why not, but not fail the batch.
    let monster = "monster ".repeat(400_000);
    let sent = batch()
        .with(a_trace("t1").name("good"))
        .with(
            a_trace("t2")
                .name(&monster)
                .user(&monster)
                .session(&monster),
        )
        .with(an_observation("t3", "o1").name("good"))
        .with(an_observation("t4", "o1").model(&monster).name(&monster))
        .with(a_series("gpu").point(0.0, 1.0));
    let report = stage
        .engine()
        .commit(sent.build())
        .await
        .unwrap_or_else(|error| panic!("{}", chain(&error)));
    let good = [&report[0], &report[2]];
    assert_eq!(good, [&Outcome::Accepted; 2]);
    assert_eq!(
        report[4],
        Outcome::Points {
            accepted: 1,
            duplicate: 0
        }
    );
    for (id, position) in [("t2", 1), ("t4", 3)] {
        let record = stage
            .engine()
            .trace(&stage.scope, &trace_id(id))
            .await
            .unwrap();
        match &report[position] {
            Outcome::Accepted => assert!(record.is_some(), "{id} was accepted"),
            Outcome::Rejected(rejection) => assert!(
                !rejection.reason.is_empty() && record.is_none(),
                "{rejection:?}"
            ),
            other => panic!("{id}: {other:?}"),
        }
    }
    for id in ["t1", "t3"] {
        assert!(
            stage
                .engine()
                .trace(&stage.scope, &trace_id(id))
                .await
                .unwrap()
                .is_some()
        );
    }
}

/// Commits of several tasks at once, all to the same traces, each with its own part of them.
async fn commit_at_once(engines: &[Arc<dyn Engine>], tasks: usize, rounds: usize) {
    let mut running = Vec::new();
    for task in 0..tasks {
        let engine = engines[task % engines.len()].clone();
        running.push(tokio::spawn(async move {
            for round in 0..rounds {
                let report = engine.commit(part(task, round).build()).await;
                let report = report.unwrap_or_else(|error| panic!("{}", chain(&error)));
                assert!(
                    report
                        .iter()
                        .all(|outcome| !matches!(outcome, Outcome::Rejected(_)))
                );
            }
        }));
    }
    for task in running {
        task.await.unwrap();
    }
}

/// Every task writes to every trace, in an order of its own.
fn part(task: usize, round: usize) -> Batch {
    let mut items = batch();
    for step in 0..10_usize {
        let trace = format!(
            "t{}",
            if task.is_multiple_of(2) {
                step
            } else {
                9 - step
            }
        );
        let seconds = (round * 10 + task) as f64;
        items = items
            .with(
                an_observation(&trace, &format!("o{task}"))
                    .sent(seconds)
                    .usage(1, round as u64),
            )
            .with(
                an_observation(&trace, "shared")
                    .sent(seconds)
                    .name(&format!("{task} {round}")),
            )
            .with(a_trace(&trace).sent(seconds).tags([&*format!("tag{task}")]));
    }
    items.with(
        a_series("gpu")
            .label("task", &task.to_string())
            .point(round as f64, 1.0),
    )
}

async fn check_after_all(stage: &Stage, tasks: usize, rounds: usize) {
    for task in 0..tasks {
        for round in 0..rounds {
            stage
                .reference
                .commit(part(task, round).build())
                .await
                .unwrap();
        }
    }
    for trace in 0..10 {
        let id = trace_id(&format!("t{trace}"));
        let [mut found, expected] = [
            stage
                .engine()
                .trace(&stage.scope, &id)
                .await
                .unwrap()
                .unwrap(),
            stage
                .reference
                .trace(&stage.scope, &id)
                .await
                .unwrap()
                .unwrap(),
        ];
        // When it last changed depends on who came last.
        found.row.updated_at = expected.row.updated_at;
        assert_eq!(found, expected);
        assert_eq!(found.row.summary.observation_count, tasks as u64 + 1);
    }
    let sums = vec![
        measure(&o::MEASURE_TOTAL_TOKENS, Aggregation::Sum),
        measure(&o::COUNT, Aggregation::Count),
    ];
    stage
        .query(&groups(
            View::Observations,
            vec![Dimension::Field(&o::TRACE_ID)],
            sums,
        ))
        .await;
    stage
        .query(&groups(
            View::Traces,
            vec![Dimension::Field(&t::TAGS)],
            vec![],
        ))
        .await;
    stage.latest("gpu", []).await;
}

pub async fn commits_at_once_lose_nothing(stage: &mut Stage) {
    commit_at_once(&[stage.shared_engine()], 6, 8).await;
    check_after_all(stage, 6, 8).await;
    stage.reopen().await;
    check_after_all(stage, 6, 8).await;
}

pub async fn several_processes_may_commit_at_once(stage: &mut Stage) {
    if !stage.engine().capabilities().several_writers {
        return;
    }
    let other = stage.harness.open().await;
    commit_at_once(&[stage.shared_engine(), other.clone()], 6, 8).await;
    check_after_all(stage, 6, 8).await;
    // What one has written the other sees.
    other
        .commit(
            batch()
                .with(a_trace("new").name("new"))
                .with(a_series("new").point(0.0, 1.0))
                .build(),
        )
        .await
        .unwrap();
    stage
        .reference
        .commit(
            batch()
                .with(a_trace("new").name("new"))
                .with(a_series("new").point(0.0, 1.0))
                .build(),
        )
        .await
        .unwrap();
    assert!(stage.trace("new").await.is_some());
    assert_eq!(stage.latest("new", []).await.len(), 1);
    assert_eq!(stage.metric_names().await.len(), 2);
    other.close().await.unwrap();
}

pub async fn a_query_sees_batches_whole(stage: &mut Stage) {
    const SIZE: i64 = 7;
    let (engine, scope) = (stage.shared_engine(), stage.scope.clone());
    let writing = tokio::spawn({
        let engine = engine.clone();
        async move {
            for round in 0..60_u32 {
                // Each batch adds seven observations and gives all of one trace the same new name.
                let new = (0..SIZE).map(|number| {
                    an_observation(&format!("t{round}"), &format!("o{number}")).name("new")
                });
                let renamed = (0..SIZE).map(|number| {
                    an_observation("renamed", &format!("o{number}"))
                        .sent(f64::from(round))
                        .name(&format!("name {round}"))
                });
                engine
                    .commit(batch().with_all(new).with_all(renamed).build())
                    .await
                    .unwrap();
            }
        }
    });
    let by_name = groups(
        View::Observations,
        vec![Dimension::Field(&o::NAME)],
        vec![measure(&o::COUNT, Aggregation::Count)],
    );
    let mut is_last = false;
    while !is_last {
        is_last = writing.is_finished();
        stage.harness.work_in_background().await;
        let table = engine.query(&scope, &by_name).await.unwrap();
        for row in &table.rows {
            let count = row[1].as_int().unwrap();
            let is_new = row[0] == Value::text("new");
            assert!(
                if is_new {
                    count % SIZE == 0
                } else {
                    count == SIZE
                },
                "half of a batch: {:?}",
                table.rows
            );
        }
        assert!(
            table.rows.len() <= 2,
            "a row and its older version: {:?}",
            table.rows
        );
    }
    writing.await.unwrap();
}

pub async fn a_dropped_query_does_no_harm(stage: &mut Stage) {
    stage
        .commit(
            batch().with_all((0..500).map(|number| an_observation("t1", &format!("o{number}")))),
        )
        .await;
    let (engine, scope) = (stage.shared_engine(), project(crate::builders::PROJECT));
    for _ in 0..20 {
        let query = engine
            .query(&scope, &crate::plans::rows(View::Observations))
            .await;
        drop(query);
        let (engine, scope) = (engine.clone(), scope.clone());
        let running = tokio::spawn(async move {
            engine
                .query(&scope, &crate::plans::rows(View::Observations))
                .await
        });
        tokio::task::yield_now().await;
        running.abort();
    }
    drop(engine);
    stage.same_records().await;
}
