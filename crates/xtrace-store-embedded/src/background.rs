//! The background thread: moves, checkpoints, and a nudge to the writer when the store has failed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::Shared;
use crate::errors::EmbeddedError;
use crate::instance::Instance;

const TICK: Duration = Duration::from_millis(500);
/// After a failed move or checkpoint.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Works until the engine is closed.
pub fn run(shared: &Arc<Shared>) {
    let mut rest_until = Instant::now();
    while !shared.is_closed() {
        shared.bell.wait_at_most(TICK);
        let Ok(instance) = shared.instance() else {
            shared.heal();
            continue;
        };
        if instance.has_failed() {
            drop(instance);
            shared.heal();
            continue;
        }
        if Instant::now() < rest_until {
            continue;
        }
        match catch_unwind(AssertUnwindSafe(|| work(shared, &instance))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "rows stay in memory for now"
                );
                rest_until = Instant::now() + RETRY_AFTER;
            }
            Err(_) => {
                tracing::error!("the move panicked; the store is opened anew");
                instance.fail();
            }
        }
    }
}

fn work(shared: &Shared, instance: &Instance) -> Result<(), EmbeddedError> {
    let options = &shared.options;
    let age = instance
        .hot_since
        .lock()
        .expect("no panic while held")
        .map(|since| since.elapsed());
    let is_old = age.is_some_and(|age| age >= options.move_age);
    let is_full = || instance.projection.hot_rows() >= options.move_rows;
    let mut is_due = is_old || is_full();
    while is_due {
        let moved = instance.move_all()?;
        tracing::debug!(rows = moved.rows, took = ?moved.took, "moved rows into the database file");
        // What came meanwhile may be as much again, and commits may be waiting for room.
        is_due = is_full() && !shared.is_closed();
    }
    let (_, log_bytes) = instance.projection.file_bytes();
    if log_bytes >= options.checkpoint_bytes {
        instance.checkpoint()?;
    }
    instance.drop_unread()
}
