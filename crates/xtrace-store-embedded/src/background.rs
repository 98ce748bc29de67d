//! The background thread: moves, checkpoints, and a nudge to the writer when the store has failed.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::Shared;
use crate::errors::EmbeddedError;
use crate::instance::Instance;
use crate::priority::{MOVE_NICE, stand_back};
use crate::projection::moves::{Checkpoint, Moved};

/// Between attempts to open a failed store, and between looks at hot tables that a reader still holds.
const TICK: Duration = Duration::from_millis(500);
/// After a failed move or checkpoint.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// A move has the processor after everybody else has, unless so many times the rows wait that would start one.
const URGENT_FACTOR: u64 = 2;

/// Works until the engine is closed.
pub fn run(shared: &Arc<Shared>) {
    let mut due = Some(Instant::now());
    while !shared.is_closed() {
        shared.bell.wait_until(due);
        let later = |after: Duration| Some(Instant::now() + after);
        let instance = match shared.instance() {
            Ok(instance) if !instance.has_failed() => instance,
            _ => {
                shared.heal();
                due = later(TICK);
                continue;
            }
        };
        due = match catch_unwind(AssertUnwindSafe(|| work(shared, &instance))) {
            Ok(Ok(next)) => next,
            Ok(Err(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "rows stay in memory for now"
                );
                drop(instance);
                wait_quietly(shared);
                Some(Instant::now())
            }
            Err(_) => {
                tracing::error!("the move panicked; the store is opened anew");
                instance.fail();
                None
            }
        };
    }
}

/// Lets some time pass after a failure, whatever is rung meanwhile.
fn wait_quietly(shared: &Shared) {
    let until = Instant::now() + RETRY_AFTER;
    while !shared.is_closed() && Instant::now() < until && shared.ensure_open().is_ok() {
        shared.bell.wait_until(Some(until));
    }
}

/// Does what is due; the answer is when there will be more to do, if nobody rings before.
fn work(shared: &Shared, instance: &Instance) -> Result<Option<Instant>, EmbeddedError> {
    let options = &shared.options;
    let is_full = || instance.projection.hot_rows() >= options.move_rows;
    let mut is_due = is_full() || due(shared, instance).is_some_and(|due| due <= Instant::now());
    while is_due {
        let moved = move_all(shared, instance)?;
        tracing::debug!(rows = moved.rows, took = ?moved.took, "moved rows into the database file");
        // What came meanwhile may be as much again, and commits may be waiting for room.
        is_due = is_full() && !shared.is_closed();
    }
    let (_, log_bytes) = instance.projection.file_bytes();
    let is_written =
        log_bytes < options.checkpoint_bytes || instance.checkpoint()? == Checkpoint::Done;
    instance.drop_unread()?;
    let is_at_rest = is_written && !instance.projection.has_unread();
    let look_again = (!is_at_rest).then(|| Instant::now() + TICK);
    Ok(due(shared, instance).into_iter().chain(look_again).min())
}

/// Moves on a thread of its own: a thread that has stood back once may not be allowed to come forward again.
fn move_all(shared: &Shared, instance: &Instance) -> Result<Moved, EmbeddedError> {
    let urgent_rows = shared.options.move_rows.saturating_mul(URGENT_FACTOR);
    let is_urgent = instance.projection.hot_rows() >= urgent_rows;
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("xtrace-move".to_owned());
        let moving = thread.spawn_scoped(scope, || {
            if !is_urgent {
                stand_back(MOVE_NICE);
            }
            instance.move_all()
        });
        let cannot = EmbeddedError::io("start a thread for", &shared.options.dir);
        let moved = moving.map_err(cannot)?.join();
        moved.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// When the oldest hot row is old enough to be moved.
fn due(shared: &Shared, instance: &Instance) -> Option<Instant> {
    let since = *instance.hot_since.lock().expect("no panic while held");
    Some(since? + shared.options.move_age)
}
