//! The scope that every store call takes first.

use std::fmt;
use std::sync::Arc;

use xtrace_model::ProjectId;

/// Proof that a caller may work on a project.
///
/// INVARIANT: outside tests and tools, only the authorisation extractor of the HTTP crate makes one, so
/// that reaching another project's data is a compile error rather than a review remark.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectScope(Arc<ProjectId>);

impl ProjectScope {
    /// For the authorisation extractor, tools and tests.
    pub fn new(project: ProjectId) -> Self {
        Self(Arc::new(project))
    }

    /// The project.
    pub fn project(&self) -> &ProjectId {
        &self.0
    }
}

impl fmt::Display for ProjectScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
