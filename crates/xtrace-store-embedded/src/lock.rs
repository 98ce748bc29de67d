//! The data directory: one process at a time, one format version.
//!
//! The lock is the operating system's, held by an open file: it vanishes with the process, however
//! that ends. The file's text, the holder's process id, is for people only.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::errors::EmbeddedError;

/// The format this version of the engine writes. Older ones are migrated at open, newer ones refused.
///
/// In format 1 payloads have their texts whole; they are read as they are, and rewritten when they change. An engine
/// that knows nothing of parts would take them for payloads whose rows are gone, and delete them: so it must not open
/// what has some. In format 2 there are no rollups, and summaries of traces lack model calls: the column file is rebuilt
/// with rollups, and summaries are made anew as their traces change.
pub const FORMAT_VERSION: u32 = 3;

const LOCK_FILE: &str = "LOCK";
const FORMAT_FILE: &str = "FORMAT";
const FORMAT_WORD: &str = "xtrace-embedded";

/// Holds the directory until dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the directory if need be, locks it and checks its format.
    pub fn open(path: &Path) -> Result<Self, EmbeddedError> {
        fs::create_dir_all(path).map_err(EmbeddedError::io("create", path))?;
        let lock = lock(path)?;
        check_format(path)?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn truth(&self) -> PathBuf {
        self.path.join("truth")
    }

    pub fn projection(&self) -> PathBuf {
        self.path.join("projection.duckdb")
    }

    /// Where a projection is rebuilt before it takes the place of the old one.
    pub fn projection_scratch(&self) -> PathBuf {
        self.path.join("projection-rebuild.duckdb")
    }

    /// Where a projection that cannot be read is put when another is made.
    pub fn projection_aside(&self) -> PathBuf {
        self.path.join("projection-damaged.duckdb")
    }

    /// Where queries that outgrow memory put their intermediate results.
    pub fn spill(&self) -> PathBuf {
        self.path.join("spill")
    }
}

fn lock(dir: &Path) -> Result<File, EmbeddedError> {
    let path = dir.join(LOCK_FILE);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(EmbeddedError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The text only helps the message; without it the message still says what is wrong.
            let _ = file.read_to_string(&mut holder);
            let holder = holder.trim().parse().ok();
            return Err(EmbeddedError::Locked {
                dir: dir.to_owned(),
                holder,
            });
        }
        Err(TryLockError::Error(source)) => return Err(EmbeddedError::io("lock", &path)(source)),
    }
    let write_pid = || {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    // A full disk must not keep the engine from opening: readers still work then.
    if let Err(error) = { write_pid }() {
        tracing::warn!(%error, "cannot note the process id in {}", path.display());
    }
    Ok(file)
}

fn check_format(dir: &Path) -> Result<(), EmbeddedError> {
    let path = dir.join(FORMAT_FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) if !text.is_empty() => text,
        Ok(_) => return write_format(dir, &path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return write_format(dir, &path);
        }
        Err(error) => return Err(EmbeddedError::io("read", &path)(error)),
    };
    let version = text
        .trim()
        .strip_prefix(FORMAT_WORD)
        .and_then(|rest| rest.trim().parse::<u32>().ok());
    match version {
        Some(FORMAT_VERSION) => Ok(()),
        Some(1 | 2) => write_format(dir, &path),
        Some(found) if found > FORMAT_VERSION => Err(EmbeddedError::NewerFormat {
            dir: dir.to_owned(),
            found,
        }),
        _ => Err(EmbeddedError::UnknownFormat {
            dir: dir.to_owned(),
        }),
    }
}

fn write_format(dir: &Path, path: &Path) -> Result<(), EmbeddedError> {
    let write = || {
        let mut file = File::create(path)?;
        writeln!(file, "{FORMAT_WORD} {FORMAT_VERSION}")?;
        file.sync_all()?;
        File::open(dir)?.sync_all()
    };
    write().map_err(EmbeddedError::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_told_who_holds_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let held = DataDir::open(dir.path()).unwrap();
        let message = DataDir::open(dir.path()).unwrap_err().to_string();
        assert!(
            message.contains(&format!("process {}", std::process::id())),
            "{message}"
        );
        assert!(
            message.contains(&dir.path().display().to_string()),
            "{message}"
        );
        drop(held);
        DataDir::open(dir.path()).unwrap();
    }

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FORMAT_FILE), "xtrace-embedded 99\n").unwrap();
        let message = DataDir::open(dir.path()).unwrap_err().to_string();
        assert!(
            message.contains("99") && message.contains("newer"),
            "{message}"
        );
    }

    #[test]
    fn a_directory_of_something_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FORMAT_FILE), "something else\n").unwrap();
        assert!(matches!(
            DataDir::open(dir.path()),
            Err(EmbeddedError::UnknownFormat { .. })
        ));
    }
}
