//! The suite that every engine passes, on a private server.

use std::sync::Arc;

use async_trait::async_trait;
use xtrace_store::Engine;
use xtrace_store_postgres::{PostgresEngine, PostgresOptions};
use xtrace_store_tests::Harness;
use xtrace_store_tests::cluster::TestCluster;

/// A database of its own, copied from one that has been migrated.
struct Postgres {
    url: String,
}

impl Postgres {
    fn new() -> Self {
        let cluster = TestCluster::shared().expect("the server starts");
        let database = cluster
            .create_database_from("migrated", migrate)
            .expect("the template can be copied");
        Self {
            url: cluster.url(&database),
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
        let options = PostgresOptions::new(&*self.url);
        Arc::new(
            PostgresEngine::open(options)
                .await
                .expect("the migrated database opens"),
        )
    }
}

xtrace_store_tests::suite!(harness: Postgres::new());
