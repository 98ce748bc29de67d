//! Which engine, by configuration: the only place that names them all.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tracing::warn;
use xtrace_store::{Engine, ErrorKind, StoreResult};
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedOptions};
use xtrace_store_postgres::{PostgresEngine, PostgresOptions};

use crate::config::{Config, StorageConfig};

/// Between two tries to reach a database that is not there yet.
const RETRY: Duration = Duration::from_secs(2);

/// Of a store that takes one commit after the other: it prepares one while it writes the one before.
const COMMITS_IN_TURN: usize = 2;

/// An open store, and what to call it.
pub struct Store {
    pub engine: Arc<dyn Engine>,
    /// Commits that it does well to have at once.
    pub commits_at_once: usize,
    pub description: String,
}

/// Opens the configured store. A database that cannot be reached yet is waited for, with a line in the log.
pub async fn open(config: &StorageConfig) -> anyhow::Result<Store> {
    match &config.database_url {
        Some(url) => {
            let options = postgres_options(config, url.reveal());
            let engine = connect(|| PostgresEngine::open(options.clone())).await?;
            Ok(Store {
                engine: Arc::new(engine),
                // Two would wait for each other's rows.
                commits_at_once: 1,
                description: "PostgreSQL".to_owned(),
            })
        }
        None => {
            let options = embedded_options(config);
            let dir = options.dir.display().to_string();
            let opened = tokio::task::spawn_blocking(move || EmbeddedEngine::open(options)).await?;
            let engine = opened.with_context(|| format!("cannot open the store in {dir}"))?;
            Ok(Store {
                engine: Arc::new(engine),
                commits_at_once: COMMITS_IN_TURN,
                description: format!("embedded, in {dir}"),
            })
        }
    }
}

async fn connect<T, F: Future<Output = StoreResult<T>>>(open: impl Fn() -> F) -> anyhow::Result<T> {
    loop {
        match open().await {
            Err(error) if error.kind == ErrorKind::Unavailable => {
                let error = anyhow::Error::from(error);
                warn!("PostgreSQL cannot be reached ({error:#}); trying again in {RETRY:?}");
                tokio::select! {
                    () = tokio::time::sleep(RETRY) => {}
                    () = crate::shutdown::requested() => anyhow::bail!("ended while waiting for PostgreSQL"),
                }
            }
            opened => return opened.context("cannot open the store on PostgreSQL"),
        }
    }
}

pub fn postgres_options(config: &StorageConfig, url: &str) -> PostgresOptions {
    let mut options = PostgresOptions::new(url);
    options.read_connections = config.pool_connections;
    options.query_timeout = config.query_timeout;
    options
}

pub fn embedded_options(config: &StorageConfig) -> EmbeddedOptions {
    let mut options =
        EmbeddedOptions::new(&config.data_dir).with_memory(config.memory_bytes as u64);
    options.query_timeout = config.query_timeout;
    options
}

/// `xtrace migrate`: opening a database applies what is missing.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    let url = config.storage.database_url.as_ref();
    let url = url.context("set DATABASE_URL: the embedded store needs no migrations")?;
    let engine = PostgresEngine::open(postgres_options(&config.storage, url.reveal())).await?;
    xtrace_store::Upkeep::close(&engine).await?;
    println!("the schema is up to date");
    Ok(())
}
