//! What payloads take on disk and how fast they are stored:
//! `cargo run --release -p xtrace-store-embedded --example sizes`.
//!
//! Texts are words of a skewed vocabulary, the same in every run; each corpus gets a store of its own.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use xtrace_store::{CommitBatch, TelemetryWriter, Upkeep};
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedOptions};
use xtrace_store_tests::builders::{ObservationPatch, an_observation, batch};

const BATCH: usize = 200;
const DICTIONARY_WAIT_MAX: Duration = Duration::from_secs(15);
const DICTIONARY_POLL: Duration = Duration::from_millis(50);

type Texts = (String, String);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = Words::new();
    let conversations: Vec<Texts> = (0..250).flat_map(|_| conversation(&mut words)).collect();
    measure("conversations of 20 turns, messages of 1 KB", conversations).await?;
    let once = (0..4_000).map(|_| (words.text(25_000), "1".to_owned()));
    let once = once.collect();
    measure("25 KB without repetition", once).await?;
    let small = (0..50_000).map(|_| (words.text(1_500), words.text(500)));
    let small = small.collect();
    measure("2 KB without repetition", small).await
}

async fn measure(name: &str, texts: Vec<Texts>) -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let options = EmbeddedOptions {
        // What is in memory only would not be counted.
        memtable_bytes: 4 << 20,
        ..EmbeddedOptions::new(dir.path())
    };
    let engine = EmbeddedEngine::open(options)?;
    let sent: usize = texts.iter().map(|(a, b)| a.len() + b.len()).sum();
    let all_count = texts.len();
    let patches = texts.iter().enumerate().map(patch);
    let patches: Vec<ObservationPatch> = patches.collect();
    let mut batches: Vec<CommitBatch> = Vec::new();
    let mut rest = patches.into_iter().peekable();
    while rest.peek().is_some() {
        batches.push(batch().with_all(rest.by_ref().take(BATCH)).build());
    }
    drop(texts);
    // The first ones make the dictionary; they count for the size, but not for the rate.
    let measured = batches.split_off(batches.len() / 20 + 1);
    let count: usize = measured.iter().map(|batch| batch.items.len()).sum();
    for batch in batches {
        engine.commit(batch).await?;
    }
    wait_for_a_dictionary(&engine).await?;
    let started = Instant::now();
    for batch in measured {
        engine.commit(batch).await?;
    }
    let seconds = started.elapsed().as_secs_f64();
    engine.close().await?;
    drop(engine);
    let keyspaces = bytes_in(&dir.path().join("truth"), &|path| !is_journal(path))?;
    let all = keyspaces
        + bytes_in(dir.path(), &|path| {
            !path.starts_with(dir.path().join("truth"))
        })?;
    println!(
        "{name}: {all_count} observations, {:.1} MB; {:.0} observations/s, {:.1} MB/s; on disk {:.3} per byte in the row \
         store, {:.3} with the column file",
        sent as f64 / 1e6,
        count as f64 / seconds,
        sent as f64 / 1e6 / seconds * count as f64 / all_count as f64,
        keyspaces as f64 / sent as f64,
        all as f64 / sent as f64,
    );
    Ok(())
}

/// Until there is one, or there are too few different texts for one.
async fn wait_for_a_dictionary(engine: &EmbeddedEngine) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    while started.elapsed() < DICTIONARY_WAIT_MAX {
        let stats = engine.stats().await?;
        let gauge = stats
            .gauges
            .iter()
            .find(|(name, _)| *name == "payload_dictionaries");
        if gauge.is_none_or(|(_, count)| *count > 0.0) {
            break;
        }
        tokio::time::sleep(DICTIONARY_POLL).await;
    }
    Ok(())
}

fn patch((number, (input, output)): (usize, &Texts)) -> ObservationPatch {
    let trace = format!("trace-{:016x}", number / 20);
    let patch = an_observation(&trace, &format!("observation-{number:016x}"));
    patch.model("a-model").input(input).output(output)
}

fn is_journal(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jnl")
}

/// Bytes of the files in a folder that count.
fn bytes_in(folder: &Path, counts: &dyn Fn(&Path) -> bool) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            bytes += bytes_in(&path, counts)?;
        } else if counts(&path) {
            bytes += fs::metadata(&path)?.len();
        }
    }
    Ok(bytes)
}

/// Inputs with the whole history, and outputs that are the next message.
fn conversation(words: &mut Words) -> Vec<Texts> {
    let mut messages: Vec<String> = Vec::new();
    let mut calls = Vec::new();
    for _ in 0..20 {
        let text = words.text(1_000);
        messages.push(format!(r#"{{"role":"user","content":{text}}}"#));
        let input = format!(r#"{{"model":"m","messages":[{}]}}"#, messages.join(","));
        let text = words.text(1_000);
        let output = format!(r#"{{"role":"assistant","content":{text}}}"#);
        messages.push(output.clone());
        calls.push((input, output));
    }
    calls
}

/// Numbers that look like chance, and words drawn by them.
struct Words {
    words: Vec<String>,
    state: u64,
}

impl Words {
    fn new() -> Self {
        let mut words = Self {
            words: Vec::new(),
            state: 1,
        };
        words.words = (0..3_000).map(|_| words.word()).collect();
        words
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn word(&mut self) -> String {
        let length = 2 + self.next() % 9;
        let letter = |_| char::from(b'a' + (self.next() % 26) as u8);
        (0..length).map(letter).collect()
    }

    /// A JSON string of so many bytes of prose.
    fn text(&mut self, bytes: usize) -> String {
        let mut text = String::from("\"");
        while text.len() < bytes {
            let skewed = (self.next() % 1_000_000) as f64 / 1e6;
            let index = (skewed.powi(3) * self.words.len() as f64) as usize;
            text.push_str(&self.words[index]);
            text.push_str(if self.next().is_multiple_of(40) {
                ".\\n"
            } else {
                " "
            });
        }
        text.push('"');
        text
    }
}
