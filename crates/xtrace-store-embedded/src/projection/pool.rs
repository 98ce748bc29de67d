//! Connections for queries: made when first needed, given back, each query bounded in time and ended
//! when nobody waits for it any more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use duckdb::{Connection, InterruptHandle};
use tokio::sync::Semaphore;

use super::read::ReadTransaction;
use crate::errors::EmbeddedError;
use crate::instance::Instance;

/// How often an abandoned query is told to stop until it has: an interrupt that comes just before a
/// statement begins is lost.
const INTERRUPT_EVERY: Duration = Duration::from_millis(20);

/// Idle connections of one instance.
#[derive(Default)]
pub struct ReadPool {
    idle: Mutex<Vec<Connection>>,
}

impl ReadPool {
    fn take(&self, instance: &Instance) -> Result<Connection, EmbeddedError> {
        let idle = self.idle.lock().expect("no panic while held").pop();
        idle.map_or_else(|| instance.projection.connect(), Ok)
    }

    fn give(&self, connection: Connection) {
        self.idle
            .lock()
            .expect("no panic while held")
            .push(connection);
    }
}

/// Lets a fixed number of queries run at once.
pub struct Queries {
    permits: Arc<Semaphore>,
    timeout: Duration,
}

impl Queries {
    pub fn new(concurrency: usize, timeout: Duration) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(concurrency.max(1))),
            timeout,
        }
    }

    /// Runs a query on its own connection, in a transaction of its own.
    pub async fn run<T: Send + 'static>(
        &self,
        instance: Arc<Instance>,
        query: impl FnOnce(&ReadTransaction<'_>) -> Result<T, EmbeddedError> + Send + 'static,
    ) -> Result<T, EmbeddedError> {
        let running = Arc::new(Running::default());
        let guard = StopWhenDropped(running.clone());
        let permits = self.permits.clone();
        let work = async move {
            let permit = permits
                .acquire_owned()
                .await
                .map_err(|_| EmbeddedError::Closed)?;
            let done = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                in_transaction(&instance, &running, query)
            });
            done.await
                .map_err(|error| EmbeddedError::Defect(error.to_string()))?
        };
        let result = tokio::time::timeout(self.timeout, work).await;
        drop(guard);
        result.unwrap_or(Err(EmbeddedError::Timeout(self.timeout)))
    }
}

fn in_transaction<T>(
    instance: &Arc<Instance>,
    running: &Running,
    query: impl FnOnce(&ReadTransaction<'_>) -> Result<T, EmbeddedError>,
) -> Result<T, EmbeddedError> {
    let connection = instance.pool.take(instance)?;
    running.begin(connection.interrupt_handle())?;
    let asked = ReadTransaction::begin(&instance.projection, &connection).and_then(|at| {
        let at = at.abandoned_by(&running.is_abandoned);
        let result = query(&at);
        // Before the end of the transaction, or an interrupt that came too late would hit that instead and leave a
        // connection that refuses whoever gets it next.
        running.end();
        Ok((result?, at.end()))
    });
    running.end();
    match asked {
        Ok((answer, Ok(()))) => {
            instance.pool.give(connection);
            Ok(answer)
        }
        // The answer is whole; only its connection is let go.
        Ok((answer, Err(error))) => {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "a connection is let go"
            );
            Ok(answer)
        }
        // What a failed query leaves on its connection is not worth finding out.
        Err(error) => {
            instance.note(&error);
            Err(error)
        }
    }
}

/// A query that can be told to stop from another thread.
#[derive(Default)]
struct Running {
    handle: Mutex<Option<Arc<InterruptHandle>>>,
    is_abandoned: AtomicBool,
}

impl Running {
    fn begin(&self, handle: Arc<InterruptHandle>) -> Result<(), EmbeddedError> {
        let mut current = self.handle.lock().expect("no panic while held");
        if self.is_abandoned.load(Ordering::Acquire) {
            return Err(EmbeddedError::Cancelled);
        }
        *current = Some(handle);
        Ok(())
    }

    /// INVARIANT: after this the connection is never interrupted, so its next query is safe.
    fn end(&self) {
        *self.handle.lock().expect("no panic while held") = None;
    }

    /// Whether there was anything to stop.
    fn interrupt(&self) -> bool {
        let current = self.handle.lock().expect("no panic while held");
        if let Some(handle) = current.as_ref() {
            handle.interrupt();
        }
        current.is_some()
    }
}

/// Ends the query when the one who waits for it goes away.
struct StopWhenDropped(Arc<Running>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.is_abandoned.store(true, Ordering::Release);
        if !self.0.interrupt() {
            return;
        }
        let running = self.0.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                while running.interrupt() {
                    tokio::time::sleep(INTERRUPT_EVERY).await;
                }
            });
        }
    }
}
