//! What every handler works with.

use std::sync::Arc;
use std::time::Duration;

use xtrace_ingest::{Ingest, IngestFigures, ReceiptClock};
use xtrace_model::{Clock, ProjectId, Timestamp};
use xtrace_store::{Engine, StoreResult};

use crate::auth::Credentials;
use crate::figures::Figures;
use crate::params::metric::MetricCaps;
use crate::rate_limit::{RateLimiter, RateLimits};

/// What the binary decides.
#[derive(Clone, Debug)]
pub struct AppOptions {
    pub credentials: Credentials,
    pub project: ProjectId,
    /// Largest request body, counted after decompression.
    pub request_bytes_max: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Origins, or `*`.
    pub cors_origins: Vec<String>,
    pub rate_limits: RateLimits,
    pub metric_caps: MetricCaps,
    pub metric_limits: xtrace_ingest::native::LabelLimits,
}

/// Cheap to clone: everything is shared.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    options: AppOptions,
    engine: Arc<dyn Engine>,
    ingest: Ingest,
    receipts: ReceiptClock,
    clock: Arc<dyn Clock>,
    figures: Figures,
    limiter: RateLimiter,
}

/// What the application is made of.
pub struct Parts {
    pub engine: Arc<dyn Engine>,
    pub ingest: Ingest,
    pub ingest_figures: Arc<IngestFigures>,
    pub clock: Arc<dyn Clock>,
}

impl App {
    /// Makes sure that the project exists.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn new(options: AppOptions, parts: Parts) -> StoreResult<Self> {
        let Parts { engine, ingest, ingest_figures, clock } = parts;
        engine.ensure_project(&options.project, clock.now()).await?;
        Ok(Self(Arc::new(Inner {
            figures: Figures::new(&ingest_figures, engine.clone()),
            limiter: RateLimiter::new(options.rate_limits),
            receipts: ReceiptClock::new(clock.clone()),
            options,
            engine,
            ingest,
            clock,
        })))
    }

    pub fn options(&self) -> &AppOptions {
        &self.0.options
    }

    pub fn engine(&self) -> &dyn Engine {
        &*self.0.engine
    }

    pub fn ingest(&self) -> &Ingest {
        &self.0.ingest
    }

    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The stamp of a request that carries no time of its own: later than all before.
    pub fn receipt(&self) -> Timestamp {
        self.0.receipts.next()
    }

    pub fn metric_caps(&self) -> MetricCaps {
        self.0.options.metric_caps
    }

    pub(crate) fn figures(&self) -> &Figures {
        &self.0.figures
    }

    pub(crate) fn limiter(&self) -> &RateLimiter {
        &self.0.limiter
    }
}
