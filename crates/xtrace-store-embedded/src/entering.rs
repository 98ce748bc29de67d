//! The thread that lets committed rows enter the hot tables, so that queries find little left to do.
//!
//! What it deliberately does not do: hold up an answer. A commit is answered before, and a query that does not
//! find everything entered sees to it itself (`crate::projection::waiting`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::engine::Shared;
use crate::instance::Instance;

/// Rows wait so long for company, unless a query wants them: entering costs the same for one commit as for ten, and
/// the processor is the answers' for now.
const GATHER: Duration = Duration::from_millis(50);

/// Works until the engine is closed.
pub fn run(shared: &Arc<Shared>) {
    while !shared.is_closed() {
        shared.entering.wait_until(None);
        std::thread::sleep(GATHER);
        let Ok(instance) = shared.instance() else {
            continue;
        };
        if instance.has_failed() {
            continue;
        }
        match catch_unwind(AssertUnwindSafe(|| instance.projection.settle())) {
            Ok(Ok(())) => ring_keeper_when_due(shared, &instance),
            Ok(Err(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "rows do not enter the hot tables"
                );
                instance.note(&error);
            }
            Err(_) => {
                tracing::error!("entering the hot tables panicked; the store is opened anew");
                instance.fail();
            }
        }
    }
}

/// Here because it follows every commit and is in nobody's way.
fn ring_keeper_when_due(shared: &Shared, instance: &Instance) {
    let bytes = shared.options.dictionary_sample_bytes;
    if instance.truth.codecs.has_samples(bytes) {
        shared.keeper.ring();
    }
}
