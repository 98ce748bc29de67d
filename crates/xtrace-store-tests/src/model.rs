//! The reference engine: written to be read, so that what it answers is beyond doubt.
//!
//! All is kept in ordered maps of mergeable states; rows, summaries, aggregates and series are worked out anew for
//! each question, one plain step after the other. It is itself an engine and passes the suite. What it deliberately
//! does not do: be fast, or keep anything when the process ends.

mod aggregate;
mod cells;
mod condition;
mod contents;
mod evaluate;
mod reading;
mod series;
mod writing;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use xtrace_model::ProjectId;
use xtrace_store::{ErrorKind, Project, ProjectScope, StoreError, StoreResult};

use contents::Contents;

/// What outlives an engine that is closed: the disk, so to speak.
#[derive(Debug, Default)]
pub struct Disk {
    projects: BTreeMap<ProjectScope, Contents>,
    catalogue: BTreeMap<ProjectId, Project>,
}

/// The reference engine.
#[derive(Debug)]
pub struct Reference {
    disk: Arc<Mutex<Disk>>,
    is_closed: Mutex<bool>,
}

impl Reference {
    /// An engine with nothing in it.
    pub fn empty() -> Self {
        Self::open(Arc::default())
    }

    /// An engine on what another has left.
    pub fn open(disk: Arc<Mutex<Disk>>) -> Self {
        Self {
            disk,
            is_closed: Mutex::new(false),
        }
    }

    /// Does something to what is stored, unless closed.
    fn with_disk<T>(&self, op: &'static str, work: impl FnOnce(&mut Disk) -> T) -> StoreResult<T> {
        if *self
            .is_closed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
        {
            return Err(StoreError::new(
                ErrorKind::Unavailable,
                op,
                "the store is closed",
            ));
        }
        Ok(work(
            &mut self.disk.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }

    /// Does something with a project's contents, which are none where nothing was written.
    fn with_contents<T>(
        &self,
        op: &'static str,
        scope: &ProjectScope,
        work: impl FnOnce(&Contents) -> T,
    ) -> StoreResult<T> {
        self.with_disk(op, |disk| match disk.projects.get(scope) {
            Some(contents) => work(contents),
            None => work(&Contents::default()),
        })
    }
}
