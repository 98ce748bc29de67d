//! `xtrace serve`: the composition root.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tracing::info;
use xtrace_http::{App, AppOptions, MetricCaps, Parts, RateLimits, ReadLimits};
use xtrace_ingest::native::LabelLimits;
use xtrace_ingest::{Ingest, IngestFigures, QueueOptions};
use xtrace_model::{Clock, PriceBook};

use crate::banner;
use crate::config::{Config, IngestConfig};
use crate::credentials::Credentials;
use crate::{open_files, retention, shutdown, store};

/// Opens the store, listens, serves until told to stop, and comes to rest.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    open_files::allow_all();
    let clock: Arc<dyn Clock> = crate::clock();
    // The address first: a taken port is found before the store is touched.
    let address = &config.server.bind_addr;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let store = store::open(&config.storage).await?;
    let credentials = Credentials::resolve(&config.auth, &config.storage.data_dir)?;
    let figures = Arc::new(IngestFigures::default());
    let queue = QueueOptions {
        bytes_max: config.ingest.queue_bytes_max,
        commits_at_once: store.commits_at_once,
        ..QueueOptions::default()
    };
    let prices = Arc::new(PriceBook::built_in());
    let writer: Arc<dyn xtrace_store::TelemetryWriter> = store.engine.clone();
    let ingest = Ingest::start(writer, prices, queue, figures.clone());
    let parts = Parts {
        engine: store.engine.clone(),
        ingest: ingest.clone(),
        ingest_figures: figures,
        clock: clock.clone(),
    };
    let app = App::new(app_options(config, &credentials)?, parts).await?;
    let retention = tokio::spawn(retention::run(
        store.engine.clone(),
        config.retention.clone(),
        clock,
    ));
    println!("{}", banner::render(&url, &store.description, &credentials));
    info!(url, store = store.description, "listening");
    xtrace_http::serve(
        listener,
        app,
        shutdown::requested(),
        config.server.shutdown_timeout,
    )
    .await;
    retention.abort();
    shutdown::finish(
        &ingest,
        store.engine.as_ref(),
        config.server.shutdown_timeout,
    )
    .await
}

/// How long a request body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// How much longer than the store a read may take, so that the store's own answer comes first.
const READ_MARGIN: Duration = Duration::from_secs(10);

fn app_options(config: &Config, credentials: &Credentials) -> anyhow::Result<AppOptions> {
    let limit = |value| NonZeroU32::new(value).context("a rate limit is at least 1");
    Ok(AppOptions {
        credentials: xtrace_http::Credentials::new(
            credentials.all.clone(),
            config.auth.allow_unauthenticated_compat,
        ),
        project: config.auth.project_id.clone(),
        request_bytes_max: config.server.request_bytes_max,
        body_timeout: BODY_TIMEOUT,
        cors_origins: config.server.cors_origins.clone(),
        rate_limits: RateLimits {
            per_second: limit(config.server.rate_limit_qps)?,
            burst: limit(config.server.rate_limit_burst)?,
        },
        read_limits: ReadLimits {
            timeout: config.storage.query_timeout + READ_MARGIN,
            ..ReadLimits::default()
        },
        metric_caps: MetricCaps {
            series_max: config.query.metric_series_max,
            points_max: config.query.metric_points_max,
        },
        metric_limits: label_limits(&config.ingest),
    })
}

fn label_limits(config: &IngestConfig) -> LabelLimits {
    let names = |names: &[String]| names.iter().map(|name| name.as_str().into()).collect();
    LabelLimits {
        labels_max: config.metric_labels_max,
        value_bytes_max: config.metric_label_value_bytes_max,
        allow: (!config.metric_label_allowlist.is_empty())
            .then(|| names(&config.metric_label_allowlist)),
        deny: names(&config.metric_label_denylist),
        policy: config.metric_label_overflow,
    }
}
