//! The corpus that fuzzing has found so far, as tests: every input of every target.

#![expect(clippy::unwrap_used, reason = "a failed helper is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use xtrace_fuzz::TARGETS;

fn corpus() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "fuzz", "corpus"]
        .iter()
        .collect()
}

/// Runs a target over its corpus; an input that breaks it is named.
fn check(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let mut inputs: Vec<PathBuf> = fs::read_dir(corpus().join(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "{name} has no corpus");
    for input in inputs {
        let bytes = fs::read(&input).unwrap();
        let result = std::panic::catch_unwind(|| (target.run)(&bytes));
        assert!(result.is_ok(), "{} breaks {name}", input.display());
    }
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let targets: BTreeSet<String> = TARGETS
        .iter()
        .map(|target| target.name.to_owned())
        .collect();
    let corpora: BTreeSet<String> = fs::read_dir(corpus())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(targets, corpora);
}

#[test]
fn compressed_bodies_of_the_corpus_are_read_or_refused() {
    check("content_codings");
}

#[test]
fn json_of_the_corpus_merges_in_any_order() {
    check("json_metadata");
}

#[test]
fn requests_of_the_corpus_merge_in_any_order() {
    check("merging");
}

#[test]
fn points_of_the_corpus_are_accounted_for() {
    check("metric_points");
}

#[test]
fn items_of_the_corpus_are_accounted_for() {
    check("native_batch");
}

#[test]
fn price_lists_of_the_corpus_are_read_or_refused() {
    check("price_list");
}

#[test]
fn questions_of_the_corpus_are_answered_or_refused() {
    check("queries");
}

#[test]
fn scalars_of_the_corpus_are_written_as_they_are_read() {
    check("scalars");
}

#[test]
fn payloads_of_the_corpus_come_back() {
    check("split_payload");
}

#[test]
fn damaged_payloads_of_the_corpus_are_refused() {
    check("stored_payload");
}

#[test]
fn stored_states_of_the_corpus_join_in_any_order() {
    check("stored_states");
}
