//! Deleting traces.

use std::collections::BTreeMap;

use xtrace_query::{Plan, Select, View, observations as o, traces as t};
use xtrace_store::TelemetryWriter as _;

use crate::builders::{a_trace, after, an_observation, batch, observation_key, trace_id};
use crate::plans::rows;
use crate::stage::{Stage, WHOLE};

pub async fn deleted_traces_are_gone_with_all_that_belongs_to_them(stage: &mut Stage) {
    for id in ["t1", "t2", "t3"] {
        let observation = an_observation(id, "o1").usage(1, 1).input(r#""long""#);
        stage
            .commit(
                batch()
                    .with(a_trace(id).name(id).input("1"))
                    .with(observation),
            )
            .await;
    }
    assert_eq!(stage.delete(["t1", "t3", "unknown", "t1"]).await, 2);
    assert_eq!(stage.trace("t1").await, None);
    assert_eq!(stage.observation("t1", "o1").await, None);
    assert!(stage.trace_observations("t3", WHOLE).await.is_empty());
    assert!(stage.trace("t2").await.is_some());
    stage.same_records().await;
    assert_eq!(stage.delete(["t1"]).await, 0);
}

pub async fn what_is_sent_after_a_deletion_starts_anew(stage: &mut Stage) {
    let sent = a_trace("t1")
        .sent(5.0)
        .name("old")
        .tags(["old"])
        .input("1")
        .metadata(r#"{"old":1}"#);
    stage
        .commit(
            batch()
                .with(sent)
                .with(an_observation("t1", "o1").sent(5.0).usage(9, 9).output("2")),
        )
        .await;
    stage.delete(["t1"]).await;
    stage
        .commit(
            batch()
                .with(a_trace("t1").sent(1.0).user("new"))
                .with(an_observation("t1", "o1").sent(1.0)),
        )
        .await;
    let record = stage.the_trace("t1").await;
    assert_eq!(
        (record.row.name, record.row.user_id.as_deref()),
        (None, Some("new"))
    );
    assert_eq!(
        (record.row.tags.len(), record.row.summary.total_tokens),
        (0, 0)
    );
    assert_eq!(
        (record.payload.input, record.payload.metadata),
        (None, None)
    );
    assert_eq!(record.row.created_at, after(1.0));
    assert_eq!(
        stage
            .the_observation("t1", "o1")
            .await
            .payload
            .unwrap()
            .output,
        None
    );
    stage.same_records().await;
}

pub async fn many_traces_are_deleted_at_once(stage: &mut Stage) {
    let ids: Vec<String> = (0..400).map(|number| format!("t{number}")).collect();
    let observations = ids
        .iter()
        .flat_map(|id| ["o1", "o2"].map(|o| an_observation(id, o).input("1")));
    stage.commit(batch().with_all(observations)).await;
    let first: Vec<_> = ids[..300].iter().map(|id| trace_id(id)).collect();
    let deleted = stage
        .engine()
        .delete_traces(&stage.scope, &first)
        .await
        .unwrap();
    let expected = stage
        .reference
        .delete_traces(&stage.scope, &first)
        .await
        .unwrap();
    assert_eq!((deleted, expected), (300, 300));
    stage.same_records().await;
    stage.reopen().await;
    stage.same_records().await;
    let payloads = stage
        .engine()
        .observation_payloads(&stage.scope, &[observation_key("t0", "o1")])
        .await
        .unwrap();
    assert_eq!(payloads[0].input, None);
}

pub async fn deletions_and_commits_at_once_leave_no_orphans(stage: &mut Stage) {
    let mut running = Vec::new();
    for task in 0..3_u32 {
        let (engine, scope) = (stage.shared_engine(), stage.scope.clone());
        running.push(tokio::spawn(async move {
            for round in 0..25_u32 {
                let trace = format!("t{}", (round + task) % 4);
                if task == 0 {
                    engine
                        .delete_traces(&scope, &[trace_id(&trace)])
                        .await
                        .unwrap();
                    continue;
                }
                let observation = an_observation(&trace, &format!("o{task}-{}", round % 5))
                    .usage(1, 1)
                    .input("1");
                let sent = batch()
                    .with(observation)
                    .with(a_trace(&trace).name("a").input("1"));
                engine.commit(sent.build()).await.unwrap();
            }
        }));
    }
    for task in running {
        task.await.unwrap();
    }
    let column = |fields| Plan {
        select: Select::Rows(fields),
        ..rows(View::Traces)
    };
    let counted = column(vec![&t::ID, &t::OBSERVATION_COUNT]);
    let counted = stage.engine().query(&stage.scope, &counted).await.unwrap();
    let mut counts: BTreeMap<String, i64> = counted
        .rows
        .iter()
        .map(|row| {
            (
                row[0].as_text().unwrap().to_owned(),
                row[1].as_int().unwrap(),
            )
        })
        .collect();
    let found = Plan {
        view: View::Observations,
        ..column(vec![&o::TRACE_ID])
    };
    for row in stage
        .engine()
        .query(&stage.scope, &found)
        .await
        .unwrap()
        .rows
    {
        let trace = row[0].as_text().unwrap();
        *counts
            .get_mut(trace)
            .unwrap_or_else(|| panic!("an observation of {trace}, which is gone")) -= 1;
    }
    assert!(
        counts.values().all(|rest| *rest == 0),
        "counted but not there, or there but not counted: {counts:?}"
    );
}
