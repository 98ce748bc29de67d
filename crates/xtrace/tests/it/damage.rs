//! Torn, truncated and overwritten files of the embedded store: the next start recovers all that was acknowledged, or
//! refuses and says what to do. It never serves less than that as if it were all, and nobody panics.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde_json::json;
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedOptions};
use xtrace_store_tests::soak::rounds;

use crate::load::{Load, assert_all_there};
use crate::places::Place;
use crate::server::{Server, Start};

const JOURNAL: &str = "truth/0.jnl";
const FILE: &str = "projection.duckdb";
const LOG: &str = "projection.duckdb.wal";
const POINTS: u64 = 40;

/// A data folder that a killed server left, and what it had acknowledged.
struct Left {
    place: Place,
    start: Start,
    traces: Vec<u64>,
}

/// What became of a start on damaged files.
enum Outcome {
    Served(Box<Server>),
    Refused(String),
}

impl Left {
    async fn by_a_killed_server() -> Self {
        let place = Place::embedded();
        let start = place.start();
        let server = start.start();
        let load = Load::start(&server, &Arc::default());
        load.until_acknowledged(30).await;
        let traces = load.stop().await.acknowledged;
        let point = |n: u64| json!({ "name": "m", "labels": {}, "value": n, "timestamp": format!("2026-11-01T10:00:{n:02}Z") });
        let points: Vec<_> = (0..POINTS).map(point).collect();
        let answer = server
            .post("/v1/metrics/batch", &json!({ "metrics": points }))
            .await;
        assert_eq!(answer.status, 200);
        server.kill();
        Self {
            place,
            start,
            traces,
        }
    }

    /// As if it had been killed after all rows were moved into the column file, and before its log was taken over.
    async fn after_a_move() -> Self {
        let left = Self::by_a_killed_server().await;
        let dir = left.place.dir().join("data");
        let moved = tokio::task::spawn_blocking(move || {
            let engine = EmbeddedEngine::open(EmbeddedOptions::new(dir))?;
            // An engine that ends in this process takes the log over; the copy is of one that had no time to.
            engine.move_now().map(|()| left.copy())
        });
        let left = moved.await.unwrap().unwrap();
        assert!(left.file(LOG).exists());
        left
    }

    /// As it ended in order: the column file is whole, and the log is gone.
    async fn in_order() -> Self {
        let left = Self::by_a_killed_server().await;
        assert!(left.start.start().terminate().success());
        assert!(!left.file(LOG).exists());
        left
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.dir().join("data").join(name)
    }

    /// The same files again, to be damaged.
    fn copy(&self) -> Self {
        let place = Place::embedded();
        let start = place.start();
        copy_all(self.place.dir(), place.dir());
        Self {
            place,
            start,
            traces: self.traces.clone(),
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.start.command(arguments).output().unwrap()
    }

    /// Starts, and holds a refusal against the rules for one.
    fn begin(&self) -> Outcome {
        match self.start.try_start() {
            Ok(server) => Outcome::Served(Box::new(server)),
            Err((status, log)) => {
                assert_eq!(status.code(), Some(1), "{log}");
                // A library may panic before; the last word is ours.
                let told = log.trim_end().lines().last().unwrap_or_default();
                let is_ours = told.starts_with("xtrace: cannot open the store");
                let is_helpful = told.contains("doctor --rebuild") || told.contains("backup");
                assert!(is_ours && is_helpful, "it does not say what to do: {log}");
                Outcome::Refused(log)
            }
        }
    }

    /// All that was acknowledged is there, or what cannot be answered is answered with an error; or the start is refused,
    /// and rebuilding brings all traces back where the refusal says so. Answers with the refusal.
    async fn assert_nothing_is_lost_silently(&self, what: &str) -> Option<String> {
        match self.begin() {
            Outcome::Served(server) => {
                self.assert_whole_or_error(&server, what).await;
                None
            }
            Outcome::Refused(log) => {
                if log.contains("doctor --rebuild") {
                    let output = self.run(&["doctor", "--rebuild"]);
                    let said = String::from_utf8_lossy(&output.stderr).into_owned();
                    assert!(output.status.success(), "{what}: {said}");
                    let server = self.start.start();
                    assert_all_there(&server, &self.traces).await;
                    assert!(points(&server).await.unwrap_or(0) <= POINTS, "{what}");
                }
                Some(log)
            }
        }
    }

    async fn assert_whole_or_error(&self, server: &Server, what: &str) {
        let listed = server
            .get("/api/public/traces?fields=observations&limit=1")
            .await;
        match listed.status {
            200 => assert_all_there(server, &self.traces).await,
            500 => {}
            status => panic!("{what}: {status} {}", listed.body),
        }
        match points(server).await {
            Ok(count) => assert_eq!(count, POINTS, "{what}: points vanished without a word"),
            Err(status) => {
                assert_eq!(status, 500, "{what}");
                assert_eq!(server.get("/readyz").await.status, 503, "{what}");
                server.assert_counts(500).await;
            }
        }
    }
}

/// How many points there are, or the status of the refusal.
async fn points(server: &Server) -> Result<u64, u16> {
    let query = "/api/public/metrics/query?name=m&step=1d&agg=count&from=2026-10-31T00:00:00Z&to=2026-11-02T00:00:00Z";
    let answer = server.get(query).await;
    if answer.status != 200 {
        return Err(answer.status);
    }
    let count = &answer.body["data"][0]["values"][0]["value"];
    Ok(count.as_f64().map_or(0, |count| count as u64))
}

fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn size(path: &Path) -> u64 {
    path.metadata().unwrap().len()
}

fn truncate(path: &Path, size: u64) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_len(size).unwrap();
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.write_all_at(bytes, at).unwrap();
}

fn garbage(length: usize) -> Vec<u8> {
    (0..length)
        .map(|_| rand::random_range(0..=u8::MAX))
        .collect()
}

/// Turns one byte of a file into another.
fn flip(path: &Path, at: u64) {
    let mut byte = [0];
    let mut file = std::fs::File::open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut byte).unwrap();
    overwrite(path, at, &[byte[0] ^ 0xff]);
}

/// Where the last byte that was written to the journal is: it is made larger than needed, of zeros.
fn end_of_journal(path: &Path) -> u64 {
    let bytes = std::fs::read(path).unwrap();
    let zeros = [0; 4096];
    let mut end = bytes.len();
    while end >= zeros.len() && bytes[end - zeros.len()..end] == zeros {
        end -= zeros.len();
    }
    let last = bytes[..end].iter().rposition(|byte| *byte != 0);
    last.map_or(0, |last| last as u64 + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_tail_of_the_journal_costs_nothing_that_was_acknowledged_before_it() {
    let place = Place::embedded();
    let start = place.start();
    let next = Arc::new(AtomicU64::new(0));
    let server = start.start();
    let load = Load::start(&server, &next);
    load.until_acknowledged(30).await;
    let traces = load.stop().await.acknowledged;
    let journal = place.dir().join("data").join(JOURNAL);
    let safe = end_of_journal(&journal);
    let load = Load::start(&server, &next);
    load.until_acknowledged(20).await;
    server.kill();
    load.stop().await;
    let end = end_of_journal(&journal);
    let left = Left {
        place,
        start,
        traces,
    };
    for round in 0..rounds(4) {
        let torn = left.copy();
        let at = rand::random_range(safe..end);
        let journal = torn.file(JOURNAL);
        match round % 4 {
            0 => truncate(&journal, at),
            1 => overwrite(&journal, at, &vec![0; usize::try_from(end - at).unwrap()]),
            2 => overwrite(&journal, end, &garbage(4096)),
            _ => overwrite(&journal, at, &garbage(usize::try_from(end - at).unwrap())),
        }
        let what = format!("round {round}, cut at {at} of {safe}..{end}");
        match torn.begin() {
            Outcome::Served(server) => {
                assert_all_there(&server, &torn.traces).await;
                goes_on(&torn.start, *server, &next, &torn.traces).await;
            }
            Outcome::Refused(log) => panic!("{what}: {log}"),
        }
    }
}

/// Where a commit of the journal begins, about in its middle.
fn middle_commit(journal: &Path) -> u64 {
    let bytes = std::fs::read(journal).unwrap();
    let middle = usize::try_from(end_of_journal(journal) / 2).unwrap();
    let trailer = b"FJL\x03";
    let ends = bytes[middle..]
        .windows(trailer.len())
        .position(|bytes| bytes == trailer);
    (middle + ends.unwrap() + trailer.len()) as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_byte_of_the_journal_is_refused_rather_than_taken_for_its_end() {
    let left = Left::by_a_killed_server().await;
    let journal = left.file(JOURNAL);
    let (commit, end) = (middle_commit(&journal), end_of_journal(&journal));
    // What begins a commit, what begins its first entry, and anything at all.
    let places = [commit, commit + 13].into_iter();
    let anywhere = (0..rounds(4)).map(|_| rand::random_range(0..end - 1));
    for at in places.chain(anywhere) {
        let damaged = left.copy();
        flip(&damaged.file(JOURNAL), at);
        let what = format!("byte {at} of {end}");
        match damaged.begin() {
            Outcome::Served(server) => damaged.assert_whole_or_error(&server, &what).await,
            Outcome::Refused(log) => {
                let is_told = log.contains("0.jnl of the row store is damaged at byte");
                assert!(is_told && log.contains("backup"), "{what}: {log}");
                // Nothing is changed by looking: whoever can mend the byte has all back.
                flip(&damaged.file(JOURNAL), at);
                assert_all_there(&damaged.start.start(), &damaged.traces).await;
            }
        }
    }
}

/// What is written after a recovery is there after another one.
async fn goes_on(start: &Start, server: Server, next: &Arc<AtomicU64>, traces: &[u64]) {
    let load = Load::start(&server, next);
    load.until_acknowledged(5).await;
    server.kill();
    let after = load.stop().await.acknowledged;
    assert_all_there(&start.start(), &[traces, &after].concat()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_or_torn_log_of_the_column_file_is_noticed_and_rebuilding_brings_all_traces_back() {
    let left = Left::after_a_move().await;
    let bytes = size(&left.file(LOG));
    let lost = left.copy();
    std::fs::remove_file(lost.file(LOG)).unwrap();
    let torn = left.copy();
    truncate(&torn.file(LOG), bytes * 3 / 5);
    let flipped = left.copy();
    flip(&flipped.file(LOG), bytes / 2);
    for (what, damaged) in [("lost", lost), ("torn", torn), ("flipped", flipped)] {
        let refusal = damaged.assert_nothing_is_lost_silently(what).await;
        let refusal = refusal.expect("points of the log are nowhere else");
        assert!(refusal.contains("doctor --rebuild"), "{what}: {refusal}");
    }
    let longer = left.copy();
    overwrite(&longer.file(LOG), bytes, &garbage(3000));
    let refusal = longer.assert_nothing_is_lost_silently("longer").await;
    assert_eq!(refusal, None, "what nobody wrote costs nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_or_damaged_column_file_is_noticed_and_rebuilding_brings_all_traces_back() {
    let left = Left::in_order().await;
    let bytes = size(&left.file(FILE));
    let lost = left.copy();
    std::fs::remove_file(lost.file(FILE)).unwrap();
    let empty = left.copy();
    truncate(&empty.file(FILE), 0);
    let head = left.copy();
    overwrite(&head.file(FILE), 4096, &garbage(8192));
    for (what, damaged) in [("lost", lost), ("empty", empty), ("head", head)] {
        let refusal = damaged.assert_nothing_is_lost_silently(what).await;
        let refusal = refusal.expect("points of the file are nowhere else");
        assert!(refusal.contains("doctor --rebuild"), "{what}: {refusal}");
    }
    for round in 0..rounds(3) {
        let damaged = left.copy();
        let at = rand::random_range(0..bytes);
        match round % 3 {
            0 => truncate(&damaged.file(FILE), at),
            1 => flip(&damaged.file(FILE), at),
            _ => overwrite(&damaged.file(FILE), at, &garbage(20_000)),
        }
        let what = format!("round {round}, at {at} of {bytes}");
        damaged.assert_nothing_is_lost_silently(&what).await;
    }
}

/// The largest table of the row store.
fn table(left: &Left) -> PathBuf {
    let keyspaces = std::fs::read_dir(left.file("truth/keyspaces")).unwrap();
    let folders = keyspaces.map(|entry| entry.unwrap().path().join("tables"));
    let files = folders.filter_map(|folder| std::fs::read_dir(folder).ok());
    let files = files.flatten().map(|entry| entry.unwrap().path());
    files.max_by_key(|path| size(path)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_store_is_refused_for_there_is_nothing_to_rebuild_it_from() {
    let left = Left::in_order().await;
    let lost = left.copy();
    std::fs::remove_file(table(&lost)).unwrap();
    let cut = left.copy();
    truncate(&table(&cut), size(&table(&cut)) / 2);
    let journal = left.copy();
    std::fs::remove_file(journal.file(JOURNAL)).unwrap();
    // Enough to take the row store of the time before the last move, as a disk may that forgets. In order there is
    // nothing in the journal to forget.
    let older = Left::after_a_move().await;
    let end = end_of_journal(&older.file(JOURNAL));
    truncate(&older.file(JOURNAL), end / 3);
    for (what, damaged) in [
        ("lost", lost),
        ("cut", cut),
        ("journal", journal),
        ("older", older),
    ] {
        match damaged.begin() {
            Outcome::Served(_) => panic!("{what}: served without what was acknowledged"),
            Outcome::Refused(log) => assert!(log.contains("backup"), "{what}: {log}"),
        }
        if what != "older" {
            let rebuilt = damaged.run(&["doctor", "--rebuild"]);
            assert_eq!(rebuilt.status.code(), Some(1), "{what}");
            let said = String::from_utf8_lossy(&rebuilt.stderr);
            assert!(said.contains("backup"), "{what}: {said}");
        }
    }
}
