//! Joining follows the model to the letter: every field, and any order, duplication or split of the same events.

use std::sync::Arc;

use xtrace_model::{Level, ObservationType, PriceBook, Provenance, Usd};
use xtrace_store::{CommitBatch, WriteItem};

use crate::builders::{Batch, a_trace, after, an_observation, batch, noon, project, trace_id};
use crate::stage::{Stage, WHOLE};

pub async fn every_field_of_a_trace_is_kept(stage: &mut Stage) {
    let sent = a_trace("t1")
        .name("name")
        .user("user")
        .session("session")
        .release("release")
        .version("version")
        .external_id("external")
        .environment("environment")
        .turn("turn")
        .run("run")
        .run_state("running")
        .timestamp(after(-1.0))
        .public(true)
        .bookmarked(true)
        .latency(1.25)
        .cost("0.000000000001")
        .tags(["b", "a"]);
    stage.commit(batch().with(sent)).await;
    stage.reopen().await;
    let row = stage.the_trace("t1").await.row;
    assert_eq!(
        [row.name, row.user_id, row.session_id],
        ["name", "user", "session"].map(|text| Some(text.into()))
    );
    assert_eq!(
        [row.release, row.version, row.external_id],
        ["release", "version", "external"].map(|text| Some(text.into()))
    );
    assert_eq!(
        (&*row.environment, row.steps.turn_id.as_deref()),
        ("environment", Some("turn"))
    );
    assert_eq!(
        (row.steps.run_id.as_deref(), row.steps.run_state.as_deref()),
        (Some("run"), Some("running"))
    );
    assert_eq!(
        (row.public, row.bookmarked, row.latency_s),
        (true, true, Some(1.25))
    );
    assert_eq!(
        (row.total_cost, row.cost_source),
        (Some(Usd::from_units(1)), Some(Provenance::Provided))
    );
    assert_eq!(
        (row.timestamp, row.created_at, row.tags.len()),
        (after(-1.0), noon(), 2)
    );
}

pub async fn every_field_of_an_observation_is_kept(stage: &mut Stage) {
    let sent = an_observation("t1", "o1")
        .name("name")
        .kind(ObservationType::Generation)
        .from_to(after(1.0), after(3.5))
        .first_token(after(1.5))
        .level(Level::Warning)
        .status_message("careful")
        .parent("o0")
        .version("version")
        .environment("environment")
        .session("session")
        .model("model")
        .model_id("model id")
        .prompt_id("prompt")
        .prompt_name("prompt name")
        .prompt_version("7")
        .unit("CHARACTERS")
        .buckets([
            ("input", 7),
            ("input_cache_read", 2),
            ("output", 3),
            ("output_reasoning", 1),
        ])
        .cost([("input", "0.1"), ("output", "0.25")])
        .unit_prices("0.000001", "0.000002", "0.000003")
        .turn("turn")
        .run("run")
        .step("step")
        .parent_step("step above")
        .step_type("llm_call")
        .step_index(-4)
        .attempt(2)
        .run_state("success");
    stage.commit(batch().with(sent)).await;
    stage.reopen().await;
    let row = stage.the_observation("t1", "o1").await.row;
    assert_eq!(
        (row.kind, row.level, row.latency_s),
        (ObservationType::Generation, Level::Warning, Some(2.5))
    );
    assert_eq!(
        (row.time_to_first_token_s, row.end_time),
        (Some(0.5), Some(after(3.5)))
    );
    assert_eq!(
        (row.input_tokens, row.output_tokens, row.total_tokens),
        (9, 4, 13)
    );
    assert_eq!((row.cache_read_tokens, row.reasoning_tokens), (2, 1));
    assert_eq!(
        (row.total_cost, row.cost_source),
        (
            Some(Usd::parse("0.35").unwrap()),
            Some(Provenance::Provided)
        )
    );
    assert_eq!(
        (row.steps.step_index, row.steps.attempt),
        (Some(-4), Some(2))
    );
    assert_eq!(row.usage.0.len(), 4);
    stage.same_records().await;
}

/// The events that the next cases shuffle: several of one trace and of two observations, with ties.
fn events() -> Vec<Batch> {
    vec![
        batch().with(
            a_trace("t1")
                .name("first")
                .tags(["a"])
                .metadata(r#"{"m":{"a":1},"s":"old"}"#)
                .input("1"),
        ),
        batch().with(
            a_trace("t1")
                .sent(2.0)
                .name("second")
                .user("u")
                .metadata(r#"{"m":{"b":2},"s":{"new":1}}"#),
        ),
        batch().with(
            a_trace("t1")
                .sent(2.0)
                .rank(1)
                .name("third")
                .timestamp(after(-5.0))
                .tags(["b"]),
        ),
        batch().with(
            an_observation("t1", "o1")
                .sent(1.0)
                .start(after(-4.0))
                .model("m1")
                .usage(1, 2),
        ),
        batch().with(
            an_observation("t1", "o1")
                .sent(3.0)
                .end(after(-1.0))
                .usage(10, 20)
                .output("[1]"),
        ),
        batch().with(
            an_observation("t1", "o1")
                .sent(3.0)
                .usage(10, 21)
                .without_model()
                .environment("late"),
        ),
        batch().with(
            an_observation("t1", "o2")
                .sent(0.5)
                .start(after(-9.0))
                .level(Level::Error)
                .parent("o1"),
        ),
    ]
}

/// The same events in another order: a small permutation chosen by a number.
fn shuffled(seed: usize) -> Vec<Batch> {
    let mut rest = events();
    let mut shuffled = Vec::new();
    let mut number = seed;
    while !rest.is_empty() {
        shuffled.push(rest.remove(number % rest.len()));
        number = number / 3 + seed;
    }
    shuffled
}

fn joined(parts: impl IntoIterator<Item = Batch>) -> CommitBatch {
    let items: Vec<WriteItem> = parts
        .into_iter()
        .flat_map(|part| part.build().items)
        .collect();
    CommitBatch {
        items,
        prices: Arc::default(),
    }
}

pub async fn any_order_duplication_or_split_leaves_the_same_records(stage: &mut Stage) {
    for part in events() {
        stage.commit(part).await;
    }
    let expected = (
        stage.the_trace("t1").await,
        stage.trace_observations("t1", WHOLE).await,
    );
    for seed in 1..12 {
        let scope = project(&format!("project {seed}"));
        let rescoped = |part: Batch| {
            let mut part = part.build();
            part.items
                .iter_mut()
                .for_each(|item| item.scope = scope.clone());
            part
        };
        let parts = shuffled(seed);
        if seed % 3 == 0 {
            stage.commit(rescoped_all(joined(parts), &scope)).await;
        } else {
            for part in parts {
                let part = rescoped(part);
                let twice = if seed % 3 == 1 { 2 } else { 1 };
                for _ in 0..twice {
                    stage.commit(part.clone()).await;
                }
            }
        }
        let mut trace = stage
            .engine()
            .trace(&scope, &trace_id("t1"))
            .await
            .unwrap()
            .unwrap();
        let observations = stage
            .engine()
            .trace_observations(&scope, &trace_id("t1"), WHOLE)
            .await
            .unwrap();
        // When something last changed depends on what came when.
        trace.row.updated_at = expected.0.row.updated_at;
        assert_eq!(trace, expected.0, "order {seed}");
        for (mut found, expected) in observations.into_iter().zip(&expected.1) {
            found.row.updated_at = expected.row.updated_at;
            assert_eq!(&found, expected, "order {seed}");
        }
    }
}

fn rescoped_all(mut batch: CommitBatch, scope: &xtrace_store::ProjectScope) -> CommitBatch {
    batch
        .items
        .iter_mut()
        .for_each(|item| item.scope = scope.clone());
    batch
}

fn prices(usd_per_million: &str) -> Arc<PriceBook> {
    let list = format!(
        r#"{{"format":1,"models":[{{"id":"acme","model":"acme","match":"^acme$","tiers":
        [{{"name":"Standard","usd_per_million":{{"input":"{usd_per_million}","output":"1"}}}}]}}]}}"#
    );
    Arc::new(PriceBook::parse(&list).unwrap())
}

pub async fn a_cost_that_was_not_sent_is_computed_and_stays(stage: &mut Stage) {
    let usd = |text| Some(Usd::parse(text).unwrap());
    let cheap = || batch().prices(prices("2"));
    stage
        .commit(cheap().with(an_observation("t1", "o1").model("acme").usage(1_000, 500)))
        .await;
    stage
        .commit(
            cheap().with(
                an_observation("t1", "o2")
                    .model("acme")
                    .usage(1, 1)
                    .cost([("total", "3")]),
            ),
        )
        .await;
    let row = stage.the_observation("t1", "o1").await.row;
    assert_eq!(
        (row.total_cost, row.cost_source),
        (usd("0.0025"), Some(Provenance::Computed))
    );
    assert_eq!(row.price_id.as_deref(), Some("acme/Standard"));
    assert_eq!(stage.the_trace("t1").await.row.total_cost, usd("3.0025"));
    // A new price list changes no number that was shown …
    let dear = || batch().prices(prices("200"));
    stage
        .commit(
            dear().with(
                an_observation("t1", "o1")
                    .sent(1.0)
                    .name("named")
                    .output("1"),
            ),
        )
        .await;
    assert_eq!(
        stage.the_observation("t1", "o1").await.row.total_cost,
        usd("0.0025")
    );
    stage.reopen().await;
    assert_eq!(stage.the_trace("t1").await.row.total_cost, usd("3.0025"));
    // … until something changes that it was computed from.
    stage
        .commit(dear().with(an_observation("t1", "o1").sent(2.0).usage(1_000, 501)))
        .await;
    assert_eq!(
        stage.the_observation("t1", "o1").await.row.total_cost,
        usd("0.200501")
    );
    assert_eq!(stage.the_trace("t1").await.row.total_cost, usd("3.200501"));
    stage.same_records().await;
}
