//! What splitting costs, and what a dictionary brings: `cargo run --release -p xtrace-payload --example measure`.
//!
//! Over generated agent conversations (words of a skewed vocabulary, tool calls, code; the same in every run) and,
//! where it lies beside the checkout, what frameworks have sent (../shared/data).

use std::collections::HashSet;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;
use xtrace_payload::{Codec, Dictionary, PartId, Split, Trainer, split};

const CONVERSATIONS: usize = 300;
const TURNS: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let generated = conversations(&mut StdRng::seed_from_u64(1));
    measure_split("generated conversations", &generated);
    let escaped: Vec<String> = generated
        .iter()
        .step_by(4)
        .map(|text| Value::from(text.as_str()).to_string())
        .collect();
    measure_split("the same as JSON in a string", &escaped);
    let mut real = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        &mut real,
    );
    measure_split("what frameworks sent", &real);
    measure_compression("generated conversations", &generated)?;
    measure_compression("what frameworks sent", &real)
}

fn measure_split(name: &str, texts: &[String]) {
    let bytes: usize = texts.iter().map(String::len).sum();
    if bytes == 0 {
        println!("{name}: absent");
        return;
    }
    let runs = (50_000_000 / bytes).max(1);
    let all = rate(bytes * runs, || {
        for _ in 0..runs {
            texts.iter().for_each(|text| drop(black_box(split(text))));
        }
    });
    let splits: Vec<_> = texts.iter().map(|text| split(text)).collect();
    let hashed: usize = splits
        .iter()
        .flat_map(Split::parts)
        .map(|part| part.body.len())
        .sum();
    let hash = rate(hashed * runs, || {
        for _ in 0..runs {
            for part in splits.iter().flat_map(Split::parts) {
                black_box(PartId::of(part.body));
            }
        }
    });
    let seconds_per_mb = 1.0 / all - hashed as f64 / bytes as f64 / hash;
    let mut distinct = HashSet::new();
    let mut kept = 0;
    for split in &splits {
        kept += split.recipe().len();
        for part in split.parts().filter(|part| distinct.insert(part.id)) {
            kept += part.body.len() + PartId::BYTES;
        }
    }
    println!(
        "{name}: {} texts of {} bytes; split {all:.0} MB/s, hashing alone {hash:.0} MB/s, the rest {:.0} MB/s; \
         {} parts, {:.1} % of the bytes are kept",
        texts.len(),
        bytes / texts.len(),
        1.0 / seconds_per_mb,
        distinct.len(),
        kept as f64 * 100.0 / bytes as f64,
    );
}

/// Every second part trains, the others are compressed.
fn measure_compression(name: &str, texts: &[String]) -> Result<(), Box<dyn Error>> {
    let mut seen = HashSet::new();
    let mut bodies = Vec::new();
    for text in texts {
        let split = split(text);
        let new = split.parts().filter(|part| seen.insert(part.id));
        bodies.extend(new.map(|part| part.body.to_vec()));
    }
    let mut trainer = Trainer::default();
    bodies.iter().step_by(2).for_each(|body| trainer.see(body));
    let measured: Vec<&Vec<u8>> = bodies
        .iter()
        .skip(1)
        .step_by(2)
        .filter(|body| (300..=4096).contains(&body.len()))
        .collect();
    let bytes: usize = measured.iter().map(|body| body.len()).sum();
    println!(
        "{name}: {} parts of 300 to 4096 bytes, {} on average; trained from {} bytes",
        measured.len(),
        bytes / measured.len().max(1),
        trainer.sample_bytes(),
    );
    let mut dictionaries = vec![None];
    for size in [64 << 10, 112 << 10] {
        let start = Instant::now();
        match trainer.train(size) {
            Ok(dictionary) => {
                println!(
                    "  trained {} bytes in {:.1} s",
                    dictionary.len(),
                    start.elapsed().as_secs_f64()
                );
                dictionaries.push(Some(Arc::new(Dictionary::new(1, dictionary))));
            }
            Err(error) => println!("  {error}"),
        }
    }
    for level in [1, 3, 6] {
        for dictionary in &dictionaries {
            let mut codec = Codec::new(level)?;
            if let Some(dictionary) = dictionary {
                codec.use_dictionary(Arc::clone(dictionary))?;
            }
            measure_codec(level, dictionary.as_deref(), &mut codec, &measured)?;
        }
    }
    Ok(())
}

fn measure_codec(
    level: i32,
    dictionary: Option<&Dictionary>,
    codec: &mut Codec,
    bodies: &[&Vec<u8>],
) -> Result<(), Box<dyn Error>> {
    let bytes: usize = bodies.iter().map(|body| body.len()).sum();
    let runs = (5_000_000 / bytes.max(1)).max(1);
    let mut stored = vec![Vec::new(); bodies.len()];
    let pack = rate(bytes * runs, || {
        for _ in 0..runs {
            for (body, stored) in bodies.iter().zip(&mut stored) {
                stored.clear();
                codec.encode(body, stored);
            }
        }
    });
    let mut intact = true;
    let unpack = rate(bytes * runs, || {
        for _ in 0..runs {
            for (body, stored) in bodies.iter().zip(&stored) {
                intact &= codec
                    .decode(stored, 1 << 20)
                    .is_ok_and(|unpacked| unpacked == **body);
            }
        }
    });
    if !intact {
        return Err("a body did not come back".into());
    }
    let packed: usize = stored.iter().map(Vec::len).sum();
    println!(
        "  level {level}, dictionary {:>6}: to {:4.1} %, packs {pack:.0} MB/s, unpacks {unpack:.0} MB/s",
        dictionary.map_or(0, |dictionary| dictionary.as_bytes().len()),
        packed as f64 * 100.0 / bytes.max(1) as f64,
    );
    Ok(())
}

/// Millions of bytes in a second, in the best of some runs: others may be at work on the machine.
fn rate(bytes: usize, mut run: impl FnMut()) -> f64 {
    let mut best = 0.0_f64;
    for _ in 0..7 {
        let start = Instant::now();
        run();
        best = best.max(bytes as f64 / 1e6 / start.elapsed().as_secs_f64());
    }
    best
}

/// Inputs of all calls: each repeats its conversation so far.
fn conversations(random: &mut StdRng) -> Vec<String> {
    let words: Vec<String> = (0..3000).map(|_| word(random)).collect();
    let mut texts = Vec::new();
    for _ in 0..CONVERSATIONS {
        let mut messages = Vec::new();
        for turn in 0..TURNS {
            messages.push(message(random, &words, turn));
            texts.push(format!(
                r#"{{"model":"gpt-4o","messages":[{}]}}"#,
                messages.join(",")
            ));
        }
    }
    texts
}

fn message(random: &mut StdRng, words: &[String], turn: usize) -> String {
    let text = prose(random, words);
    let number: u64 = random.random();
    match turn % 4 {
        0 => format!(r#"{{"role":"user","content":"{text}"}}"#),
        1 => format!(
            r#"{{"role":"assistant","content":null,"tool_calls":[{{"id":"call_{number:x}","type":"function","function":{{"name":"search_documents","arguments":"{{\"query\":\"{}\",\"limit\":{}}}"}}}}]}}"#,
            &text[..text.len() / 8],
            number % 50,
        ),
        2 => format!(
            r#"{{"role":"tool","tool_call_id":"call_{number:x}","content":"{{\"status\":\"ok\",\"results\":[{{\"score\":0.{},\"text\":\"{text}\"}}]}}"}}"#,
            number % 1000,
        ),
        _ => format!(r#"{{"role":"assistant","content":"{text}"}}"#),
    }
}

/// 300 to 4,000 bytes, now and then a new line or a quoted word.
fn prose(random: &mut StdRng, words: &[String]) -> String {
    let length = random.random_range(300..4000);
    let mut text = String::new();
    while text.len() < length {
        let skewed: f64 = random.random::<f64>().powi(3);
        let index = (skewed * words.len() as f64) as usize;
        text.push_str(&words[index]);
        text.push_str(match random.random_range(0..40) {
            0 => ".\\n",
            1 => " \\\"",
            _ => " ",
        });
    }
    text
}

fn word(random: &mut StdRng) -> String {
    let length = random.random_range(2..11);
    (0..length)
        .map(|_| char::from(b'a' + random.random_range(0..26u8)))
        .collect()
}

/// All strings in the folder's files that are JSON themselves, as attributes of spans hold messages.
fn collect(folder: &Path, texts: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, texts);
        } else if let Ok(text) = fs::read_to_string(&path)
            && let Ok(value) = serde_json::from_str(&text)
        {
            strings(value, texts);
        }
    }
}

fn strings(value: Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.starts_with(['{', '[']) => found.push(text),
        Value::Array(values) => values.into_iter().for_each(|value| strings(value, found)),
        Value::Object(members) => members
            .into_iter()
            .for_each(|(_, value)| strings(value, found)),
        _ => {}
    }
}
