//! Serving a listener until told to stop.
//!
//! Connections are bounded in number, and so is the time one may take to ask: whoever opens many and says nothing, or
//! says it letter by letter, keeps nobody else out for long.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::app::App;
use crate::router::router;

/// Bounds of connections.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// More wait until one ends.
    connections_max: usize,
    /// How long the head of a request may take, and how long a connection may stay idle.
    head_timeout: Duration,
    /// The same for connections that come when three quarters of the places are taken, so that the last quarter is free
    /// again soon.
    crowded_timeout: Duration,
    /// How long requests under way may take once the server is told to stop.
    grace: Duration,
}

/// Serves until `stop` is ready, then lets requests under way end, at most for `grace`.
pub async fn serve(
    listener: TcpListener,
    app: App,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) {
    let bounds = Bounds {
        connections_max: 4096,
        head_timeout: Duration::from_secs(75),
        crowded_timeout: Duration::from_secs(2),
        grace,
    };
    serve_within(bounds, listener, app, stop).await;
}

async fn serve_within(
    bounds: Bounds,
    mut listener: TcpListener,
    app: App,
    stop: impl Future<Output = ()>,
) {
    let service = TowerToHyperService::new(router(app));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new());
    let under_way = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(bounds.connections_max));
    let mut stop = pin!(stop);
    loop {
        let accepting = async {
            let place = room.clone().acquire_owned().await;
            // The trait's, which outlives errors such as too many open files.
            let accepted = Listener::accept(&mut listener).await;
            (place.expect("never closed"), accepted)
        };
        let (place, (stream, _)) = tokio::select! {
            accepted = accepting => accepted,
            () = &mut stop => break,
        };
        // Answers are written whole; waiting for more to send would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let is_crowded = room.available_permits() < bounds.connections_max / 4;
        http.header_read_timeout(match is_crowded {
            true => bounds.crowded_timeout,
            false => bounds.head_timeout,
        });
        let connection = http.serve_connection(TokioIo::new(stream), service.clone());
        let connection = under_way.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    let ended = tokio::time::timeout(bounds.grace, under_way.shutdown()).await;
    if ended.is_err() {
        let grace = bounds.grace;
        tracing::warn!(
            ?grace,
            "requests under way did not end in time and are cut off"
        );
    }
}

#[cfg(test)]
mod tests;
