//! Journals after a loss of power, and after a rest.
//!
//! fjall makes a journal larger than needed, of zeros. When power fails in the middle of a commit, sectors of it that
//! never reached the disk are still zeros, and fjall may take those for lengths. A journal without them ends in the
//! middle of the commit, which fjall discards, as it should: it was never acknowledged.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::errors::EmbeddedError;

const BLOCK: u64 = 64 * 1024;

/// Cuts the zeros off the end of every journal in a folder, and says whether there were any.
///
/// INVARIANT: this takes nothing of a complete commit. fjall ends each with a mark whose last byte is not zero
/// (`FJL` and 3).
pub fn cut_zeros(folder: &Path) -> Result<bool, EmbeddedError> {
    let mut is_cut = false;
    let entries = std::fs::read_dir(folder).map_err(EmbeddedError::io("list", folder))?;
    for entry in entries {
        let path = entry.map_err(EmbeddedError::io("list", folder))?.path();
        if path.extension().is_some_and(|extension| extension == "jnl") {
            is_cut |= cut(&path).map_err(EmbeddedError::io("cut the end of", &path))?;
        }
    }
    Ok(is_cut)
}

/// Empties the journal that was written to last. Only for a store that is closed and has everything in tables
/// ([`super::Rest`]): fjall reads a journal to its end at each start to find that out, and takes a while.
pub fn empty(folder: &Path) -> Result<(), EmbeddedError> {
    let Some(path) = newest(folder)? else {
        return Ok(());
    };
    let emptied = OpenOptions::new().write(true).open(&path).and_then(|file| {
        file.set_len(0)?;
        file.sync_all()
    });
    emptied.map_err(EmbeddedError::io("empty", &path))
}

/// Refuses a store that was made and has no journal. fjall would begin to count from zero, and what is in the tables
/// would be newer than what is written from then on.
pub fn ensure_one(folder: &Path) -> Result<(), EmbeddedError> {
    // fjall makes it last.
    let is_made = folder.join("version").exists();
    if is_made && newest(folder)?.is_none() {
        return Err(EmbeddedError::Corrupt {
            what: "row store",
            why: "its journal is missing; put back a backup of the whole data directory".to_owned(),
        });
    }
    Ok(())
}

fn newest(folder: &Path) -> Result<Option<PathBuf>, EmbeddedError> {
    let entries = std::fs::read_dir(folder).map_err(EmbeddedError::io("list", folder))?;
    let mut newest: Option<(u64, PathBuf)> = None;
    for entry in entries {
        let path = entry.map_err(EmbeddedError::io("list", folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_suffix(".jnl")?.parse().ok());
        if let Some(number) = number
            && newest.as_ref().is_none_or(|(newest, _)| *newest < number)
        {
            newest = Some((number, path));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

fn cut(path: &Path) -> std::io::Result<bool> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let end = end_of_content(&file, length)?;
    if end == length {
        return Ok(false);
    }
    file.set_len(end)?;
    file.sync_all()?;
    Ok(true)
}

/// Behind the last byte that is not zero.
fn end_of_content(file: &File, length: u64) -> std::io::Result<u64> {
    let mut end = length;
    let mut block = vec![0; usize::try_from(BLOCK).expect("fits")];
    while end > 0 {
        let start = (end - 1) / BLOCK * BLOCK;
        let read = &mut block[..usize::try_from(end - start).expect("at most a block")];
        file.read_exact_at(read, start)?;
        if let Some(last) = read.iter().rposition(|byte| *byte != 0) {
            return Ok(start + last as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_journal_is_emptied() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["9.jnl", "10.jnl", "11.other"] {
            std::fs::write(dir.path().join(name), [1, 2, 3]).unwrap();
        }
        empty(dir.path()).unwrap();
        let length = |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().len();
        let lengths = ["9.jnl", "10.jnl", "11.other"].map(length);
        assert_eq!(lengths, [3, 0, 3]);
    }

    #[test]
    fn a_store_without_a_journal_is_refused_unless_it_was_never_made() {
        let dir = tempfile::tempdir().unwrap();
        ensure_one(dir.path()).unwrap();
        std::fs::write(dir.path().join("version"), [3]).unwrap();
        let refused = ensure_one(dir.path()).unwrap_err();
        assert!(refused.to_string().contains("backup"), "{refused}");
        std::fs::write(dir.path().join("4.jnl"), []).unwrap();
        ensure_one(dir.path()).unwrap();
    }

    #[test]
    fn zeros_at_the_end_of_journals_are_cut_off_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let check = |name: &str, before: &[u8], after: &[u8], is_cut: bool| {
            let path = dir.path().join(name);
            std::fs::write(&path, before).unwrap();
            assert_eq!(cut_zeros(dir.path()).unwrap(), is_cut, "{name}");
            assert_eq!(std::fs::read(&path).unwrap(), after, "{name}");
            std::fs::remove_file(path).unwrap();
        };
        let long = [vec![0; 70_000], vec![3], vec![0; 200_000]].concat();
        check("0.jnl", &long, &long[..70_001], true);
        check("1.jnl", &[1, 0, 2], &[1, 0, 2], false);
        check("2.jnl", &[0; 100_000], &[], true);
        check("3.jnl", &[], &[], false);
        check("other", &[1, 0], &[1, 0], false);
    }
}
