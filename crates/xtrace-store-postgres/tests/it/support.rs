//! What the tests of the engine alone share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use xtrace_model::{ManualClock, Timestamp};
use xtrace_store_postgres::{PostgresEngine, PostgresOptions};
use xtrace_store_tests::cluster::TestCluster;

/// How long anything may take before a test gives up on it.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The name of an empty database on the shared server.
pub fn database() -> String {
    TestCluster::shared().unwrap().create_database().unwrap()
}

/// Settings for a database of the shared server.
pub fn options(database: &str) -> PostgresOptions {
    PostgresOptions::new(TestCluster::shared().unwrap().url(database))
}

pub async fn open(options: PostgresOptions) -> PostgresEngine {
    PostgresEngine::open(options).await.unwrap()
}

/// An engine whose new traces go to the weeks that `clock` says.
pub async fn open_at(database: &str, clock: &Arc<ManualClock>) -> PostgresEngine {
    open(PostgresOptions {
        clock: clock.clone(),
        ..options(database)
    })
    .await
}

pub fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Runs a statement on the shared server.
pub fn psql(database: &str, statement: &str) -> String {
    TestCluster::shared()
        .unwrap()
        .psql(database, statement)
        .unwrap()
}

/// Waits until `condition` holds.
pub async fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(
            started.elapsed() < DEADLINE,
            "waited {DEADLINE:?} for {what}"
        );
        tokio::task::yield_now().await;
    }
}

/// Numbers that look random and are the same in every run.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
