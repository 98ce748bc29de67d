//! What can go wrong in here, and what that means to callers of the seam.

use std::path::{Path, PathBuf};

use xtrace_payload::PayloadError;
use xtrace_store::{ErrorKind, StoreError};

use crate::lock::FORMAT_VERSION;

/// Everything that can fail in this engine.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "the data directory {} is in use by {}; stop it or choose another directory",
        dir.display(),
        holder_text(*holder)
    )]
    Locked { dir: PathBuf, holder: Option<u32> },
    #[error(
        "the data directory {} has format {found}, which a newer xtrace wrote; this one reads formats up to {FORMAT_VERSION}",
        dir.display()
    )]
    NewerFormat { dir: PathBuf, found: u32 },
    #[error("the directory {} holds something that is not a store of xtrace", dir.display())]
    UnknownFormat { dir: PathBuf },
    #[error("cannot {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the log-structured store reported an error")]
    Truth(#[from] fjall::Error),
    #[error(
        "the row store in {} cannot be opened; unless the disk is full or read-only its files are damaged, and a backup \
         of the whole data directory has to take their place",
        path.display()
    )]
    RowStore {
        path: PathBuf,
        #[source]
        source: fjall::Error,
    },
    #[error(
        "the journal {} of the row store is damaged at byte {at}, and {} acknowledged; put back a backup of the whole data \
         directory",
        path.display(),
        behind_text(*behind)
    )]
    Journal {
        path: PathBuf,
        /// Where the commit begins that cannot be read. Bytes.
        at: u64,
        /// Commits behind it that can.
        behind: u64,
    },
    #[error("the columnar projection reported an error")]
    Projection(#[source] duckdb::Error),
    #[error("the column file is damaged; stop the server and run `xtrace doctor --rebuild`")]
    Damaged(#[source] duckdb::Error),
    #[error(
        "the column file {} is missing or lacks its latest changes, and with them metric points that are nowhere else; put \
         back a backup of the whole data directory, or run `xtrace doctor --rebuild` to go on without them",
        file.display()
    )]
    PointsLost { file: PathBuf },
    #[error("rows cannot be laid out as columns: {0}")]
    Arrow(String),
    #[error("the stored {what} cannot be read: {why}")]
    Corrupt { what: &'static str, why: String },
    #[error(transparent)]
    Payload(#[from] PayloadError),
    #[error("what was stored could not be made visible")]
    NotVisible(#[source] Box<Self>),
    #[error("the store is closed")]
    Closed,
    #[error("the store is being reopened after an error: {0}")]
    Reopening(String),
    #[error("the query took longer than {0:?}")]
    Timeout(std::time::Duration),
    #[error("the query was given up by its caller")]
    Cancelled,
    #[error(transparent)]
    Plan(#[from] StoreError),
    #[error("a task of the store ended early: {0}")]
    Defect(String),
    #[error("{rows} rows wait to be moved into the database file; the limit is {limit}")]
    HotFull { rows: u64, limit: u64 },
    #[error("a test asked for a failure at {0:?}")]
    Injected(crate::failpoint::Point),
}

fn holder_text(holder: Option<u32>) -> String {
    match holder {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}

fn behind_text(behind: u64) -> String {
    match behind {
        0 => "what was committed there was".to_owned(),
        1 => "that and 1 commit behind it were".to_owned(),
        _ => format!("that and {behind} commits behind it were"),
    }
}

/// A file that says something else than was written to it is told apart, for trying again does not help then.
impl From<duckdb::Error> for EmbeddedError {
    fn from(error: duckdb::Error) -> Self {
        if is_damage(&error.to_string()) {
            Self::Damaged(error)
        } else {
            Self::Projection(error)
        }
    }
}

impl EmbeddedError {
    /// For `map_err`: what was tried on which file.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "for map_err")]
    pub fn arrow(error: duckdb::arrow::error::ArrowError) -> Self {
        Self::Arrow(error.to_string())
    }

    /// Whether what is in memory may no longer equal what is on disk, so that the store has to be
    /// opened anew. Errors of single calls leave it as it was.
    pub fn ends_instance(&self) -> bool {
        match self {
            Self::NotVisible(_)
            | Self::Truth(_)
            | Self::RowStore { .. }
            | Self::Io { .. }
            | Self::Injected(_)
            | Self::Reopening(_) => true,
            Self::Projection(error) => error.to_string().contains("FATAL"),
            _ => false,
        }
    }

    /// The error of a call of the seam.
    pub fn into_store(self, op: &'static str) -> StoreError {
        match self {
            Self::Plan(error) => error,
            other => StoreError::new(other.kind(), op, other),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Locked { .. }
            | Self::Io { .. }
            | Self::Truth(_)
            | Self::RowStore { .. }
            | Self::NotVisible(_)
            | Self::Closed
            | Self::Reopening(_)
            | Self::Cancelled
            | Self::HotFull { .. }
            | Self::Injected(_) => ErrorKind::Unavailable,
            Self::NewerFormat { .. } | Self::UnknownFormat { .. } => ErrorKind::Unsupported,
            Self::Corrupt { .. }
            | Self::Journal { .. }
            | Self::Damaged(_)
            | Self::PointsLost { .. } => ErrorKind::Corrupt,
            Self::Payload(error) => payload_kind(error),
            Self::Arrow(_) | Self::Defect(_) => ErrorKind::Internal,
            Self::Timeout(_) => ErrorKind::Timeout,
            Self::Plan(error) => error.kind,
            Self::Projection(error) => projection_kind(&error.to_string()),
        }
    }
}

fn payload_kind(error: &PayloadError) -> ErrorKind {
    match error {
        PayloadError::Training { .. } | PayloadError::Compression(_) => ErrorKind::Internal,
        _ => ErrorKind::Corrupt,
    }
}

/// What DuckDB says of a file or a write-ahead log that was cut, overwritten or never its own.
fn is_damage(text: &str) -> bool {
    const DAMAGE: [&str; 5] = [
        "Corrupt database file",
        "Corrupt WAL file",
        "Failure while replaying WAL",
        "Could not read enough bytes",
        "not a valid DuckDB database file",
    ];
    DAMAGE.iter().any(|words| text.contains(words))
}

/// DuckDB tells kinds of errors apart by the first words of their text alone.
fn projection_kind(text: &str) -> ErrorKind {
    if text.starts_with("Out of Memory Error") {
        ErrorKind::TooLarge
    } else if text.starts_with("IO Error")
        || text.starts_with("FATAL Error")
        || text.starts_with("TransactionContext Error")
    {
        ErrorKind::Unavailable
    } else {
        ErrorKind::Internal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_told_apart_from_a_full_disk() {
        assert!(is_damage(
            "IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2"
        ));
        assert!(!is_damage("IO Error: Could not write file: no space left"));
    }

    #[test]
    fn a_query_over_the_memory_bound_is_too_large_and_a_full_disk_is_unavailable() {
        let check = |text: &str, kind: ErrorKind| assert_eq!(projection_kind(text), kind, "{text}");
        check(
            "Out of Memory Error: failed to allocate",
            ErrorKind::TooLarge,
        );
        check("IO Error: Could not write file", ErrorKind::Unavailable);
        check("Binder Error: no such column", ErrorKind::Internal);
    }
}
