//! Where a server of a test stores: each test of durability runs on every place.

use std::path::Path;

use xtrace_store_tests::cluster::{ClusterOptions, TestCluster};

use crate::server::Start;

/// A folder, and a PostgreSQL server where the place is one.
pub struct Place {
    pub folder: tempfile::TempDir,
    pub cluster: Option<TestCluster>,
    database: Option<String>,
}

impl Place {
    pub fn embedded() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            cluster: None,
            database: None,
        }
    }

    /// A cluster of its own, so that the test may stop and kill it.
    pub fn postgres() -> Self {
        Self::postgres_of(ClusterOptions::default())
    }

    /// A cluster of its own that takes so many connections.
    pub fn postgres_with_connections(count: u32) -> Self {
        Self::postgres_of(ClusterOptions {
            connections_max: Some(count),
            ..ClusterOptions::default()
        })
    }

    fn postgres_of(options: ClusterOptions) -> Self {
        let cluster = TestCluster::start(options).unwrap();
        let database = cluster.create_database().unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            cluster: Some(cluster),
            database: Some(database),
        }
    }

    /// A cluster of its own whose tables lie on a disk of this size.
    pub fn postgres_on_small_disk(mib: u32) -> Self {
        let cluster = TestCluster::start(ClusterOptions {
            small_disk_mib: Some(mib),
            ..ClusterOptions::default()
        })
        .unwrap();
        let database = cluster.create_database_on_small_disk().unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            cluster: Some(cluster),
            database: Some(database),
        }
    }

    pub fn start(&self) -> Start {
        let start = Start::embedded(self.dir());
        match (&self.cluster, &self.database) {
            (Some(cluster), Some(database)) => start.with("DATABASE_URL", &cluster.url(database)),
            _ => start,
        }
    }

    /// The database, where the place has one.
    pub fn database(&self) -> &str {
        self.database.as_deref().unwrap()
    }

    pub fn dir(&self) -> &Path {
        self.folder.path()
    }
}
