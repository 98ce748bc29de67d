//! Points at which a test may end or fail the engine, to prove that recovery is exact.
//!
//! Compiled in with the feature `failpoints`, which only this crate's tests switch on; otherwise
//! [`hit`] is empty.

/// Where a crash or an error can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// The truth has the batch, the projection does not.
    BeforeHandingOver,
    /// Both have it, the answer is not sent.
    AfterHandingOver,
    /// What was handed over, and acknowledged perhaps, is about to enter the hot tables.
    BeforeEntering,
    /// A generation is sealed, nothing of it is in the file.
    BeforeMove,
    /// The file's transaction is complete but not committed.
    BeforeMoveCommit,
    /// The file has the generation, the log still names it.
    BeforeLogTrim,
    /// The log is trimmed, the sealed generation still exists.
    AfterLogTrim,
    /// Some of the traces that retention found are deleted, others not.
    DuringRetention,
    /// A payload partition without live rows is about to go.
    BeforePartitionDrop,
    /// A sweep knows which parts nothing refers to; none is removed.
    BeforeSweepRemoval,
    /// Some of the parts that a sweep found are removed.
    AfterSweepRemoval,
    /// A dictionary is on disk, nothing is compressed with it.
    AfterDictionaryStored,
    /// The rebuilt file is complete but has not taken its place.
    BeforeRebuildSwap,
}

#[cfg(not(feature = "failpoints"))]
pub fn hit(_: Point) -> Result<(), crate::errors::EmbeddedError> {
    Ok(())
}

#[cfg(feature = "failpoints")]
pub use armed::{Action, arm, disarm, hit};

#[cfg(feature = "failpoints")]
mod armed {
    use std::sync::Mutex;

    use super::Point;
    use crate::errors::EmbeddedError;

    /// What happens at an armed point.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Action {
        /// The process ends at once, as by `kill -9`.
        Abort,
        /// The step fails as if the disk were full.
        Fail,
        /// The thread panics, as by a defect of ours.
        Panic,
    }

    static ARMED: Mutex<Option<(Point, Action)>> = Mutex::new(None);

    pub fn arm(point: Point, action: Action) {
        *ARMED.lock().expect("no panic while held") = Some((point, action));
    }

    pub fn disarm() {
        *ARMED.lock().expect("no panic while held") = None;
    }

    pub fn hit(point: Point) -> Result<(), EmbeddedError> {
        let armed = *ARMED.lock().expect("no panic while held");
        match armed {
            Some((at, Action::Abort)) if at == point => std::process::abort(),
            Some((at, Action::Fail)) if at == point => Err(EmbeddedError::Injected(point)),
            Some((at, Action::Panic)) if at == point => panic!("asked for at {point:?}"),
            _ => Ok(()),
        }
    }
}
