//! One opened pair of truth and projection.
//!
//! Opening is recovery: what the log says the file lacks enters the hot tables again. An engine whose
//! instance has failed (a full disk, say) drops it and opens another on the same directory, so that
//! there is one way back, the one that a killed process takes.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread;
use std::time::Instant;

use duckdb::Connection;

use crate::bell::Bell;
use crate::errors::EmbeddedError;
use crate::lock::DataDir;
use crate::metrics::SeriesIndex;
use crate::options::EmbeddedOptions;
use crate::parts::Parts;
use crate::priority::{HELPER_NICE, stand_back};
use crate::projection::Projection;
use crate::projection::hot::HotBatch;
use crate::projection::moves::{Checkpoint, Moved};
use crate::projection::open::{FileState, attach, file_state, instance};
use crate::projection::pool::ReadPool;
use crate::projection::rebuild::{self, Progress};
use crate::projection::schema::{FILE, create_file, fingerprint, fingerprint_without_rollups};
use crate::replay::replay;
use crate::truth::Truth;

/// Rows between two messages about a rebuild.
const LOG_EVERY_ROWS: u64 = 500_000;

/// What the background work has done so far, for figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct MoveFigures {
    pub moves: u64,
    pub failures: u64,
    pub last: Moved,
    pub checkpoints: u64,
    pub last_checkpoint_seconds: f64,
}

/// An opened store.
pub struct Instance {
    pub truth: Truth,
    pub parts: Arc<Parts>,
    pub projection: Projection,
    pub pool: ReadPool,
    /// Loaded when first needed.
    pub series: RwLock<Option<SeriesIndex>>,
    /// The connection of the background work, one at a time.
    pub background: Mutex<Connection>,
    pub figures: Mutex<MoveFigures>,
    /// When the oldest row that is not in the file came in.
    pub hot_since: Mutex<Option<Instant>>,
    /// Wakes the background thread.
    bell: Arc<Bell>,
    has_failed: AtomicBool,
    is_damaged: AtomicBool,
    /// Keeps the directory locked until the last reader has let go.
    _dir: Arc<DataDir>,
}

impl Instance {
    /// `bell` is rung when the background thread has something new to see to.
    pub fn open(
        dir: Arc<DataDir>,
        options: &EmbeddedOptions,
        bell: Arc<Bell>,
    ) -> Result<Self, EmbeddedError> {
        // Side by side: each reads files of its own.
        let (truth, root) = thread::scope(|scope| {
            // DuckDB's threads take name and priority from the one that opens it.
            let helper = thread::Builder::new().name("xtrace-columns".to_owned());
            let root = helper.spawn_scoped(scope, || {
                stand_back(HELPER_NICE);
                open_root(&dir, options)
            });
            let truth = Truth::open(&dir.truth(), options);
            (truth, root.map(thread::ScopedJoinHandle::join))
        });
        let truth = truth?;
        let root = root.map_err(EmbeddedError::io("start a thread for", dir.path()))?;
        let root = root.unwrap_or_else(|panic| resume_unwind(panic))?;
        if truth.store_id()? == 0 {
            truth.put_store_id(new_store_id())?;
        }
        let root = fit_file(&dir, options, &truth, root)?;
        let projection = Projection::start(root, &dir.projection())?;
        let background = projection.connect()?;
        replay(&truth, &projection, &background, options.move_rows)?;
        let hot_since = (projection.hot_rows() > 0).then(Instant::now);
        let parts = Arc::new(Parts::open(&truth)?);
        Ok(Self {
            truth,
            parts,
            projection,
            pool: ReadPool::default(),
            series: RwLock::default(),
            background: Mutex::new(background),
            figures: Mutex::default(),
            hot_since: Mutex::new(hot_since),
            bell,
            has_failed: AtomicBool::new(false),
            is_damaged: AtomicBool::new(false),
            _dir: dir,
        })
    }

    /// Makes a commit visible, and notes since when something waits for a move.
    pub fn hand_over(&self, batch: HotBatch) -> Result<(), EmbeddedError> {
        self.projection.hand_over(batch)?;
        let mut hot_since = self.hot_since.lock().expect("no panic while held");
        if hot_since.is_none() {
            *hot_since = Some(Instant::now());
            // It knows now when the next move is due.
            self.bell.ring();
        }
        Ok(())
    }

    /// Moves what is hot into the file and takes it off the log.
    pub fn move_all(&self) -> Result<Moved, EmbeddedError> {
        let background = self.background.lock().expect("no panic while held");
        *self.hot_since.lock().expect("no panic while held") = None;
        let moved = self
            .projection
            .move_all(&background, |upto| self.truth.trim(upto));
        let mut figures = self.figures.lock().expect("no panic while held");
        match &moved {
            Ok(moved) if moved.rows > 0 => {
                figures.moves += 1;
                figures.last = *moved;
            }
            Ok(_) => {}
            Err(error) => {
                figures.failures += 1;
                self.hot_since
                    .lock()
                    .expect("no panic while held")
                    .get_or_insert_with(Instant::now);
                self.note(error);
            }
        }
        moved
    }

    /// Writes the file's log into it; whether that was possible just now.
    pub fn checkpoint(&self) -> Result<Checkpoint, EmbeddedError> {
        let background = self.background.lock().expect("no panic while held");
        let started = Instant::now();
        let done = self
            .projection
            .checkpoint(&background)
            .inspect_err(|error| self.note(error))?;
        if done == Checkpoint::Busy {
            tracing::debug!("the checkpoint waits for transactions to end");
            return Ok(done);
        }
        let mut figures = self.figures.lock().expect("no panic while held");
        figures.checkpoints += 1;
        figures.last_checkpoint_seconds = started.elapsed().as_secs_f64();
        Ok(done)
    }

    /// Drops hot tables that nobody reads any more.
    pub fn drop_unread(&self) -> Result<(), EmbeddedError> {
        let background = self.background.lock().expect("no panic while held");
        self.projection
            .drop_unread(&background)
            .inspect_err(|error| self.note(error))
    }

    /// Remembers an error after which the instance cannot go on.
    pub fn note(&self, error: &EmbeddedError) {
        if error.ends_instance() {
            self.fail();
        }
        if matches!(error, EmbeddedError::Damaged(_)) {
            self.is_damaged.store(true, Ordering::Release);
        }
    }

    /// Lets the writer open the store anew before its next work.
    pub fn fail(&self) {
        self.has_failed.store(true, Ordering::Release);
        self.bell.ring();
    }

    /// Whether something was found in the file that was never written to it.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Acquire)
    }

    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }
}

/// A DuckDB instance with the file attached, whatever is in it.
fn open_root(dir: &DataDir, options: &EmbeddedOptions) -> Result<Connection, EmbeddedError> {
    rebuild::discard_scratch(dir)?;
    let root = instance(options, &dir.spill())?;
    attach(&root, &dir.projection(), FILE)?;
    Ok(root)
}

/// The instance with its file as it is, new, or rebuilt where it does not fit the truth.
fn fit_file(
    dir: &DataDir,
    options: &EmbeddedOptions,
    truth: &Truth,
    root: Connection,
) -> Result<Connection, EmbeddedError> {
    let store_id = truth.store_id()?;
    let mut state = file_state(&root, FILE)?;
    if let Some(state) = &mut state
        && state.store_id == store_id
        && state.fingerprint == fingerprint_without_rollups()
    {
        tracing::info!("adding up what is stored: rollups are new in this version");
        rebuild::add_rollups(&root, truth, &mut logged())?;
        state.fingerprint = fingerprint();
    }
    match state {
        Some(state) if state.store_id != store_id => Err(rebuild::of_another_store()),
        Some(state) if state.upto > truth.last_version()? => Err(EmbeddedError::Corrupt {
            what: "row store",
            why: "it lacks commits that the column file has; put back a backup of the whole data directory, or run \
                  `xtrace doctor --rebuild` to go on with what the row store has"
                .to_owned(),
        }),
        Some(state) if fits(state, truth)? => Ok(root),
        None if truth.trimmed()? == 0 => {
            root.execute_batch(&create_file(FILE, store_id, 0))?;
            Ok(root)
        }
        // Of points the row store has only what the log has not handed over yet.
        state if state.is_none_or(|state| state.upto < truth.trimmed().unwrap_or(u64::MAX))
            && truth.last_series()? > 0 =>
        {
            Err(EmbeddedError::PointsLost {
                file: dir.projection(),
            })
        }
        state => {
            tracing::warn!(?state, "the projection does not fit the log and is rebuilt");
            drop(root);
            rebuild::rebuild_file(dir, options, truth, &mut logged())?;
            open_root(dir, options)
        }
    }
}

/// Says now and then how far a rebuild is.
fn logged() -> impl FnMut(Progress) {
    let mut next = LOG_EVERY_ROWS;
    move |progress| {
        let rows = progress.traces + progress.observations;
        if rows >= next {
            next = rows + LOG_EVERY_ROWS;
            tracing::info!(rows, of_about = progress.rows_estimate, "rebuilding");
        }
    }
}

/// Whether the log has everything the file lacks.
fn fits(state: FileState, truth: &Truth) -> Result<bool, EmbeddedError> {
    Ok(state.fingerprint == fingerprint() && state.upto >= truth.trimmed()?)
}

/// Any number but zero; the standard hasher's seed is the operating system's randomness.
fn new_store_id() -> u64 {
    RandomState::new().build_hasher().finish().max(1)
}
