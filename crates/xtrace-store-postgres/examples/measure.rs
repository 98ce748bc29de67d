//! Bytes on disk for each byte sent, and the rate of commits:
//! `cargo run --release -p xtrace-store-postgres --example measure`.
//!
//! On a private server that writes through to the disk. Texts are words of a skewed vocabulary, the same in every run.

use std::collections::BTreeMap;
use std::time::Instant;

use xtrace_store::{TelemetryWriter as _, Upkeep as _};
use xtrace_store_postgres::{PostgresEngine, PostgresOptions};
use xtrace_store_tests::builders::{Batch, a_trace, an_observation, batch};
use xtrace_store_tests::cluster::{ClusterOptions, TestCluster};

const TURNS: usize = 20;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = ClusterOptions {
        fsync: true,
        ..ClusterOptions::default()
    };
    let cluster = TestCluster::start(options)?;
    let scale: usize = std::env::args().nth(1).map_or(Ok(1), |text| text.parse())?;
    let mut words = Words::new();
    measure(
        &cluster,
        "(a) conversations of 20 turns, messages of 1 KB",
        || conversations(&mut words, 150 * scale),
    )
    .await?;
    measure(&cluster, "(b) payloads of 25 KB", || {
        single(&mut words, 2_000 * scale, 20_000, 5_000)
    })
    .await?;
    measure(&cluster, "(c) observations of 2 KB", || {
        single(&mut words, 40_000 * scale, 1_400, 600)
    })
    .await
}

/// Batches, and the bytes of the texts in them.
type Sent = (Vec<Batch>, usize);

/// Each call's input is all messages so far, its output the next one. Ten conversations go on at a time.
fn conversations(words: &mut Words, count: usize) -> Sent {
    let mut batches = Vec::new();
    let mut bytes = 0;
    for ten in 0..count / 10 {
        let mut histories = vec![vec![system(words)]; 10];
        for turn in 0..TURNS {
            let mut next = batch();
            for (index, history) in histories.iter_mut().enumerate() {
                let trace = format!("{:032x}", mix((ten * 10 + index) as u64));
                history.push(message("user", &words.prose(1_000)));
                let input = format!("[{}]", history.join(","));
                let output = message("assistant", &words.prose(1_000));
                bytes += input.len() + output.len();
                history.push(output.clone());
                if turn == 0 {
                    next = next.with(
                        a_trace(&trace)
                            .name("chat")
                            .user("somebody")
                            .session(&trace),
                    );
                }
                let id = format!(
                    "{:016x}",
                    mix((ten * 1_000 + index * 50 + turn) as u64 ^ 0xabcdef)
                );
                let call = an_observation(&trace, &id)
                    .name("chat.completions")
                    .model("gpt-4o-mini")
                    .usage(1_000 + turn as u64, 250)
                    .model_parameters(r#"{"temperature":0.7,"max_tokens":1024}"#)
                    .input(&input)
                    .output(&output);
                next = next.with(call);
            }
            batches.push(next);
        }
    }
    (batches, bytes)
}

fn system(words: &mut Words) -> String {
    message("system", &words.prose(1_000))
}

fn message(role: &str, content: &str) -> String {
    format!(r#"{{"role":"{role}","content":"{content}"}}"#)
}

/// Observations that have nothing in common, ten in a trace.
fn single(words: &mut Words, count: usize, input_bytes: usize, output_bytes: usize) -> Sent {
    let mut batches = Vec::new();
    let mut bytes = 0;
    let per_batch = (2_000_000 / (input_bytes + output_bytes)).clamp(10, 1_000);
    for first in (0..count).step_by(per_batch) {
        let mut next = batch();
        for number in first..count.min(first + per_batch) {
            let trace = format!("{:032x}", mix(number as u64 / 10));
            if number % 10 == 0 {
                next = next.with(
                    a_trace(&trace)
                        .name("agent")
                        .user("somebody")
                        .session(&trace),
                );
            }
            let input = message("user", &words.prose(input_bytes));
            let output = message("assistant", &words.prose(output_bytes));
            bytes += input.len() + output.len();
            let call = an_observation(&trace, &format!("{:016x}", mix(number as u64 ^ 0xabcdef)))
                .name("chat.completions")
                .model("gpt-4o-mini")
                .usage(1_000 + number as u64 % 977, 250)
                .model_parameters(r#"{"temperature":0.7,"max_tokens":1024}"#)
                .input(&input)
                .output(&output);
            next = next.with(call);
        }
        batches.push(next);
    }
    (batches, bytes)
}

async fn measure(
    cluster: &TestCluster,
    name: &str,
    sent: impl FnOnce() -> Sent,
) -> anyhow::Result<()> {
    let database = cluster.create_database()?;
    let engine = PostgresEngine::open(PostgresOptions::new(cluster.url(&database))).await?;
    warm_up(cluster, &database, &engine).await?;
    cluster.psql(&database, "VACUUM")?;
    let before = sizes(cluster, &database)?;
    let (batches, bytes) = sent();
    let items: usize = batches
        .iter()
        .map(|batch| batch.clone().build().items.len())
        .sum();
    let mut slowest = 0.0_f64;
    let started = Instant::now();
    for batch in batches {
        let commit = Instant::now();
        engine.commit(batch.build()).await?;
        slowest = slowest.max(commit.elapsed().as_secs_f64());
    }
    let seconds = started.elapsed().as_secs_f64();
    engine.close().await?;
    cluster.psql(&database, "VACUUM")?;
    cluster.psql(&database, "CHECKPOINT")?;
    let after = sizes(cluster, &database)?;
    let total: i64 = after.values().sum::<i64>() - before.values().sum::<i64>();
    println!(
        "{name}: {items} items, {:.1} MB in {seconds:.1} s: {:.0} items/s, {:.1} MB/s, slowest commit {:.0} ms",
        bytes as f64 / 1e6,
        items as f64 / seconds,
        bytes as f64 / 1e6 / seconds,
        slowest * 1e3,
    );
    println!(
        "  {:.4} bytes on disk for each byte sent",
        total as f64 / bytes as f64
    );
    for (relation, size) in after {
        let grown = size - before.get(&relation).copied().unwrap_or_default();
        if grown * 1_000 > bytes as i64 {
            println!("  {:.4} {relation}", grown as f64 / bytes as f64);
        }
    }
    // Absent before there were parts.
    if let Ok(values) = cluster.psql(&database, VALUES) {
        println!("  values: {}", values.replace('\n', "; "));
    }
    Ok(())
}

/// Sends other texts of the kind until there is a dictionary, as in a store that has been in use.
async fn warm_up(
    cluster: &TestCluster,
    database: &str,
    engine: &PostgresEngine,
) -> anyhow::Result<()> {
    let mut words = Words::new();
    words.drawn = 1 << 40;
    for number in 0..100 {
        let texts = (0..20).map(|_| message("user", &words.prose(1_000)));
        let input = format!("[{}]", texts.collect::<Vec<_>>().join(","));
        let trace = a_trace(&format!("warm-{number}")).input(&input);
        engine.commit(batch().with(trace).build()).await?;
    }
    let started = Instant::now();
    // An error before there were parts.
    while cluster
        .psql(database, "SELECT count(*) FROM payload_dictionaries")
        .is_ok_and(|count| count == "0")
    {
        anyhow::ensure!(started.elapsed().as_secs() < 60, "no dictionary was made");
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// What the columns themselves hold.
const VALUES: &str = "SELECT 'parts', count(*), sum(octet_length(body)), count(*) FILTER (WHERE has_parts),
        sum(octet_length(body)) FILTER (WHERE has_parts) FROM payload_parts
    UNION ALL SELECT 'states', count(*), sum(octet_length(state)), NULL, NULL FROM observation_payloads
    UNION ALL SELECT 'recipes', count(*), sum(octet_length(input_recipe)), NULL, sum(octet_length(output_recipe))
        FROM observation_payloads
    UNION ALL SELECT 'parameters', count(*), sum(octet_length(model_parameters)), NULL, NULL
        FROM observation_payloads";

/// Bytes of each table, what is out of line, and each index; the weeks together.
fn sizes(cluster: &TestCluster, database: &str) -> anyhow::Result<BTreeMap<String, i64>> {
    let sql = "SELECT regexp_replace(c.relname, '_[0-9]{8}', ''), kind, sum(bytes)
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'public'
        CROSS JOIN LATERAL (VALUES
            (CASE c.relkind WHEN 'r' THEN 'table' ELSE 'index' END, pg_relation_size(c.oid)),
            ('maps', CASE c.relkind WHEN 'r' THEN pg_table_size(c.oid) - pg_relation_size(c.oid)
                     - coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) ELSE 0 END),
            ('out of line', coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0))) AS s (kind, bytes)
        WHERE c.relkind IN ('r', 'i') GROUP BY 1, 2";
    let rows = cluster.psql(database, sql)?;
    let mut sizes = BTreeMap::new();
    for row in rows.lines() {
        if let Some((name, bytes)) = row.rsplit_once('|') {
            sizes.insert(name.replace('|', " "), bytes.parse()?);
        }
    }
    Ok(sizes)
}

/// Numbers that look random and are the same in every run.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

struct Words {
    words: Vec<String>,
    drawn: u64,
}

impl Words {
    fn new() -> Self {
        let mut all = Self {
            words: Vec::new(),
            drawn: 0,
        };
        for _ in 0..3_000 {
            let length = 2 + all.draw() % 9;
            let letters = (0..length).map(|_| char::from(b'a' + (all.draw() % 26) as u8));
            let word: String = letters.collect();
            all.words.push(word);
        }
        all
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        mix(self.drawn)
    }

    fn prose(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 16);
        while text.len() < bytes {
            let skewed = (self.draw() as f64 / u64::MAX as f64).powi(3);
            let index = (skewed * (self.words.len() - 1) as f64) as usize;
            text.push_str(&self.words[index]);
            text.push_str(if self.draw().is_multiple_of(40) {
                ".\\n"
            } else {
                " "
            });
        }
        text
    }
}
