//! The engines, and fresh stores on them: folders and databases that vanish after use.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use tempfile::TempDir;
use xtrace_store_tests::cluster::{ClusterOptions, TestCluster};

use crate::bare::{self, Bare};
use crate::corpus::Corpus;
use crate::latency::Percentiles;
use crate::server::{Server, Target, folder_bytes};

/// What data are stored on.
pub enum Engine {
    Embedded,
    /// A private server that writes through to the disk.
    Postgres(TestCluster),
}

/// An empty place for the data of one server.
pub struct Store {
    folder: TempDir,
    database: Option<Database>,
}

struct Database {
    name: String,
    url: String,
    /// Of another database on the same server.
    other_url: String,
}

/// What a store has done so far to keep itself in order.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Upkeep {
    pub moves: u64,
    pub checkpoints: u64,
}

impl Engine {
    pub fn postgres() -> anyhow::Result<Self> {
        Ok(Self::Postgres(TestCluster::start(ClusterOptions {
            fsync: true,
            ..ClusterOptions::default()
        })?))
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    pub fn new_store(&self) -> anyhow::Result<Store> {
        let database = match self {
            Self::Embedded => None,
            Self::Postgres(cluster) => {
                let name = cluster.create_database()?;
                Some(Database {
                    url: cluster.url(&name),
                    other_url: cluster.url("postgres"),
                    name,
                })
            }
        };
        Ok(Store {
            folder: tempfile::tempdir()?,
            database,
        })
    }

    /// The first `rows` of the corpus in the engine's own programs, without a server of ours.
    pub async fn bare(&self, corpus: &Corpus, rows: u64) -> anyhow::Result<Vec<Bare>> {
        let store = self.new_store()?;
        let Some(url) = store.url() else {
            return tokio::task::block_in_place(|| {
                let (columnar, key_value) = (tempfile::tempdir()?, tempfile::tempdir()?);
                Ok(vec![
                    bare::columnar(corpus, columnar.path(), rows)?,
                    bare::key_value(corpus, key_value.path(), rows)?,
                ])
            });
        };
        let bare = bare::relational(corpus, url, rows).await?;
        store.remove().await?;
        Ok(vec![bare])
    }

    /// Commits of one row each, one at a time, where the engine is a server.
    pub async fn lone_commit(
        &self,
        corpus: &Corpus,
        times: u64,
    ) -> anyhow::Result<Option<Percentiles>> {
        let store = self.new_store()?;
        let commits = match store.url() {
            Some(url) => Some(bare::lone_commits(corpus, url, times).await?),
            None => None,
        };
        store.remove().await?;
        Ok(commits)
    }
}

impl Store {
    pub async fn start(&self, binary: &Path) -> anyhow::Result<Server> {
        Server::start(binary, self.folder.path(), self.url()).await
    }

    /// So that nothing is left of it for the engine to look after.
    pub async fn remove(self) -> anyhow::Result<()> {
        if let Some(database) = &self.database {
            bare::drop_database(&database.other_url, &database.name).await?;
        }
        Ok(self.folder.close()?)
    }

    fn url(&self) -> Option<&str> {
        self.database.as_ref().map(|database| database.url.as_str())
    }

    /// On disk.
    pub async fn bytes(&self) -> anyhow::Result<u64> {
        match self.url() {
            Some(url) => bare::database_bytes(url).await,
            None => folder_bytes(self.folder.path()),
        }
    }

    /// As the server tells; an engine that keeps itself in order unseen has none.
    pub async fn upkeep(&self, target: &Target) -> anyhow::Result<Upkeep> {
        let text = target.get("/metrics").await?;
        let text = String::from_utf8_lossy(&text);
        Ok(Upkeep {
            moves: figure(&text, "xtrace_store_moves_total"),
            checkpoints: figure(&text, "xtrace_store_checkpoints_total"),
        })
    }

    /// Waits, then has the engine checkpoint where it does so on demand; says how many were made.
    pub async fn checkpoint_after(&self, delay: Duration) -> anyhow::Result<u64> {
        let Some(url) = self.url() else {
            return Ok(0);
        };
        tokio::time::sleep(delay).await;
        bare::checkpoint(url).await?;
        Ok(1)
    }
}

impl Upkeep {
    pub fn since(self, before: Self) -> Self {
        Self {
            moves: self.moves.saturating_sub(before.moves),
            checkpoints: self.checkpoints.saturating_sub(before.checkpoints),
        }
    }
}

/// A figure of a Prometheus text; 0 when it is not there.
fn figure(text: &str, name: &str) -> u64 {
    let values = text.lines().filter_map(|line| line.strip_prefix(name));
    let mut numbers = values.filter_map(|rest| rest.trim().parse::<f64>().ok());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counters are whole numbers"
    )]
    let value = numbers.next().unwrap_or(0.0) as u64;
    value
}

#[cfg(test)]
mod tests {
    use super::figure;

    const TEXT: &str = "# HELP xtrace_store_moves_total A figure of this engine.\n\
        # TYPE xtrace_store_moves_total gauge\nxtrace_store_moves_total 3.0\nxtrace_store_up 1\n";

    #[test]
    fn a_figure_is_found_among_others_and_not_in_its_description() {
        assert_eq!(figure(TEXT, "xtrace_store_moves_total"), 3);
    }

    #[test]
    fn a_figure_that_is_not_there_is_none() {
        assert_eq!(figure(TEXT, "xtrace_store_checkpoints_total"), 0);
    }
}
