//! What can be set, with defaults for a small server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use xtrace_model::{Clock, SystemClock};

/// Settings of the shared engine.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgresql://user:password@host:port/database`.
    pub url: String,
    /// Connections for queries; more queries wait.
    pub read_connections: u32,
    /// Connections for commits, upkeep and the catalogue.
    pub write_connections: u32,
    /// How long a call may wait for a connection before it is `Unavailable`.
    pub acquire_timeout: Duration,
    /// A query is ended after this.
    pub query_timeout: Duration,
    /// A statement of a commit is ended after this, so that a stuck server is noticed.
    pub commit_timeout: Duration,
    /// Series per project; points of further ones are rejected.
    pub series_max: u64,
    /// Which week new traces are put in.
    pub clock: Arc<dyn Clock>,
}

impl PostgresOptions {
    /// The defaults, for this database.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            read_connections: 8,
            write_connections: 4,
            acquire_timeout: Duration::from_secs(5),
            query_timeout: Duration::from_secs(30),
            commit_timeout: Duration::from_secs(30),
            series_max: 200_000,
            clock: Arc::new(SystemClock),
        }
    }
}

/// Without the URL, which holds a password.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("read_connections", &self.read_connections)
            .field("write_connections", &self.write_connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("query_timeout", &self.query_timeout)
            .field("commit_timeout", &self.commit_timeout)
            .field("series_max", &self.series_max)
            .finish_non_exhaustive()
    }
}
