//! Payloads as parts: each message once, nothing lost, nothing left over.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use xtrace_model::{
    JsonText, Latest, ObservationKey, ObservationState, ProjectId, Stamp, Timestamp,
};
use xtrace_payload::split;
use xtrace_store::{
    Expiry, ProjectScope, TelemetryReader, TelemetryWriter, TraceWindow, Upkeep, Write, WriteItem,
};
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedOptions};

use crate::support::{at, commit, key, open, options, scope, trace, trace_id};

const WEEK: i64 = 7 * 86_400;

/// An observation with these texts, received at a time.
pub fn call(id: ObservationKey, seconds: i64, texts: [Option<&str>; 2]) -> WriteItem {
    let stamp = Stamp::new(at(seconds), 0);
    let json = |text: &str| JsonText::parse(text).unwrap();
    let mut patch = ObservationState::default();
    patch.facts.created_at = Some(at(seconds));
    patch.facts.updated_at = Some(at(seconds));
    let [input, output] = texts.map(|text| text.map(json));
    patch.content.input = Latest::maybe(stamp, input);
    patch.content.output = Latest::maybe(stamp, output);
    WriteItem {
        scope: scope(),
        write: Write::Observation {
            key: id,
            patch: Box::new(patch),
        },
    }
}

/// About a kilobyte, different for every number.
pub fn message(number: usize) -> String {
    let words: Vec<String> = (0..100)
        .map(|word| format!("w{}", (number * 7919 + word * 104_729) % 9973))
        .collect();
    let role = ["user", "assistant"][number % 2];
    format!(
        r#"{{"role":"{role}","content":"{number} {}"}}"#,
        words.join(" ")
    )
}

pub fn history(messages: std::ops::Range<usize>) -> String {
    let messages: Vec<String> = messages.map(message).collect();
    format!(r#"{{"model":"m","messages":[{}]}}"#, messages.join(","))
}

async fn texts(engine: &EmbeddedEngine, id: &ObservationKey) -> [Option<String>; 2] {
    let keys = [id.clone()];
    let payloads = engine.observation_payloads(&scope(), &keys).await.unwrap();
    let payload = payloads.into_iter().next().unwrap();
    [payload.input, payload.output].map(|text| text.map(|text| text.to_string()))
}

async fn gauge(engine: &EmbeddedEngine, name: &str) -> f64 {
    let stats = engine.stats().await.unwrap();
    let gauge = stats.gauges.iter().find(|(gauge, _)| *gauge == name);
    gauge.unwrap().1
}

fn project() -> ProjectId {
    scope().project().clone()
}

/// The parts that the texts of a partition are to have.
fn parts_of(
    partition: u32,
    texts: &[&str],
) -> BTreeSet<xtrace_store_embedded::inspect::StoredPart> {
    let mut parts = BTreeSet::new();
    for text in texts {
        let split = split(text);
        parts.extend(split.parts().map(|part| (partition, project(), part.id)));
    }
    parts
}

fn partition_at(time: Timestamp) -> u32 {
    u32::try_from(time.as_micros() / (WEEK * 1_000_000)).unwrap()
}

#[tokio::test]
async fn a_conversation_of_twenty_turns_stores_each_message_once() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    let mut sent = Vec::new();
    for turn in 0..20 {
        let (input, output) = (history(0..2 * turn + 1), message(2 * turn + 1));
        let item = call(key(1, turn), 0, [Some(&input), Some(&output)]);
        commit(&engine, vec![item]).await;
        sent.push((input, output));
    }
    let bytes: usize = sent.iter().map(|(a, b)| a.len() + b.len()).sum();
    let texts_sent: Vec<&str> = sent.iter().flat_map(|(a, b)| [a.as_str(), b]).collect();
    let parts = engine.part_keys().unwrap();
    assert_eq!(parts, parts_of(partition_at(at(0)), &texts_sent));
    // Forty messages, each with its long string, and groups of some.
    assert!((80..120).contains(&parts.len()), "{} parts", parts.len());
    assert!((gauge(&engine, "parts_written_total").await - parts.len() as f64).abs() < 0.5);
    let written = gauge(&engine, "parts_written_bytes_total").await;
    assert!(written < bytes as f64 * 0.1, "{written} of {bytes} bytes");

    let window = TraceWindow {
        payloads: true,
        limit: 100,
        offset: 0,
    };
    let read = engine
        .trace_observations(&scope(), &trace_id(1), window)
        .await
        .unwrap();
    for record in read {
        let turn: usize = record.row.key.id.as_str()[1..].parse().unwrap();
        let payload = record.payload.unwrap();
        assert_eq!(payload.input.unwrap().as_str(), sent[turn].0);
        assert_eq!(payload.output.unwrap().as_str(), sent[turn].1);
    }
}

#[tokio::test]
async fn parts_go_with_the_last_payload_that_refers_to_them() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    let week = partition_at(at(0));
    let (short, long) = (history(0..3), history(0..30));
    commit(&engine, vec![call(key(1, 1), 0, [Some(&short), None])]).await;
    commit(&engine, vec![call(key(2, 1), 0, [Some(&long), Some("1")])]).await;
    engine
        .delete_traces(&scope(), &[trace_id(2)])
        .await
        .unwrap();
    assert!(!engine.marked_keys().unwrap().is_empty());
    drop(engine);
    let engine = open(&dir);
    engine.sweep_now().unwrap();
    assert_eq!(
        engine.part_keys().unwrap(),
        parts_of(week, &[short.as_str()])
    );
    assert!(engine.marked_keys().unwrap().is_empty());
    assert_eq!(texts(&engine, &key(1, 1)).await, [Some(short), None]);

    // What is marked and written again stays, also when the sweep comes first.
    commit(&engine, vec![call(key(3, 1), 0, [Some(&long), None])]).await;
    engine
        .delete_traces(&scope(), &[trace_id(3)])
        .await
        .unwrap();
    commit(&engine, vec![call(key(4, 1), 0, [Some(&long), None])]).await;
    engine.sweep_now().unwrap();
    assert_eq!(texts(&engine, &key(4, 1)).await, [Some(long.clone()), None]);

    // A later text takes the place of an earlier one.
    commit(&engine, vec![call(key(4, 1), 5, [Some("2"), None])]).await;
    engine
        .delete_traces(&scope(), &[trace_id(1)])
        .await
        .unwrap();
    engine.sweep_now().unwrap();
    assert_eq!(engine.part_keys().unwrap(), BTreeSet::new());
    assert!(gauge(&engine, "parts_marked").await < 0.5);
}

#[tokio::test]
async fn what_expires_beside_what_stays_is_swept_and_a_partition_without_rows_goes_whole() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    let (kept, shared, gone) = (history(0..4), message(3), history(5..30));
    let items = vec![
        call(key(1, 1), 0, [Some(&kept), None]),
        call(key(2, 1), 0, [Some(&gone), Some(&shared)]),
        trace(1, "t", 0),
    ];
    commit(&engine, items).await;
    commit(&engine, vec![call(key(3, 1), WEEK, [Some(&gone), None])]).await;
    commit(&engine, vec![call(key(1, 2), 3 * WEEK, [None, Some("1")])]).await;
    let before = Expiry {
        traces_before: Some(at(3 * WEEK)),
        points_before: None,
    };
    assert_eq!(engine.expire(before).await.unwrap().traces, 2);
    engine.sweep_now().unwrap();
    let week = partition_at(at(0));
    assert_eq!(
        engine.part_keys().unwrap(),
        parts_of(week, &[kept.as_str()])
    );
    assert_eq!(texts(&engine, &key(1, 1)).await, [Some(kept), None]);
}

#[tokio::test]
async fn texts_of_format_1_are_read_joined_and_rewritten_as_parts() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    let (input, output) = (history(0..9), message(9));
    for number in 0..3 {
        let texts = [Some(input.as_str()), Some(output.as_str())];
        commit(&engine, vec![call(key(number, 1), 0, texts)]).await;
    }
    commit(&engine, vec![trace(0, "t", 0)]).await;
    engine.store_texts_whole().unwrap();
    drop(engine);
    let format = dir.path().join("FORMAT");
    std::fs::write(&format, "xtrace-embedded 1\n").unwrap();

    let engine = open(&dir);
    let upgraded = std::fs::read_to_string(&format).unwrap();
    assert_eq!(upgraded.trim(), "xtrace-embedded 3");
    assert!(engine.part_keys().unwrap().is_empty());
    let both = [Some(input.clone()), Some(output.clone())];
    assert_eq!(texts(&engine, &key(0, 1)).await, both);
    // One is joined with an earlier text and a later one, one with the same text, one is deleted.
    commit(&engine, vec![call(key(0, 1), -5, [Some("1"), None])]).await;
    commit(&engine, vec![call(key(0, 1), 5, [None, Some("2")])]).await;
    commit(&engine, vec![call(key(1, 1), 0, [Some(&input), None])]).await;
    engine
        .delete_traces(&scope(), &[trace_id(2)])
        .await
        .unwrap();
    engine.sweep_now().unwrap();
    let changed = [Some(input.clone()), Some("2".to_owned())];
    assert_eq!(texts(&engine, &key(0, 1)).await, changed);
    assert_eq!(texts(&engine, &key(1, 1)).await, both);
    let parts = parts_of(partition_at(at(0)), &[input.as_str()]);
    assert_eq!(engine.part_keys().unwrap(), parts);
    drop(engine);
    let engine = open(&dir);
    assert_eq!(texts(&engine, &key(0, 1)).await, changed);
}

#[tokio::test]
async fn texts_of_one_instant_are_decided_by_themselves_and_not_by_their_recipes() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    let mut variants = [
        history(0..3),
        history(1..4),
        message(1),
        message(2),
        "3".to_owned(),
    ];
    variants.sort();
    for (number, first) in variants.iter().enumerate() {
        for second in &variants {
            commit(&engine, vec![call(key(number, 1), 0, [Some(first), None])]).await;
            commit(&engine, vec![call(key(number, 1), 0, [Some(second), None])]).await;
            let greater = first.max(second).clone();
            assert_eq!(texts(&engine, &key(number, 1)).await, [Some(greater), None]);
            let ids = [trace_id(number)];
            engine.delete_traces(&scope(), &ids).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_text_that_comes_a_week_later_lies_beside_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    let (input, output) = (history(0..5), history(0..6));
    commit(&engine, vec![call(key(1, 1), 0, [Some(&input), None])]).await;
    // The parts are there in the later week as well, but that is not where this row has its payload.
    commit(&engine, vec![call(key(2, 1), WEEK, [Some(&output), None])]).await;
    commit(&engine, vec![call(key(1, 1), WEEK, [None, Some(&output)])]).await;
    let mut expected = parts_of(partition_at(at(0)), &[input.as_str(), &output]);
    expected.extend(parts_of(partition_at(at(WEEK)), &[output.as_str()]));
    assert_eq!(engine.part_keys().unwrap(), expected);
    assert_eq!(
        texts(&engine, &key(1, 1)).await,
        [Some(input), Some(output)]
    );
}

#[tokio::test]
async fn a_dictionary_is_made_of_what_comes_and_everything_is_read_with_and_without() {
    let dir = tempfile::tempdir().unwrap();
    let trained = EmbeddedOptions {
        dictionary_sample_bytes: 40_000,
        ..options(&dir)
    };
    let engine = EmbeddedEngine::open(trained.clone()).unwrap();
    let text = |number: usize| history(number * 20..number * 20 + 20);
    for number in 0..4 {
        let item = call(key(number, 1), 0, [Some(&text(number)), None]);
        commit(&engine, vec![item]).await;
    }
    wait_for_a_dictionary(&engine).await;
    let before = gauge(&engine, "parts_written_bytes_total").await;
    for number in 4..8 {
        let item = call(key(number, 1), 0, [Some(&text(number)), None]);
        commit(&engine, vec![item]).await;
    }
    let after = gauge(&engine, "parts_written_bytes_total").await - before;
    assert!(after < before, "{before} bytes before, {after} after");
    drop(engine);
    let engine = EmbeddedEngine::open(trained).unwrap();
    assert!((gauge(&engine, "payload_dictionaries").await - 1.0).abs() < 0.5);
    for number in 0..8 {
        let read = texts(&engine, &key(number, 1)).await;
        assert_eq!(read, [Some(text(number)), None]);
    }
}

async fn wait_for_a_dictionary(engine: &EmbeddedEngine) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while gauge(engine, "payload_dictionaries").await < 0.5 {
        assert!(Instant::now() < deadline, "no dictionary is made");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sweeps_beside_writers_take_nothing_that_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(open(&dir));
    let is_over = Arc::new(AtomicBool::new(false));
    let sweeper = std::thread::spawn({
        let (engine, is_over) = (engine.clone(), is_over.clone());
        move || {
            while !is_over.load(Ordering::Acquire) {
                engine.sweep_now().unwrap();
            }
        }
    });
    let writers: Vec<_> = (0..3)
        .map(|writer| tokio::spawn(write_and_delete(engine.clone(), writer)))
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    is_over.store(true, Ordering::Release);
    sweeper.join().unwrap();
    engine.sweep_now().unwrap();
    assert_eq!(engine.part_keys().unwrap(), BTreeSet::new());
}

/// All writers send the same messages, and none leaves anything.
async fn write_and_delete(engine: Arc<EmbeddedEngine>, writer: usize) {
    for round in 0..60 {
        let id = key(writer, round);
        let from = round % 3;
        let text = history(from..from + 8 + round % 5);
        commit(&engine, vec![call(id.clone(), 0, [Some(&text), None])]).await;
        assert_eq!(texts(&engine, &id).await, [Some(text), None]);
        if round % 2 == 1 {
            let ids = [trace_id(writer)];
            engine.delete_traces(&scope(), &ids).await.unwrap();
        }
    }
}

#[tokio::test]
async fn projects_share_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir);
    let other = ProjectScope::new(ProjectId::new("q").unwrap());
    let text = history(0..3);
    for scope in [scope(), other.clone()] {
        let item = WriteItem {
            scope,
            ..call(key(1, 1), 0, [Some(&text), None])
        };
        commit(&engine, vec![item]).await;
    }
    let parts = engine.part_keys().unwrap();
    assert_eq!(parts.len(), 2 * split(&text).part_count());
    engine.delete_traces(&other, &[trace_id(1)]).await.unwrap();
    engine.sweep_now().unwrap();
    let parts = engine.part_keys().unwrap();
    assert!(parts.iter().all(|(_, project, _)| project.as_str() == "p"));
    assert_eq!(parts.len(), split(&text).part_count());
}
