//! What a commit of one observation costs on an idle server, beside a bare commit of one row:
//! `cargo run --release -p xtrace-store-postgres --example lone [URL]`.
//!
//! On a private server that writes through to the disk, or on the one that its argument names. The observations are
//! of 2 KB, ten to a trace, and the traces take turns.

use std::time::{Duration, Instant};

use sqlx::{Connection as _, Executor as _};
use xtrace_store::{TelemetryWriter as _, Upkeep as _};
use xtrace_store_postgres::{PostgresEngine, PostgresOptions};
use xtrace_store_tests::builders::{Batch, a_trace, an_observation, batch};
use xtrace_store_tests::cluster::{ClusterOptions, TestCluster};

const WRITES: u64 = 1_000;
/// Not measured: until statements are prepared and planned.
const WARM_UP: u64 = 200;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if let Some(url) = std::env::args().nth(1) {
        return measure(&url).await;
    }
    let cluster = TestCluster::start(ClusterOptions {
        fsync: true,
        ..ClusterOptions::default()
    })?;
    measure(&cluster.url(&cluster.create_database()?)).await
}

async fn measure(url: &str) -> anyhow::Result<()> {
    let engine = PostgresEngine::open(PostgresOptions::new(url)).await?;
    let mut bare = sqlx::PgConnection::connect(url).await?;
    bare.execute("CREATE TABLE IF NOT EXISTS bare (id bigint PRIMARY KEY, text text)")
        .await?;
    bare.execute("TRUNCATE bare").await?;
    let (mut commits, mut bares) = (Vec::new(), Vec::new());
    for number in 0..WARM_UP + WRITES {
        let began = Instant::now();
        let text = words(number, 2_000);
        let insert = sqlx::query("INSERT INTO bare VALUES ($1, $2)");
        insert
            .bind(number.cast_signed())
            .bind(text)
            .execute(&mut bare)
            .await?;
        bares.push(began.elapsed());
        let next = lone(number).build();
        let began = Instant::now();
        engine.commit(next).await?;
        commits.push(began.elapsed());
    }
    for (name, taken) in [("bare", bares), ("commit", commits)] {
        let mut taken: Vec<Duration> = taken.into_iter().skip(WARM_UP as usize).collect();
        taken.sort();
        let at = |share: usize| taken[(taken.len() - 1) * share / 100].as_secs_f64() * 1e3;
        println!("{name}: p50 {:.3} ms, p99 {:.3} ms", at(50), at(99));
    }
    engine.close().await?;
    Ok(())
}

fn lone(number: u64) -> Batch {
    let trace = format!("{:032x}", number / 100 * 10 + number % 10);
    let observation = an_observation(&trace, &format!("{number:016x}"))
        .name("chat.completions")
        .model("gpt-4o-mini")
        .usage(1_000 + number % 977, 250)
        .model_parameters(r#"{"temperature":0.7,"max_tokens":1024}"#)
        .input(&format!(
            r#"[{{"role":"user","content":"{}"}}]"#,
            words(number, 1_400)
        ))
        .output(&format!(
            r#"{{"role":"assistant","content":"{}"}}"#,
            words(number ^ 0xabcd, 600)
        ));
    let next = batch();
    let next = if number % 100 < 10 {
        next.with(a_trace(&trace).name("agent").user("somebody"))
    } else {
        next
    };
    next.with(observation)
}

/// A text that no other number has.
fn words(number: u64, bytes: usize) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(&format!("word{} ", state % 3_000));
    }
    text
}
