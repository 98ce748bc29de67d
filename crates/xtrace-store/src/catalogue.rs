//! The catalogue: projects, and later keys, prices, prompts, datasets.

use async_trait::async_trait;
use xtrace_model::{ProjectId, Timestamp};

use crate::error::StoreResult;

/// A project as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// What people call it.
    pub name: Box<str>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Reads and writes the catalogue.
///
/// # Contract — every line is a case in `xtrace-store-tests`
/// * `ensure_project` creates a project once; asked again, it answers with the one that is there.
/// * What was written is durable and visible when the call returns.
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// The project of that id, created at `now` under its id as name where there is none.
    async fn ensure_project(&self, id: &ProjectId, now: Timestamp) -> StoreResult<Project>;

    /// All projects by id.
    async fn projects(&self) -> StoreResult<Vec<Project>>;
}
