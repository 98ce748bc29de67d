//! Serving a listener until told to stop.

use std::time::Duration;

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

use crate::app::App;
use crate::router::router;

/// Serves until `stop` is ready, then lets requests under way end, at most for `grace`.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    app: App,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> std::io::Result<()> {
    let (stopped, mut stopping) = tokio::sync::watch::channel(false);
    let stop = async move {
        stop.await;
        stopped.send_replace(true);
    };
    // Answers are written whole; waiting for more to send would only delay them.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let serving = axum::serve(listener, router(app)).with_graceful_shutdown(stop);
    let deadline = async move {
        // An error means that serving has ended by itself.
        if stopping.wait_for(|is_stopped| *is_stopped).await.is_ok() {
            tokio::time::sleep(grace).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        result = serving => result,
        () = deadline => {
            tracing::warn!(?grace, "requests under way did not end in time and are cut off");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
