//! Texts as parts: each stored once, none lost, none left behind.

mod before;
mod random;
mod support;
mod sweeping;

use std::sync::Arc;
use std::time::{Duration, Instant};

use xtrace_model::ManualClock;
use xtrace_store::{Expiry, Outcome, TelemetryReader, TelemetryWriter, Upkeep};
use xtrace_store_tests::builders::{
    PROJECT, a_trace, an_observation, batch, observation_key, project, trace_id,
};

use self::support::{Stored, WHOLE, conversation, message, sweep, trace_input};
use crate::support::{Numbers, database, open, open_at, options, psql, time};

#[tokio::test]
async fn each_message_of_a_conversation_is_stored_once() {
    let database = database();
    let engine = open(options(&database)).await;
    let mut sent = 0;
    for turn in 0..20_u64 {
        let input = conversation(0..=2 * turn);
        let output = message(2 * turn + 1);
        sent += input.len() + output.len();
        let id = format!("o{turn:02}");
        let call = an_observation("t", &id).input(&input).output(&output);
        engine.commit(batch().with(call).build()).await.unwrap();
    }
    let stored = psql(
        &database,
        "SELECT count(*) FILTER (WHERE NOT has_parts), sum(octet_length(body)) FROM payload_parts",
    );
    let (contents, bytes) = stored.split_once('|').unwrap();
    assert_eq!(contents, "40", "as many as there are messages");
    let bytes: usize = bytes.parse().unwrap();
    assert!(
        bytes * 12 < sent,
        "{bytes} bytes of parts for {sent} bytes that were sent"
    );
    let observations = engine
        .trace_observations(&project(PROJECT), &trace_id("t"), WHOLE)
        .await
        .unwrap();
    assert_eq!(observations.len(), 20);
    for (turn, observation) in (0..20_u64).zip(observations) {
        let payload = observation.payload.unwrap();
        assert!(payload.input.unwrap().as_str() == conversation(0..=2 * turn));
        assert!(payload.output.unwrap().as_str() == message(2 * turn + 1));
    }
    Stored::of(&database).assert_nothing_is_left();
}

#[tokio::test]
async fn an_update_of_an_output_keeps_the_input() {
    let database = database();
    let engine = open(options(&database)).await;
    let input = conversation(0..9);
    let first = an_observation("t", "o").input(&input);
    engine.commit(batch().with(first).build()).await.unwrap();
    let key = observation_key("t", "o");
    for (second, output, outcome) in [
        (1.0, message(9), Outcome::Accepted),
        (2.0, message(9), Outcome::Duplicate),
        (3.0, message(11), Outcome::Accepted),
        (3.0, message(11), Outcome::Duplicate),
        (2.5, message(13), Outcome::Duplicate),
    ] {
        let update = an_observation("t", "o").sent(second).output(&output);
        let report = engine.commit(batch().with(update).build()).await.unwrap();
        assert_eq!(report, [outcome], "at {second}");
        let payload = engine
            .observation(&project(PROJECT), &key)
            .await
            .unwrap()
            .unwrap()
            .payload
            .unwrap();
        assert!(payload.input.unwrap().as_str() == input);
        let current = if second == 2.5 { message(11) } else { output };
        assert!(payload.output.unwrap().as_str() == current);
    }
    sweep(&engine).await;
    Stored::of(&database).assert_nothing_is_left();
}

#[tokio::test]
async fn parts_of_a_refused_item_are_not_taken_for_stored() {
    let database = database();
    let engine = open(options(&database)).await;
    let shared = conversation(0..4);
    let mut numbers = Numbers(5);
    // Longer than an index entry may be, and nothing that compressing would help.
    let unindexable: String = (0..9_000)
        .map(|_| char::from_u32(0x4e00 + u32::try_from(numbers.below(20_000)).unwrap()).unwrap())
        .collect();
    let items = batch()
        .with(a_trace("fine").input(&conversation(10..12)))
        .with(a_trace("refused").user(&unindexable).input(&shared));
    let report = engine.commit(items.build()).await.unwrap();
    assert!(
        matches!(report[..], [Outcome::Accepted, Outcome::Rejected(_)]),
        "{report:?}"
    );
    engine
        .commit(batch().with(a_trace("later").input(&shared)).build())
        .await
        .unwrap();
    assert!(trace_input(&engine, "later").await.unwrap() == shared);
    assert!(trace_input(&engine, "fine").await.unwrap() == conversation(10..12));
}

#[tokio::test]
async fn a_week_that_comes_again_has_its_parts() {
    let database = database();
    let clock = Arc::new(ManualClock::at(time("2026-01-07T12:00:00Z")));
    let engine = open_at(&database, &clock).await;
    let at = time("2026-01-07T11:00:00Z");
    let text = conversation(0..5);
    let items = batch().with(a_trace("t").timestamp(at).input(&text));
    engine.commit(items.build()).await.unwrap();
    assert_ne!(
        psql(&database, "SELECT count(*) FROM payload_parts_20260105"),
        "0"
    );
    clock.set(time("2026-03-18T12:00:00Z"));
    let expiry = Expiry {
        traces_before: Some(time("2026-02-18T00:00:00Z")),
        points_before: None,
    };
    engine.expire(expiry).await.unwrap();
    let exists = "SELECT to_regclass('payload_parts_20260105') IS NOT NULL";
    assert_eq!(psql(&database, exists), "f");
    clock.set(time("2026-01-08T12:00:00Z"));
    engine
        .commit(batch().with(a_trace("again").input(&text)).build())
        .await
        .unwrap();
    assert!(trace_input(&engine, "again").await.unwrap() == text);
    assert_eq!(psql(&database, exists), "t");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_share_the_dictionary_that_was_first() {
    let database = database();
    let engines = [
        open(options(&database)).await,
        open(options(&database)).await,
    ];
    let count = "SELECT count(*) FROM payload_dictionaries";
    let mut serial = 0;
    let started = Instant::now();
    while psql(&database, count) == "0" {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "no dictionary was made"
        );
        for engine in &engines {
            let mut items = batch();
            for _ in 0..100 {
                let id = format!("t{serial}");
                items = items.with(a_trace(&id).input(&conversation(serial * 3..serial * 3 + 3)));
                serial += 1;
            }
            engine.commit(items.build()).await.unwrap();
        }
    }
    let with_dictionary = "SELECT count(*) > 0 FROM payload_parts WHERE get_byte(body, 0) = 2";
    while psql(&database, with_dictionary) == "f" {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "the dictionary is not used"
        );
        let id = format!("t{serial}");
        let items = batch().with(a_trace(&id).input(&conversation(serial * 3..serial * 3 + 3)));
        engines[0].commit(items.build()).await.unwrap();
        serial += 1;
    }
    let last = conversation((serial - 1) * 3..serial * 3);
    assert!(
        trace_input(&engines[1], &format!("t{}", serial - 1))
            .await
            .unwrap()
            == last
    );
    let newcomer = open(options(&database)).await;
    assert!(
        trace_input(&newcomer, &format!("t{}", serial - 1))
            .await
            .unwrap()
            == last
    );
    assert_eq!(
        psql(
            &database,
            "SELECT min(number), max(number) FROM payload_dictionaries"
        ),
        "1|1"
    );
}
