//! The engine: one writer thread, three background threads, readers, and the traits of the seam.

use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};
use xtrace_model::{ProjectId, Timestamp, TraceId};
use xtrace_payload::PartId;
use xtrace_store::{CommitReport, Project};

use crate::background;
use crate::bell::Bell;
use crate::commit::Batch;
use crate::delete::Which;
use crate::entering;
use crate::errors::EmbeddedError;
use crate::instance::Instance;
use crate::keeper;
use crate::lock::DataDir;
use crate::options::EmbeddedOptions;
use crate::parts::{Group, Verdict};
use crate::projection::pool::Queries;
use crate::writing;

/// Between looks whether the writer has answered.
const PATIENCE: Duration = Duration::from_millis(1);

/// The answer to a command goes back through this.
pub type Reply<T> = oneshot::Sender<Result<T, EmbeddedError>>;

/// What the writer thread is asked to do.
pub enum Command {
    Commit(Batch, Reply<CommitReport>),
    Delete {
        project: ProjectId,
        ids: Vec<TraceId>,
        which: Which,
        reply: Reply<u64>,
    },
    EnsureProject {
        id: ProjectId,
        now: Timestamp,
        reply: Reply<Project>,
    },
    DropPartition(u32, Reply<()>),
    /// Take away payloads whose rows are gone.
    DropOrphans {
        partition: u32,
        keys: Vec<Vec<u8>>,
        reply: Reply<()>,
    },
    /// Mark parts for a sweep.
    Mark {
        group: Group,
        ids: Vec<PartId>,
        reply: Reply<()>,
    },
    /// Do what a sweep has found out.
    Sweep {
        group: Group,
        verdicts: Vec<Verdict>,
        reply: Reply<usize>,
    },
    /// Keep a dictionary and compress with it.
    UseDictionary(Vec<u8>, Reply<()>),
    PruneSeries(Reply<()>),
    LoadSeries(Reply<()>),
    /// Open anew what has failed, if the time has come.
    Heal,
    Close(Reply<()>),
}

/// What the threads of an engine share.
pub struct Shared {
    pub options: EmbeddedOptions,
    pub dir: Arc<DataDir>,
    pub queries: Queries,
    instance: RwLock<State>,
    commands: mpsc::Sender<Command>,
    /// Wakes the background thread.
    pub bell: Arc<Bell>,
    /// Wakes the thread that lets rows enter.
    pub entering: Bell,
    /// Wakes the keeper.
    pub keeper: Bell,
    /// One sweep at a time.
    pub sweeping: Mutex<()>,
}

/// What there is to work with.
enum State {
    Open(Arc<Instance>),
    Reopening(String),
    Closed,
}

/// The embedded engine.
pub struct EmbeddedEngine {
    pub(crate) shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl EmbeddedEngine {
    /// Opens the data directory, recovering what the last process left; blocks for as long as that takes.
    ///
    /// # Errors
    /// Another process has the directory, a newer version wrote it, or it cannot be read or written.
    pub fn open(options: EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let dir = Arc::new(DataDir::open(&options.dir)?);
        let bell = Arc::<Bell>::default();
        let instance = Instance::open(dir.clone(), &options, bell.clone())?;
        let (commands, inbox) = mpsc::channel(options.commit_queue.max(1));
        let shared = Arc::new(Shared {
            queries: Queries::new(options.query_concurrency, options.query_timeout),
            options,
            dir,
            instance: RwLock::new(State::Open(Arc::new(instance))),
            commands,
            bell,
            entering: Bell::default(),
            keeper: Bell::default(),
            sweeping: Mutex::default(),
        });
        let engine = Self {
            shared: shared.clone(),
            threads: Mutex::default(),
        };
        engine.spawn("xtrace-writer", {
            let shared = shared.clone();
            move || writing::run(&shared, inbox)
        })?;
        engine.spawn("xtrace-entering", {
            let shared = shared.clone();
            move || entering::run(&shared)
        })?;
        engine.spawn("xtrace-mover", {
            let shared = shared.clone();
            move || background::run(&shared)
        })?;
        engine.spawn("xtrace-keeper", move || keeper::run(&shared))?;
        Ok(engine)
    }

    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), EmbeddedError> {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(work);
        let thread = thread.map_err(EmbeddedError::io(
            "start a thread for",
            &self.shared.options.dir,
        ))?;
        self.threads
            .lock()
            .expect("no panic while held")
            .push(thread);
        Ok(())
    }

    /// Ends the threads; what was committed stays, what was not moved is replayed at the next open.
    fn stop(&self) {
        self.shared.set_closed();
        // A full queue is fine: the writer looks at the state before each command.
        let (reply, _) = oneshot::channel();
        let _ = self.shared.commands.try_send(Command::Close(reply));
        self.shared.ring();
        for thread in self.threads.lock().expect("no panic while held").drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }

    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, EmbeddedError> {
        if self.shared.is_closed() {
            return Err(EmbeddedError::Closed);
        }
        let (reply, answer) = oneshot::channel();
        self.shared
            .commands
            .send(command(reply))
            .await
            .map_err(|_| EmbeddedError::Closed)?;
        // The writer is gone, or panicked over this very command.
        answer.await.map_err(|_| match self.shared.is_closed() {
            true => EmbeddedError::Closed,
            false => EmbeddedError::Defect("the writer ended early".to_owned()),
        })?
    }

    /// Runs a short reading of the truth where blocking is allowed.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Instance) -> Result<T, EmbeddedError> + Send + 'static,
    ) -> Result<T, EmbeddedError> {
        let instance = self.shared.instance()?;
        let done = tokio::task::spawn_blocking(move || {
            work(&instance).inspect_err(|error| instance.note(error))
        });
        done.await
            .map_err(|error| EmbeddedError::Defect(error.to_string()))?
    }

    /// Moves everything hot into the file now, for tests and tools.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn move_now(&self) -> Result<(), EmbeddedError> {
        self.shared.instance()?.move_all().map(|_| ())
    }
}

impl Drop for EmbeddedEngine {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    pub fn instance(&self) -> Result<Arc<Instance>, EmbeddedError> {
        match &*self.instance.read().expect("no panic while held") {
            State::Open(instance) => Ok(instance.clone()),
            State::Reopening(why) => Err(EmbeddedError::Reopening(why.clone())),
            State::Closed => Err(EmbeddedError::Closed),
        }
    }

    /// Puts an opened instance in place, unless the engine was closed meanwhile.
    pub fn set_open(&self, instance: Arc<Instance>) {
        let mut state = self.instance.write().expect("no panic while held");
        if !matches!(*state, State::Closed) {
            *state = State::Open(instance);
        }
    }

    pub fn set_reopening(&self, why: &str) {
        let mut state = self.instance.write().expect("no panic while held");
        if !matches!(*state, State::Closed) {
            *state = State::Reopening(why.to_owned());
        }
    }

    pub fn set_closed(&self) {
        *self.instance.write().expect("no panic while held") = State::Closed;
    }

    /// Whether an instance is open, or not yet gone to the end: each holds the directory until then.
    pub fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.dir) > 1
    }

    pub fn is_closed(&self) -> bool {
        matches!(
            *self.instance.read().expect("no panic while held"),
            State::Closed
        )
    }

    /// Asks the writer to look after a failed instance; it is busy where this is not taken.
    pub fn heal(&self) {
        let _ = self.commands.try_send(Command::Heal);
    }

    /// An error when the store is closed, or about to be opened anew.
    pub fn ensure_open(&self) -> Result<(), EmbeddedError> {
        match self.instance()?.has_failed() {
            true => Err(EmbeddedError::Reopening("a write failed".to_owned())),
            false => Ok(()),
        }
    }

    /// Asks the writer from a thread that may sleep, and gives up when the store is closed.
    pub fn ask_patiently<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, EmbeddedError> {
        let (reply, mut answer) = oneshot::channel();
        let mut command = command(reply);
        while let Err(refused) = self.commands.try_send(command) {
            command = match refused {
                TrySendError::Full(command) if !self.is_closed() => command,
                _ => return Err(EmbeddedError::Closed),
            };
            std::thread::sleep(PATIENCE);
        }
        loop {
            match answer.try_recv() {
                Ok(answer) => return answer,
                Err(TryRecvError::Closed) => return Err(EmbeddedError::Closed),
                Err(TryRecvError::Empty) if self.is_closed() => return Err(EmbeddedError::Closed),
                Err(TryRecvError::Empty) => std::thread::sleep(PATIENCE),
            }
        }
    }

    /// Wakes the threads that sleep.
    pub fn ring(&self) {
        self.bell.ring();
        self.entering.ring();
        self.keeper.ring();
    }
}
