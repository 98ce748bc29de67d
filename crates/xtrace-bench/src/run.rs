//! The order of a run: the bare engines, then the server on each engine: load, size, reads, rest.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use xtrace_model::{Clock as _, SystemClock};
use xtrace_store_tests::cluster::{ClusterOptions, TestCluster};

use crate::bare::{self, Bare};
use crate::corpus::Corpus;
use crate::load::{Bodies, closed_loop, open_loop};
use crate::report::{Measured, Report};
use crate::server::{Server, beside_this_program, folder_bytes};
use crate::{EngineChoice, Options, reads};

/// Points of one request.
const POINTS_PER_REQUEST: u64 = 5000;
/// Rows that the bare engines take.
const BARE_ROWS_MAX: u64 = 200_000;

pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let binary = options
        .xtrace
        .clone()
        .map_or_else(beside_this_program, Ok)?;
    let corpus = Arc::new(Corpus::new(7, SystemClock.now(), options.observations));
    let mut report = Report::default();
    if options.engine != EngineChoice::Postgres {
        eprintln!("embedded: the bare engines …");
        let rows = options.observations.min(BARE_ROWS_MAX);
        let bare = tokio::task::block_in_place(|| bare_embedded(&corpus, rows))?;
        let folder = tempfile::tempdir()?;
        let store = Store {
            name: "embedded",
            folder: folder.path().to_owned(),
            postgres: None,
        };
        report
            .measured
            .push(measure(options, &binary, &corpus, &store, bare).await?);
    }
    if options.engine != EngineChoice::Embedded {
        eprintln!("PostgreSQL: the bare engine …");
        let cluster = TestCluster::start(ClusterOptions {
            fsync: true,
            ..ClusterOptions::default()
        })?;
        let rows = options.observations.min(BARE_ROWS_MAX);
        let bare_url = cluster.url(&cluster.create_database()?);
        let bare = vec![bare::relational(&corpus, &bare_url, rows).await?];
        let folder = tempfile::tempdir()?;
        let url = cluster.url(&cluster.create_database()?);
        let store = Store {
            name: "PostgreSQL",
            folder: folder.path().to_owned(),
            postgres: Some(url),
        };
        report
            .measured
            .push(measure(options, &binary, &corpus, &store, bare).await?);
    }
    Ok(report)
}

struct Store {
    name: &'static str,
    folder: PathBuf,
    postgres: Option<String>,
}

impl Store {
    async fn bytes(&self) -> anyhow::Result<u64> {
        match &self.postgres {
            Some(url) => bare::database_bytes(url).await,
            None => folder_bytes(&self.folder),
        }
    }
}

fn bare_embedded(corpus: &Corpus, rows: u64) -> anyhow::Result<Vec<Bare>> {
    let (columnar, key_value) = (tempfile::tempdir()?, tempfile::tempdir()?);
    Ok(vec![
        bare::columnar(corpus, columnar.path(), rows)?,
        bare::key_value(corpus, key_value.path(), rows)?,
    ])
}

async fn measure(
    options: &Options,
    binary: &Path,
    corpus: &Arc<Corpus>,
    store: &Store,
    bare: Vec<Bare>,
) -> anyhow::Result<Measured> {
    let name = store.name;
    let server = Server::start(binary, &store.folder, store.postgres.as_deref()).await?;
    let idle_bytes = server.memory_bytes()?;
    let target = server.target.clone();
    eprintln!("{name}: closed loop, {} connections …", options.connections);
    let all = observation_bodies(corpus, options.batch, 0, options.observations);
    let closed = closed_loop(&target, "/v1/l/batch", options.connections, None, all).await?;
    eprintln!("{name}: open loop at half of that …");
    let seconds = Duration::from_secs(options.seconds);
    let per_second = closed.items_per_second / 2.0 / options.batch as f64;
    let interval = Duration::from_secs_f64(1.0 / per_second.max(1.0));
    let more = observation_bodies(corpus, options.batch, options.observations, u64::MAX / 2);
    let open = open_loop(&target, "/v1/l/batch", interval, seconds, more).await?;
    let loaded_bytes = server.memory_bytes()?;
    eprintln!("{name}: metric points …");
    let points = point_bodies(corpus, options.points);
    let points = closed_loop(&target, "/v1/metrics/batch", 4, None, points).await?;
    server
        .stop()
        .await
        .with_context(|| format!("stopping the server on {name}"))?;
    let disk_bytes = store.bytes().await?;
    eprintln!("{name}: reads at {} observations …", options.observations);
    let server = Server::start(binary, &store.folder, store.postgres.as_deref()).await?;
    let idle_full_bytes = server.memory_bytes()?;
    let ready_full_ms = server.ready_ms;
    let reads = reads::measure(&server.target, corpus, options.observations, options.reads).await?;
    server.stop().await?;
    let sent_bytes = closed.bytes + open.bytes + points.bytes;
    Ok(Measured {
        engine: name,
        bare,
        closed,
        open,
        points,
        reads,
        idle_bytes,
        loaded_bytes,
        idle_full_bytes,
        ready_full_ms,
        disk_bytes,
        sent_bytes,
    })
}

fn observation_bodies(corpus: &Arc<Corpus>, batch: usize, from: u64, count: u64) -> Arc<Bodies> {
    let corpus = corpus.clone();
    let batch = batch as u64;
    Arc::new(move |n| {
        let start = n * batch;
        (start < count).then(|| {
            let items = batch.min(count - start);
            (Bytes::from(corpus.batch(from + start, items)), items)
        })
    })
}

fn point_bodies(corpus: &Arc<Corpus>, total: u64) -> Arc<Bodies> {
    let corpus = corpus.clone();
    Arc::new(move |n| {
        let start = n * POINTS_PER_REQUEST;
        (start < total).then(|| {
            let items = POINTS_PER_REQUEST.min(total - start);
            (Bytes::from(corpus.points(start, items, total)), items)
        })
    })
}
