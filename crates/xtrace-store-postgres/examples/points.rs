//! Metric points: how many are written in a second, what a day of 400 series takes on the disk, and how long questions
//! about it take: `cargo run --release -p xtrace-store-postgres --example points [URL]`.
//!
//! On a private server that writes through to the disk, or on the database that its argument names, where points of an earlier run are
//! asked about again.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context as _;
use xtrace_model::{Clock as _, SystemClock, Timestamp};
use xtrace_query::{MetricAggregation, MetricPlan};
use xtrace_store::{MetricReader as _, TelemetryWriter as _, Upkeep as _};
use xtrace_store_postgres::{PostgresEngine, PostgresOptions};
use xtrace_store_tests::builders::{Batch, PROJECT, a_series, batch, project};
use xtrace_store_tests::cluster::{ClusterOptions, TestCluster};

const SERIES: i64 = 400;
/// Of each series: 24 hours of a point every 10 seconds.
const POINTS: i64 = 8_640;
const STEP_MICROS: i64 = 10_000_000;
/// Points of each series in a batch.
const AT_ONCE: i64 = 25;
const ASKED: usize = 9;

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
    let scope = project(PROJECT);
    if engine.metric_names(&scope).await?.is_empty() {
        write(&engine).await?;
    }
    let labels = BTreeMap::new();
    let latest = engine.latest_points(&scope, "gpu", &labels, 1).await?;
    let end = latest.first().context("there are points")?.timestamp;
    ask(&engine, end, "packed as they came").await?;
    let began = Instant::now();
    engine.pack_points(end.saturating_add_micros(1)).await?;
    println!("the rest packed in {:.1} s", began.elapsed().as_secs_f64());
    ask(&engine, end, "all packed").await?;
    engine.close().await?;
    Ok(())
}

async fn write(engine: &PostgresEngine) -> anyhow::Result<()> {
    let before = engine.stats().await?.disk_bytes;
    let end = SystemClock.now();
    let began = Instant::now();
    for first in (0..POINTS).step_by(AT_ONCE as usize) {
        engine.commit(points(end, first).build()).await?;
    }
    let count = SERIES * POINTS;
    let seconds = began.elapsed().as_secs_f64();
    println!("{count} points written: {:.0}/s", count as f64 / seconds);
    let bytes = engine.stats().await?.disk_bytes - before;
    println!("{:.1} MB, before anything is vacuumed", bytes as f64 / 1e6);
    Ok(())
}

fn points(end: Timestamp, first: i64) -> Batch {
    let series = (0..SERIES).map(|number| {
        let named = a_series("gpu")
            .label("node", &format!("{}", number / 8))
            .label("gpu", &format!("{}", number % 8));
        (first..first + AT_ONCE).fold(named, |series, n| {
            let at = end.saturating_add_micros((n - POINTS) * STEP_MICROS);
            let value = ((number * POINTS + n) * 7_919 % 10_000) as f64 / 100.0;
            series.point_at(at, value)
        })
    });
    series.fold(batch(), Batch::with)
}

async fn ask(engine: &PostgresEngine, end: Timestamp, name: &str) -> anyhow::Result<()> {
    let by_node = Some(vec!["node".into()]);
    for (question, aggregation, group_by) in [
        ("p99 by node", MetricAggregation::Percentile(99), by_node),
        ("average by series", MetricAggregation::Avg, None),
    ] {
        let plan = MetricPlan {
            name: "gpu".into(),
            labels: Default::default(),
            from: end.saturating_add_micros(-POINTS * STEP_MICROS),
            to: end,
            step_micros: 300_000_000,
            aggregation,
            group_by,
            series_max: 1_000,
            points_max: 1_000,
        };
        let mut taken = Vec::new();
        for _ in 0..ASKED {
            let began = Instant::now();
            let answer = engine.query_metric(&project(PROJECT), &plan).await?;
            anyhow::ensure!(!answer.series.is_empty(), "there is no answer");
            taken.push(began.elapsed().as_secs_f64() * 1e3);
        }
        taken.sort_by(f64::total_cmp);
        println!("{name}: {question}: p50 {:.0} ms", taken[ASKED / 2]);
    }
    Ok(())
}
