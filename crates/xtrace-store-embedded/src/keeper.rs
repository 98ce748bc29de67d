//! The keeper thread: what is not urgent and may take long. It trains the dictionary of payload parts once there are
//! enough samples, and sweeps (`sweep`).
//!
//! What it deliberately does not do: hold up anybody. It asks the writer for steps like any caller, and lets go of
//! the store when that is closed or opened anew.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::{Command, EmbeddedEngine, Shared};
use crate::errors::EmbeddedError;
use crate::sweep::sweep;
use crate::truth::codecs::train;

/// Between sweeps; what is deleted takes room for so long.
const SWEEP_REST_MIN: Duration = Duration::from_secs(5 * 60);
/// A sweep reads all payloads of a project in a week: at most a twentieth of a core's time.
const SWEEP_REST_FACTOR: u32 = 20;
/// After an error. Where no dictionary could be made there is none until the next start.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// Works until the engine is closed.
pub fn run(shared: &Arc<Shared>) {
    let mut sweep_at = Instant::now() + SWEEP_REST_MIN;
    let mut rest_until = Instant::now();
    while !shared.is_closed() {
        // Rung when there are samples enough.
        shared.keeper.wait_until(Some(sweep_at.max(rest_until)));
        if shared.is_closed() || Instant::now() < rest_until {
            continue;
        }
        let work = || {
            train_if_due(shared)?;
            if Instant::now() >= sweep_at {
                let started = Instant::now();
                sweep_all(shared)?;
                sweep_at =
                    Instant::now() + SWEEP_REST_MIN.max(started.elapsed() * SWEEP_REST_FACTOR);
            }
            Ok(())
        };
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(Ok(()) | Err(EmbeddedError::Closed | EmbeddedError::Reopening(_))) => {}
            Ok(Err(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "payloads are not swept, or not compressed as well as they could be"
                );
                rest_until = Instant::now() + RETRY_AFTER;
            }
            Err(_) => {
                tracing::error!("the keeper of payloads panicked");
                rest_until = Instant::now() + RETRY_AFTER;
            }
        }
    }
}

fn train_if_due(shared: &Shared) -> Result<(), EmbeddedError> {
    let bytes = shared.options.dictionary_sample_bytes;
    let Some(samples) = shared.instance()?.truth.codecs.take_samples(bytes) else {
        return Ok(());
    };
    let dictionary = train(&samples)?;
    drop(samples);
    tracing::info!(bytes = dictionary.len(), "made a dictionary for payloads");
    shared.ask_patiently(|reply| Command::UseDictionary(dictionary, reply))
}

/// Sweeps everything that is marked; what is marked meanwhile waits for the next time.
fn sweep_all(shared: &Shared) -> Result<usize, EmbeddedError> {
    let _alone = shared.sweeping.lock().expect("no panic while held");
    let mut settled = 0;
    for group in shared.instance()?.parts.marked_groups() {
        settled += sweep(shared, group)?;
    }
    Ok(settled)
}

impl EmbeddedEngine {
    /// Removes all parts that nothing refers to now, for tests and tools.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn sweep_now(&self) -> Result<(), EmbeddedError> {
        while sweep_all(&self.shared)? > 0 {}
        Ok(())
    }
}
