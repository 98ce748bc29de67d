//! What the suite needs of an engine's crate: a store that can be opened, closed and opened again.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use xtrace_store::Engine;

use crate::model::{Disk, Reference};

/// How many series a project may have in an engine that the suite opens: few, so that a case can fill it up.
pub const SERIES_MAX: u64 = 1_500;

/// One store, empty at first. What an engine cannot do it says in its `Capabilities`; there is no other way to be
/// spared a case.
#[async_trait]
pub trait Harness: Send + Sync {
    /// An engine on the store that takes [`SERIES_MAX`] series of a project, with everything that was committed before.
    /// The one opened before has been closed and dropped, unless the engine allows several writers.
    async fn open(&self) -> Arc<dyn Engine>;

    /// Does at once what the engine does in the background sooner or later. The suite calls it after each commit, so
    /// that an engine can be tested in the state before (by doing nothing here) and in the state after.
    async fn work_in_background(&self) {}
}

/// The reference engine's own.
#[derive(Debug, Default)]
pub struct ReferenceHarness {
    disk: Arc<Mutex<Disk>>,
}

#[async_trait]
impl Harness for ReferenceHarness {
    async fn open(&self) -> Arc<dyn Engine> {
        Arc::new(Reference::open(self.disk.clone()))
    }
}
