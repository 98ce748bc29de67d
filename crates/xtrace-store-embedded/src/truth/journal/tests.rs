//! On journals that fjall has written.

use fjall::{Database, KeyspaceCreateOptions, PersistMode};
use tempfile::TempDir;

use super::*;

const COMMITS: usize = 12;
const ZEROS: u64 = 10_000;
const WRITTEN_MAX: u64 = 200_000;

/// A store that ended in the middle of things: its journal, and where each commit begins.
struct Written {
    dir: TempDir,
    starts: Vec<u64>,
    end: u64,
}

impl Written {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = Database::builder(dir.path()).open().unwrap();
        let rows = db.keyspace("rows", KeyspaceCreateOptions::default).unwrap();
        let journal = dir.path().join("0.jnl");
        let mut starts = Vec::new();
        for number in 0..COMMITS {
            starts.push(end_of(&journal));
            let mut batch = db.batch().durability(Some(PersistMode::SyncData));
            // Small values, and some that fjall compresses in its journal.
            for size in [0, 40, 300, 6000] {
                let value = format!("{number} of {size}, ").repeat(size / 10);
                batch.insert(&rows, format!("{number}-{size}"), value);
            }
            batch.remove(&rows, format!("{number}-gone"));
            batch.commit().unwrap();
        }
        let end = end_of(&journal);
        // As a killed process leaves it: what fjall does when it ends in order is not wanted here.
        let copy = tempfile::tempdir().unwrap();
        // All its zeros would take long to write again and again.
        let mut bytes = Vec::new();
        let mut kept = File::open(&journal).unwrap().take(end + ZEROS);
        kept.read_to_end(&mut bytes).unwrap();
        assert_eq!(
            bytes.len() as u64,
            end + ZEROS,
            "a journal is larger than needed"
        );
        std::fs::write(copy.path().join("0.jnl"), bytes).unwrap();
        drop((rows, db));
        Self {
            dir: copy,
            starts,
            end,
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("0.jnl")
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }

    /// What is said of the journal when some of it is changed, and how long it is then.
    fn with(&self, change: impl FnOnce(&mut Vec<u8>)) -> (Result<(), EmbeddedError>, u64) {
        let mut bytes = self.bytes();
        change(&mut bytes);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.jnl");
        std::fs::write(&path, bytes).unwrap();
        (check(dir.path()), path.metadata().unwrap().len())
    }

    fn at(&self, commit: usize) -> usize {
        usize::try_from(self.starts[commit]).unwrap()
    }

    fn end(&self) -> usize {
        usize::try_from(self.end).unwrap()
    }
}

/// Of a journal that is written to: far less than what it is made large for.
fn end_of(journal: &Path) -> u64 {
    let mut bytes = Vec::new();
    let mut written = File::open(journal).unwrap().take(WRITTEN_MAX);
    written.read_to_end(&mut bytes).unwrap();
    let last = bytes.iter().rposition(|byte| *byte != 0);
    last.map_or(0, |last| last as u64 + 1)
}

fn refusal(found: &Result<(), EmbeddedError>) -> (u64, u64) {
    match found {
        Err(EmbeddedError::Journal { at, behind, .. }) => (*at, *behind),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_fjall_has_written_is_read_to_its_end() {
    let written = Written::new();
    let length = written.bytes().len() as u64;
    let (found, after) = written.with(|_| ());
    found.unwrap();
    assert_eq!(after, length, "it is not touched");
    let (found, _) = written.with(|bytes| bytes.truncate(written.end()));
    found.unwrap();
    assert_eq!(written.starts.len(), COMMITS);
}

#[test]
fn the_newest_journal_is_emptied_and_those_before_it_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["9.jnl", "10.jnl", "11.other"] {
        std::fs::write(dir.path().join(name), [1, 2, 3]).unwrap();
    }
    empty(dir.path()).unwrap();
    let length = |name: &str| Some(std::fs::metadata(dir.path().join(name)).ok()?.len());
    let lengths = ["9.jnl", "10.jnl", "11.other"].map(length);
    assert_eq!(lengths, [None, Some(0), Some(3)]);
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
fn no_store_and_an_empty_journal_are_fine() {
    let dir = tempfile::tempdir().unwrap();
    check(&dir.path().join("missing")).unwrap();
    std::fs::write(dir.path().join("0.jnl"), []).unwrap();
    std::fs::write(dir.path().join("other"), [1, 2]).unwrap();
    check(dir.path()).unwrap();
}

#[test]
fn a_changed_byte_of_any_commit_but_the_last_is_found_and_what_lies_behind_is_counted() {
    let written = Written::new();
    for commit in [0, 5, COMMITS - 2] {
        for at in written.at(commit)..written.at(commit + 1) {
            // Every byte of the entries' heads, some of the long values.
            let into = at - written.at(commit);
            if into > 200 && !into.is_multiple_of(97) && written.at(commit + 1) - at > 20 {
                continue;
            }
            let (found, _) = written.with(|bytes| bytes[at] ^= 0x40);
            let (from, behind) = refusal(&found);
            assert!(
                from == written.starts[commit] || from == written.starts[commit + 1],
                "{at}"
            );
            assert!(
                behind + 2 >= (COMMITS - commit) as u64 && behind > 0,
                "{at}: {behind}"
            );
        }
    }
}

#[test]
fn a_changed_byte_of_the_last_commit_is_no_torn_end() {
    let written = Written::new();
    let (start, end) = (written.at(COMMITS - 1), written.end());
    // The number of a commit is not in its checksum; the trailer is what tells whether it was written to its end.
    let heads = [
        start,
        start + 1,
        start + 13,
        start + 14,
        end - 13,
        end - 12,
        end - 5,
    ];
    for at in heads.into_iter().chain((start + 20..end - 4).step_by(53)) {
        let (found, _) = written.with(|bytes| bytes[at] ^= 0x40);
        assert_eq!(refusal(&found), (written.starts[COMMITS - 1], 0), "{at}");
    }
}

#[test]
fn a_torn_last_commit_is_cut_off_wherever_it_ends() {
    let written = Written::new();
    let start = written.at(COMMITS - 1);
    for at in (start + 1..written.end()).step_by(29) {
        let (found, after) = written.with(|bytes| bytes.truncate(at));
        found.unwrap();
        assert_eq!(after, start as u64, "cut at {at}");
        let (found, after) = written.with(|bytes| bytes[at..].fill(0));
        found.unwrap();
        assert_eq!(after, start as u64, "zeros from {at}");
    }
    // The end was written, and something before it was not.
    let sector = (start + 1).next_multiple_of(SECTOR_BYTES);
    let (found, after) = written.with(|bytes| bytes[sector..sector + SECTOR_BYTES].fill(0));
    found.unwrap();
    assert_eq!(after, start as u64);
}

#[test]
fn garbage_behind_the_last_commit_is_cut_off() {
    let written = Written::new();
    let mut noise = 7_u32;
    let mut garbage = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    };
    for length in [1, 12, 13, 100, 5000, 300_000] {
        let end = written.end();
        let (found, after) = written.with(|bytes| {
            bytes.truncate(end);
            bytes.extend((0..length).map(|_| garbage()));
        });
        found.unwrap();
        assert_eq!(after, written.end, "{length} bytes");
    }
}
