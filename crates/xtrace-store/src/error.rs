//! The one error type of the seam.

use std::time::Duration;

/// The cause of an error, for people.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What every call of the seam returns.
pub type StoreResult<T> = Result<T, StoreError>;

/// What failed; the source says why.
#[derive(Debug, thiserror::Error)]
#[error("{op} failed")]
pub struct StoreError {
    /// What callers branch on.
    pub kind: ErrorKind,
    /// The operation, as `area.verb`.
    pub op: &'static str,
    #[source]
    source: BoxError,
}

/// The categories of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The question or the data is wrong; the same call fails again.
    Invalid,
    /// The engine cannot do this exactly.
    Unsupported,
    /// Somebody else changed the same thing.
    Conflict,
    /// The store cannot be reached or cannot write now. Nothing was acknowledged; trying later may help.
    Unavailable,
    /// The time limit of the call was reached.
    Timeout,
    /// The answer or the data is over a limit.
    TooLarge,
    /// What is stored cannot be read.
    Corrupt,
    /// A defect of ours.
    Internal,
}

impl StoreError {
    /// An error of `kind` in the operation `op`.
    pub fn new(kind: ErrorKind, op: &'static str, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            op,
            source: source.into(),
        }
    }

    /// How long a caller should wait before trying again, where that may help.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            ErrorKind::Unavailable | ErrorKind::Conflict => Some(Duration::from_secs(1)),
            ErrorKind::Timeout => Some(Duration::from_secs(5)),
            _ => None,
        }
    }
}
