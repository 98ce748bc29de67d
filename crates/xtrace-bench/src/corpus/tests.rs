//! What the corpora promise: the same in every run, of the size they say, repeating what they say and nothing else.

use std::collections::BTreeSet;

use serde_json::Value;
use xtrace_ingest::native::{DecodedItem, Patch};

use super::*;

const SEED: u64 = 7;

fn corpus(kind: CorpusKind) -> Corpus {
    Corpus::new(kind, SEED, 10_000)
}

/// The texts of an OpenAI-style list of messages.
fn messages(json: &str) -> Vec<Value> {
    let value: Value = serde_json::from_str(json).unwrap();
    value.as_array().unwrap().clone()
}

/// The calls of one session, by turn and step, of a corpus whose first session this is.
fn generations(corpus: &Corpus, session: u64) -> Vec<Observation> {
    let shape = corpus.kind.shape();
    let of_session = (0..shape.lanes * shape.turns * shape.steps)
        .filter(|n| shape.place(*n).session == session)
        .map(|n| corpus.observation(n));
    of_session
        .filter(|observation| observation.kind == "GENERATION")
        .collect()
}

#[test]
fn the_same_number_is_the_same_observation_in_every_run() {
    for kind in CorpusKind::ALL {
        let (first, second) = (corpus(kind), corpus(kind));
        for n in [0, 1, 777, 9_999, 10_000, 123_456] {
            assert_eq!(first.observation(n), second.observation(n), "{kind:?} {n}");
        }
        assert_eq!(first.batch(40, 25), second.batch(40, 25));
        assert_eq!(first.points(10, 20, 100), second.points(10, 20, 100));
    }
}

#[test]
fn an_observation_does_not_depend_on_what_it_is_sent_with() {
    for kind in CorpusKind::ALL {
        let corpus = corpus(kind);
        let alone = corpus.batch(33, 1);
        let observation = alone.split_once(r#""observations":["#).unwrap().1;
        let observation = observation.trim_end_matches("]}]");
        assert!(corpus.batch(30, 10).contains(observation), "{kind:?}");
    }
}

#[test]
fn another_seed_is_another_corpus() {
    for kind in CorpusKind::ALL {
        let other = Corpus::new(kind, SEED + 1, 10_000);
        let (ours, theirs) = (corpus(kind).observation(5), other.observation(5));
        assert_ne!(ours.trace_id, theirs.trace_id, "{kind:?}");
        let (ours, theirs) = (ours.metadata + &ours.input, theirs.metadata + &theirs.input);
        assert_ne!(ours, theirs, "{kind:?}");
    }
}

/// Mean bytes of an observation, as sent, over whole rounds of sessions.
fn check_mean_bytes(kind: CorpusKind, expected: std::ops::Range<f64>) {
    let corpus = corpus(kind);
    let shape = kind.shape();
    let count = shape.lanes * shape.turns * shape.steps;
    let mean = corpus.batch(0, count).len() as f64 / count as f64;
    assert!(expected.contains(&mean), "{kind:?}: {mean}");
}

#[test]
fn observations_of_agents_have_about_2_kb() {
    check_mean_bytes(CorpusKind::Agents, 1_800.0..2_200.0);
}

#[test]
fn observations_of_conversations_have_20_to_25_kb() {
    check_mean_bytes(CorpusKind::Conversations, 20_000.0..25_000.0);
}

#[test]
fn unique_observations_have_about_25_kb() {
    check_mean_bytes(CorpusKind::Unique, 24_500.0..25_500.0);
}

#[test]
fn skeleton_spans_have_about_500_bytes_and_no_payload() {
    check_mean_bytes(CorpusKind::Spans, 450.0..550.0);
    let span = corpus(CorpusKind::Spans).observation(3);
    assert_eq!((span.input.as_str(), span.output.as_str()), ("", ""));
}

#[test]
fn a_call_of_a_conversation_is_sent_all_that_was_said_before_and_what_it_answers_comes_next() {
    let calls = generations(&corpus(CorpusKind::Conversations), 3);
    assert_eq!(calls.len(), 20);
    for (turn, pair) in calls.windows(2).enumerate() {
        let (before, now) = (messages(&pair[0].input), messages(&pair[1].input));
        assert_eq!(before.len(), 2 * turn + 1);
        assert_eq!(now.len(), 2 * turn + 3);
        assert_eq!(now[..before.len()], before);
        let answer: Value = serde_json::from_str(&pair[0].output).unwrap();
        assert_eq!(now[before.len()], answer);
        assert_eq!(now.last().unwrap()["role"], "user");
    }
}

#[test]
fn a_conversation_of_k_turns_has_k_times_k_plus_1_halves_turns_of_bytes() {
    let calls = generations(&corpus(CorpusKind::Conversations), 0);
    let sent: usize = calls
        .iter()
        .map(|call| call.input.len() + call.output.len())
        .sum();
    let last = calls.last().unwrap();
    let turn = (last.input.len() + last.output.len()) as f64 / 20.0;
    let turns = sent as f64 / turn;
    assert!(
        (190.0..230.0).contains(&turns),
        "{turns} turns of {turn} bytes"
    );
}

#[test]
fn messages_of_conversations_have_about_1_kb() {
    let calls = generations(&corpus(CorpusKind::Conversations), 0);
    let said = messages(&calls.last().unwrap().input);
    let bytes = said
        .iter()
        .map(|message| message["content"].as_str().unwrap().len());
    let mean = bytes.sum::<usize>() as f64 / said.len() as f64;
    assert!((850.0..1_150.0).contains(&mean), "{mean}");
}

#[test]
fn turns_of_a_conversation_do_not_arrive_together() {
    let corpus = corpus(CorpusKind::Conversations);
    let sessions: BTreeSet<u64> = (0..25)
        .map(|n| corpus.kind.shape().place(n).session)
        .collect();
    assert_eq!(sessions.len(), 25);
}

#[test]
fn a_model_of_an_agent_is_sent_the_end_of_the_session_and_its_answer_is_in_the_next_call() {
    let calls = generations(&corpus(CorpusKind::Agents), 2);
    assert_eq!(calls.len(), 40);
    for pair in calls.windows(2) {
        let (before, now) = (messages(&pair[0].input), messages(&pair[1].input));
        let answer: Value = serde_json::from_str(&pair[0].output).unwrap();
        assert!(now.contains(&answer), "{answer} is not in {now:?}");
        assert_eq!(now[0], before[0], "the instruction");
        assert!(pair[1].input.len() < 3_000, "{}", pair[1].input.len());
    }
}

#[test]
fn what_a_tool_has_answered_an_agent_is_in_the_next_call_of_a_model() {
    let corpus = corpus(CorpusKind::Agents);
    let (tool, model) = (corpus.observation(4), corpus.observation(5));
    assert_eq!((tool.kind, model.kind), ("TOOL", "GENERATION"));
    assert!(
        model.input.contains(&tool.output),
        "{} {}",
        tool.output,
        model.input
    );
}

#[test]
fn unique_texts_have_no_passage_of_64_bytes_in_common() {
    let corpus = corpus(CorpusKind::Unique);
    let mut seen = BTreeSet::new();
    for n in 0..8 {
        let observation = corpus.observation(n);
        let text = observation.input + &observation.output;
        let passages: BTreeSet<String> = text
            .as_bytes()
            .windows(64)
            .map(|passage| String::from_utf8_lossy(passage).into_owned())
            .collect();
        let again = passages.iter().find(|passage| seen.contains(*passage));
        assert_eq!(again, None, "in {n}");
        seen.extend(passages);
    }
}

#[test]
fn bodies_are_json_that_the_server_takes_whole() {
    for kind in CorpusKind::ALL {
        let body = corpus(kind).batch(3, 47);
        let decoded =
            xtrace_ingest::native::decode_batch(body.as_bytes(), Timestamp::from_micros(0))
                .unwrap();
        for item in decoded.items {
            assert!(
                item.result.is_ok() && item.notes.is_empty(),
                "{kind:?}: {item:?}"
            );
        }
    }
}

#[test]
fn time_runs_on_through_the_end_of_the_corpus() {
    let corpus = corpus(CorpusKind::Agents);
    let starts: Vec<i64> = (9_990..10_010)
        .map(|n| corpus.observation(n).start_us)
        .collect();
    assert!(starts.is_sorted(), "{starts:?}");
    assert_eq!(starts[10], corpus.end().as_micros());
    assert_eq!(corpus.observation(0).start_us, corpus.start().as_micros());
}

#[test]
fn a_long_trace_is_one_trace_whatever_it_is_cut_into() {
    let corpus = corpus(CorpusKind::Agents);
    let trace = LongTrace {
        observations: 90,
        has_payloads: false,
    };
    let keys = |from, count| {
        let body = corpus.long_batch(trace, from, count);
        let decoded =
            xtrace_ingest::native::decode_batch(body.as_bytes(), Timestamp::from_micros(0))
                .unwrap();
        let of_item = |item: DecodedItem| {
            assert!(item.result.is_ok() && item.notes.is_empty(), "{item:?}");
            match item.result.unwrap() {
                Patch::Trace { id, .. } => (id, None),
                Patch::Observation { key, .. } => (key.trace_id, Some(key.id)),
            }
        };
        decoded
            .items
            .into_iter()
            .map(of_item)
            .collect::<BTreeSet<_>>()
    };
    let mut cut = keys(0, 40);
    cut.extend(keys(40, 50));
    assert_eq!(cut, keys(0, 90));
    assert_eq!(cut.len(), 91);
    assert!(cut.iter().all(|(id, _)| id.as_str() == trace.id()));
}
