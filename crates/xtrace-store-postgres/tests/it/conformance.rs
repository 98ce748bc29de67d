//! The suite that every engine passes, on a private server: once with everything in the present week's partition, once
//! with weeks passing between commits, so that what belongs together lies in several, and with all metric points packed.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;
use xtrace_model::{Clock, ManualClock, SystemClock, Timestamp};
use xtrace_store::Engine;
use xtrace_store_postgres::{PostgresEngine, PostgresOptions};
use xtrace_store_tests::cluster::TestCluster;
use xtrace_store_tests::{Harness, SERIES_MAX};

/// A database of its own, copied from one that has been migrated.
struct Postgres {
    url: String,
    /// `None`: the present is today.
    weeks: Option<Arc<ManualClock>>,
    /// Another process on the database, which packs all points between commits.
    packer: OnceCell<PostgresEngine>,
}

const WEEK_MICROS: i64 = 7 * 86_400_000_000;
/// So many weeks, then the first again: a query looks into all partitions there are.
const WEEKS: i64 = 6;

/// A few weeks before the day of the suite, so that its times lie before, in and after the present.
fn first_week() -> Timestamp {
    Timestamp::parse("2026-01-10T00:00:00Z").expect("a time")
}

impl Postgres {
    fn with_weeks_passing() -> Self {
        Self {
            weeks: Some(Arc::new(ManualClock::at(first_week()))),
            ..Self::new()
        }
    }

    fn new() -> Self {
        let cluster = TestCluster::shared().expect("the server starts");
        let database = cluster
            .create_database_from("migrated", migrate)
            .expect("the template can be copied");
        Self {
            url: cluster.url(&database),
            weeks: None,
            packer: OnceCell::new(),
        }
    }
}

/// Opening migrates; the engine is closed again because a template must not be in use.
fn migrate(url: String) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let engine = PostgresEngine::open(PostgresOptions::new(url)).await?;
        xtrace_store::Upkeep::close(&engine).await?;
        Ok(())
    })
}

#[async_trait]
impl Harness for Postgres {
    async fn open(&self) -> Arc<dyn Engine> {
        let clock: Arc<dyn Clock> = match &self.weeks {
            Some(clock) => clock.clone(),
            None => Arc::new(SystemClock),
        };
        let options = PostgresOptions {
            clock,
            series_max: SERIES_MAX,
            ..PostgresOptions::new(&*self.url)
        };
        Arc::new(
            PostgresEngine::open(options)
                .await
                .expect("the migrated database opens"),
        )
    }

    async fn work_in_background(&self) {
        if let Some(clock) = &self.weeks {
            let passed = (clock.now().as_micros() - first_week().as_micros()) / WEEK_MICROS;
            let next = (passed + 1) % WEEKS;
            clock.set(first_week().saturating_add_micros(next * WEEK_MICROS));
            let opening = || PostgresEngine::open(PostgresOptions::new(&*self.url));
            let packer = self.packer.get_or_try_init(opening).await;
            let packer = packer.expect("the database opens again");
            let packed = packer.pack_points(Timestamp::MAX).await;
            packed.expect("points are packed");
        }
    }
}

mod one_week {
    xtrace_store_tests::suite!(harness: super::Postgres::new());
}

mod weeks_passing {
    xtrace_store_tests::suite!(harness: super::Postgres::with_weeks_passing());
}
