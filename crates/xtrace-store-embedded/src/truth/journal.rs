//! Journals are read before fjall opens them, for it takes whatever it cannot read as the end of a journal: one changed
//! byte in the middle would silently take along every commit behind it.
//!
//! What it guarantees: fjall opens journals of whole commits alone. What a loss of power left behind the last of them is
//! cut off, for it was never acknowledged: each commit is on disk before the next one is written. A commit that cannot be
//! read, with others behind it or whole but for some bytes, was acknowledged, and the store is not opened.
//! A store that came to rest begins with an empty journal, for reading one to its end takes a while.
//! What it deliberately does not do: notice a journal that ends early between two commits; where the column file knows
//! of later ones, opening that notices.

mod commits;

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::errors::EmbeddedError;
use commits::{TRAILER, next, next_in};

const BUFFER_BYTES: usize = 256 * 1024;
/// What a disk writes at once: a torn write leaves some of these as they were, and they were zeros.
const SECTOR_BYTES: usize = 512;

/// Looks through all journals in a folder, oldest first, and cuts off what a loss of power left.
///
/// # Errors
/// [`EmbeddedError::Journal`] where acknowledged commits cannot be read.
pub fn check(folder: &Path) -> Result<(), EmbeddedError> {
    let mut last_seqno = None;
    for path in journals(folder)? {
        last_seqno = check_one(&path, last_seqno)?;
    }
    Ok(())
}

/// Empties the journal that was written to last and removes those before it, the oldest first. Only for a store that is
/// closed and has everything in tables ([`super::Rest`]).
///
/// # Errors
/// The folder cannot be read, or a journal not written or removed.
pub fn empty(folder: &Path) -> Result<(), EmbeddedError> {
    let mut journals = journals(folder)?;
    let Some(newest) = journals.pop() else {
        return Ok(());
    };
    for older in journals {
        std::fs::remove_file(&older).map_err(EmbeddedError::io("remove", &older))?;
    }
    let emptied = OpenOptions::new()
        .write(true)
        .open(&newest)
        .and_then(|file| {
            file.set_len(0)?;
            file.sync_all()
        });
    emptied.map_err(EmbeddedError::io("empty", &newest))
}

/// Refuses a store that was made and has no journal. fjall would begin to count from zero, and what is in the tables
/// would be newer than what is written from then on.
///
/// # Errors
/// As said, or the folder cannot be read.
pub fn ensure_one(folder: &Path) -> Result<(), EmbeddedError> {
    // fjall makes it last.
    let is_made = folder.join("version").exists();
    if is_made && journals(folder)?.is_empty() {
        return Err(EmbeddedError::Corrupt {
            what: "row store",
            why: "its journal is missing; put back a backup of the whole data directory".to_owned(),
        });
    }
    Ok(())
}

/// By number; none where there is no store yet.
fn journals(folder: &Path) -> Result<Vec<PathBuf>, EmbeddedError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(EmbeddedError::io("list", folder)(error)),
    };
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    for entry in entries {
        let path = entry.map_err(EmbeddedError::io("list", folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_suffix(".jnl")?.parse().ok());
        found.extend(number.map(|number| (number, path)));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// Answers with the number of the last commit.
fn check_one(path: &Path, mut last_seqno: Option<u64>) -> Result<Option<u64>, EmbeddedError> {
    let failed = |action| EmbeddedError::io(action, path);
    let file = File::open(path).map_err(failed("open"))?;
    let length = file.metadata().map_err(failed("read"))?.len();
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
    let mut end = 0;
    while let Some(commit) = next(&mut reader, length - end, last_seqno).map_err(failed("read"))? {
        end += commit.bytes;
        last_seqno = Some(commit.seqno);
    }
    reader.seek(SeekFrom::Start(end)).map_err(failed("read"))?;
    let rest = content(&mut reader).map_err(failed("read"))?;
    if rest.is_empty() {
        return Ok(last_seqno);
    }
    let behind = commits_in(&rest);
    if behind > 0 || is_whole(&rest, end) {
        return Err(EmbeddedError::Journal {
            path: path.to_owned(),
            at: end,
            behind,
        });
    }
    tracing::warn!(
        journal = %path.display(),
        at = end,
        bytes = rest.len(),
        "cut the torn end of the journal off: it was never acknowledged"
    );
    let file = OpenOptions::new().write(true).open(path);
    let cut = file.and_then(|file| file.set_len(end).and_then(|()| file.sync_all()));
    cut.map_err(failed("cut the end of"))?;
    Ok(last_seqno)
}

/// What follows, without the zeros at its end: a journal is made larger than needed, of zeros.
fn content(reader: &mut BufReader<File>) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut zeros = 0;
    let mut block = vec![0; BUFFER_BYTES];
    loop {
        let read = reader.read(&mut block)?;
        if read == 0 {
            return Ok(content);
        }
        let block = &block[..read];
        match block.iter().rposition(|byte| *byte != 0) {
            Some(last) => {
                content.resize(content.len() + zeros, 0);
                content.extend_from_slice(&block[..=last]);
                zeros = read - last - 1;
            }
            None => zeros += read,
        }
    }
}

/// How many whole commits there are in bytes that do not begin with one.
fn commits_in(bytes: &[u8]) -> u64 {
    // The number of the commit before may be what is wrong.
    let (mut count, mut at, mut last) = (0, 0, None);
    while at < bytes.len() {
        match next_in(&bytes[at..], last) {
            Some(commit) => {
                count += 1;
                at += usize::try_from(commit.bytes).expect("within what is in memory");
                last = Some(commit.seqno);
            }
            None => at += 1,
        }
    }
    count
}

/// Whether all of it has reached the disk: it ends as a commit does, and no sector is as it was before.
fn is_whole(rest: &[u8], start: u64) -> bool {
    let into_sector = usize::try_from(start % SECTOR_BYTES as u64).expect("less than a sector");
    let first = (SECTOR_BYTES - into_sector) % SECTOR_BYTES;
    let mut sectors = rest
        .get(first..)
        .unwrap_or_default()
        .chunks_exact(SECTOR_BYTES);
    rest.ends_with(TRAILER) && !sectors.any(|sector| sector.iter().all(|byte| *byte == 0))
}

#[cfg(test)]
mod tests;
