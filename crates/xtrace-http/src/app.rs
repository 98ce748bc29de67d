//! What every handler works with.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use xtrace_ingest::{Ingest, IngestFigures, ReceiptClock};
use xtrace_model::{Clock, ProjectId, Timestamp};
use xtrace_store::{Engine, StoreResult};

use crate::auth::Credentials;
use crate::error::ApiError;
use crate::failure_log::{Failure, FailureLog};
use crate::figures::Figures;
use crate::params::metric::MetricCaps;
use crate::rate_limit::{FailedLogins, RateLimiter, RateLimits};

/// What the binary decides.
#[derive(Clone, Debug)]
pub struct AppOptions {
    pub credentials: Credentials,
    /// The server's own: what credentials open that name no project, and all callers of the compatibility mode.
    pub project: ProjectId,
    /// Largest request body, counted after decompression.
    pub request_bytes_max: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Origins, or `*`.
    pub cors_origins: Vec<String>,
    pub rate_limits: RateLimits,
    pub read_limits: ReadLimits,
    pub metric_caps: MetricCaps,
    pub metric_limits: xtrace_ingest::native::LabelLimits,
}

/// Bounds of the reads under way.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimits {
    /// Reads answered at the same time.
    pub concurrent_max: usize,
    /// How long a read waits for its turn.
    pub turn_timeout: Duration,
    /// How long a read may take in all; above what the store allows itself, so that its answer comes first.
    pub timeout: Duration,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            concurrent_max: 64,
            turn_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(45),
        }
    }
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
    failed_logins: FailedLogins,
    failure_log: FailureLog,
    reads: Arc<Semaphore>,
}

/// What the application is made of.
pub struct Parts {
    pub engine: Arc<dyn Engine>,
    pub ingest: Ingest,
    pub ingest_figures: Arc<IngestFigures>,
    pub clock: Arc<dyn Clock>,
}

impl App {
    /// Makes sure that the projects of all credentials exist.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn new(options: AppOptions, parts: Parts) -> StoreResult<Self> {
        let Parts {
            engine,
            ingest,
            ingest_figures,
            clock,
        } = parts;
        let projects = options.credentials.projects();
        let projects: BTreeSet<&ProjectId> = projects.chain([&options.project]).collect();
        for project in projects {
            engine.ensure_project(project, clock.now()).await?;
        }
        Ok(Self(Arc::new(Inner {
            figures: Figures::new(&ingest_figures, engine.clone()),
            limiter: RateLimiter::new(options.rate_limits),
            failed_logins: FailedLogins::new(options.rate_limits),
            failure_log: FailureLog::default(),
            reads: Arc::new(Semaphore::new(options.read_limits.concurrent_max)),
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

    /// A read's turn, given back when dropped.
    ///
    /// # Errors
    /// Too many reads are under way.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let limits = self.0.options.read_limits;
        let turn = self.0.reads.clone().acquire_owned();
        match tokio::time::timeout(limits.turn_timeout, turn).await {
            Ok(turn) => turn.map_err(ApiError::internal),
            Err(_) => {
                let message = format!("{} reads are under way; try again", limits.concurrent_max);
                let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message);
                Err(error.retry_after(Duration::from_secs(1)))
            }
        }
    }

    pub(crate) fn figures(&self) -> &Figures {
        &self.0.figures
    }

    pub(crate) fn log(&self, failure: &Failure) {
        self.0.failure_log.note(failure, self.now());
    }

    pub(crate) fn limiter(&self) -> &RateLimiter {
        &self.0.limiter
    }

    /// The answer to wrong credentials, which are counted.
    pub(crate) fn failed_login(&self) -> ApiError {
        self.0.figures.failed_logins.inc();
        self.0.failed_logins.refusal()
    }
}
