//! The order in which a server ends: stop accepting → answer what is under way → drain the queue → close
//! the store.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use xtrace_ingest::Ingest;
use xtrace_store::Engine;

/// Returns at the first SIGTERM or SIGINT.
pub async fn requested() {
    let (mut terminate, mut interrupt) = match (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        (Err(error), _) | (_, Err(error)) => {
            warn!(%error, "signals cannot be received; end the process by other means");
            return std::future::pending().await;
        }
    };
    tokio::select! {
        _ = terminate.recv() => info!("SIGTERM received, shutting down"),
        _ = interrupt.recv() => info!("interrupt received, shutting down"),
    }
}

/// Commits what was admitted, then brings the store to rest.
pub async fn finish(ingest: &Ingest, engine: &dyn Engine, timeout: Duration) -> anyhow::Result<()> {
    if tokio::time::timeout(timeout, ingest.drain()).await.is_err() {
        warn!(
            ?timeout,
            "the queue did not drain in time; what was not committed was not acknowledged"
        );
    }
    engine.close().await?;
    info!("everything is at rest");
    Ok(())
}
