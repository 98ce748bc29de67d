//! The writer thread: one command after the other, and the way back after a failure.

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::commit::Writer;
use crate::engine::{Command, Reply, Shared};
use crate::errors::EmbeddedError;
use crate::instance::Instance;
use crate::truth::{Rest, journal};

/// Rows that may wait for a move, as a multiple of what starts one.
const HOT_ROWS_FACTOR: u64 = 5;
/// Between attempts to open again.
const HEAL_EVERY: Duration = Duration::from_millis(250);
/// A failed store is opened again once so much can be written.
const ROOM_BYTES: usize = 4 * 1024 * 1024;
/// Readers get this long to end when the engine closes, or as long as a query may take.
const REST_MIN: Duration = Duration::from_secs(5);
const CLOSE_POLL: Duration = Duration::from_millis(5);

/// Works until closed.
pub fn run(shared: &Arc<Shared>, mut inbox: mpsc::Receiver<Command>) {
    let mut writing = Writing {
        shared: shared.clone(),
        writer: None,
        tried: None,
    };
    while let Some(command) = inbox.blocking_recv() {
        match command {
            Command::Close(reply) => {
                writing.close(reply);
                break;
            }
            command if shared.is_closed() => drop(command),
            command => writing.handle_safely(command),
        }
    }
    inbox.close();
}

struct Writing {
    shared: Arc<Shared>,
    writer: Option<Writer>,
    tried: Option<Instant>,
}

impl Writing {
    /// A panic is a defect of ours; it costs its command and a reopening, not the process.
    fn handle_safely(&mut self, command: Command) {
        if catch_unwind(AssertUnwindSafe(|| self.handle(command))).is_err() {
            tracing::error!("the writer panicked; the store is opened anew");
            self.writer = None;
            if let Ok(instance) = self.shared.instance() {
                instance.fail();
            }
        }
    }

    fn handle(&mut self, command: Command) {
        match command {
            Command::Commit(batch, reply) => {
                self.answer(reply, |writer| writer.commit(batch));
                self.ring_after_commit();
            }
            Command::Delete {
                project,
                ids,
                which,
                reply,
            } => {
                self.answer(reply, |writer| writer.delete_traces(&project, &ids, which));
                self.ring_after_commit();
            }
            Command::EnsureProject { id, now, reply } => {
                self.answer(reply, |writer| writer.ensure_project(id, now));
            }
            Command::DropPartition(partition, reply) => {
                self.answer(reply, |writer| writer.drop_partition(partition));
            }
            Command::DropOrphans {
                partition,
                keys,
                reply,
            } => self.answer(reply, |writer| writer.drop_orphans(partition, keys)),
            Command::Mark { group, ids, reply } => {
                self.answer(reply, |writer| writer.mark(group, ids));
            }
            Command::Sweep {
                group,
                verdicts,
                reply,
            } => self.answer(reply, |writer| writer.settle(group, verdicts)),
            Command::UseDictionary(bytes, reply) => {
                self.answer(reply, |writer| writer.use_dictionary(bytes));
            }
            Command::PruneSeries(reply) => self.answer(reply, Writer::prune_series),
            Command::LoadSeries(reply) => {
                self.answer(reply, |writer| {
                    writer.instance.ensure_series(writer.connection())
                });
            }
            Command::Heal => {
                if let Err(error) = self.writer() {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "the store is not open again yet"
                    );
                }
            }
            Command::Close(_) => {}
        }
    }

    fn answer<T>(
        &mut self,
        reply: Reply<T>,
        work: impl FnOnce(&mut Writer) -> Result<T, EmbeddedError>,
    ) {
        let result = self.writer().and_then(|writer| {
            let result = work(writer);
            if let Err(error) = &result {
                writer.instance.note(error);
            }
            result
        });
        // The caller may have gone; what was done stays done.
        let _ = reply.send(result);
    }

    /// A writer on an instance that works.
    fn writer(&mut self) -> Result<&mut Writer, EmbeddedError> {
        let has_failed = match self.shared.instance() {
            Ok(instance) => instance.has_failed(),
            Err(EmbeddedError::Reopening(_)) => true,
            Err(error) => return Err(error),
        };
        if has_failed {
            self.reopen()?;
        }
        let shared = &self.shared;
        match &mut self.writer {
            Some(writer) => Ok(writer),
            slot @ None => {
                let hot_rows_max = shared.options.move_rows.saturating_mul(HOT_ROWS_FACTOR);
                let writer =
                    Writer::new(shared.instance()?, hot_rows_max, shared.options.series_max)?;
                Ok(slot.insert(writer))
            }
        }
    }

    /// Drops the failed instance and opens another. Until there is room to write, the failed one stays:
    /// it can still be read.
    fn reopen(&mut self) -> Result<(), EmbeddedError> {
        let waiting = |why: &str| Err(EmbeddedError::Reopening(why.to_owned()));
        if self.tried.is_some_and(|tried| tried.elapsed() < HEAL_EVERY) {
            return waiting("the last attempt was a moment ago");
        }
        self.tried = Some(Instant::now());
        ensure_room(self.shared.dir.path())?;
        if self.shared.instance().is_ok() {
            tracing::warn!("the store failed and is opened anew");
            self.shared.set_reopening("a write failed");
        }
        self.writer = None;
        if self.shared.is_in_use() {
            return waiting("readers of the failed store are still at work");
        }
        let instance = Instance::open(
            self.shared.dir.clone(),
            &self.shared.options,
            self.shared.bell.clone(),
        )?;
        self.shared.set_open(Arc::new(instance));
        tracing::info!("the store is open again");
        Ok(())
    }

    /// Only once it is answered: a bell takes as long as a small commit prepares.
    fn ring_after_commit(&self) {
        let Some(writer) = &self.writer else { return };
        self.shared.entering.ring();
        if writer.instance.projection.hot_rows() >= self.shared.options.move_rows {
            self.shared.bell.ring();
        }
    }

    /// Moves and checkpoints, and writes what is in memory, so that the next start has nothing to do; and waits for
    /// readers to end.
    fn close(&mut self, reply: Reply<()>) {
        let instance = self.writer.take().map(|writer| writer.instance.clone());
        let instance = instance.or_else(|| self.shared.instance().ok());
        self.shared.set_closed();
        self.shared.ring();
        let rest = match instance.filter(|_| !reply.is_closed()) {
            Some(instance) => rest(&instance),
            None => Rest::default(),
        };
        let deadline = Instant::now() + self.shared.options.query_timeout.max(REST_MIN);
        while self.shared.is_in_use() && Instant::now() < deadline {
            std::thread::sleep(CLOSE_POLL);
        }
        // INVARIANT: nobody has the store open, and nothing was committed since everything was in tables.
        if !self.shared.is_in_use()
            && rest.is_kept()
            && let Err(error) = journal::empty(&self.shared.dir.truth())
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the journal is read at the next start"
            );
        }
        let _ = reply.send(Ok(()));
    }
}

/// Lets both parts write what they have in memory. What fails here costs time at the next start and nothing else.
fn rest(instance: &Instance) -> Rest {
    let moved = instance.move_all().and_then(|_| instance.checkpoint());
    let rested = moved.and_then(|_| instance.truth.rest());
    rested.unwrap_or_else(|error| {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "what is not written yet is read from the journal at the next start"
        );
        Rest::default()
    })
}

/// Proves that some megabytes can be written and synced.
fn ensure_room(dir: &Path) -> Result<(), EmbeddedError> {
    let path = dir.join("room");
    let write = || {
        let mut file = fs::File::create(&path)?;
        file.write_all(&vec![1; ROOM_BYTES])?;
        file.sync_data()
    };
    let written = write();
    // The file is only a probe; a leftover is overwritten by the next.
    let _ = fs::remove_file(&path);
    written.map_err(EmbeddedError::io("write", &path))
}
