//! A full disk: clear errors, nothing acknowledged is lost, and service resumes when there is space again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::faults::Faults;
use crate::load::{Load, assert_all_there, body};
use crate::places::Place;
use crate::server::{Server, Start};

/// Starts the server in a mount namespace of its own with a small tmpfs as its data folder, so that nothing
/// stays mounted whatever happens. An unprivileged user gets the rights from a user namespace.
fn start_on_small_disk(start: &Start) -> Server {
    let script = "mkdir -p data && mount -t tmpfs -o size=48m tmpfs data && exec \"$0\"";
    start.start_by_with_log(in_namespace(start, script))
}

/// A script that may mount, with the server as `$0`.
fn in_namespace(start: &Start, script: &str) -> Command {
    let mut command = Command::new("unshare");
    start.fill(&mut command);
    let user = if is_root() {
        vec!["--mount"]
    } else {
        vec!["--mount", "--map-root-user"]
    };
    command
        .args(user)
        .args(["sh", "-c", script, env!("CARGO_BIN_EXE_xtrace")]);
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}

/// The data folder as the server sees it.
fn inside(server: &Server, start: &Start) -> PathBuf {
    let dir = start.dir.join("data");
    PathBuf::from(format!("/proc/{}/root{}", server.id(), dir.display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_gives_clear_errors_and_service_resumes_when_space_is_freed() {
    let place = Place::embedded();
    let start = place.start();
    let server = start_on_small_disk(&start);
    let disk = inside(&server, &start);
    fill_and_free(&server, &disk, 503).await;
    let log = start.log();
    assert!(log.contains("No space left on device"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_postgresql_gives_clear_errors_and_service_resumes_when_space_is_freed() {
    let place = Place::postgres_on_small_disk(96);
    let start = place.start();
    let server = start.start_with_log();
    let disk = place.cluster.as_ref().unwrap().small_disk().unwrap();
    fill_and_free(&server, &disk, 200).await;
    let log = start.log();
    assert!(log.contains("No space left on device"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_turns_read_only_gives_clear_errors_and_service_resumes_when_it_can_be_written()
{
    let place = Place::embedded();
    let faults = Faults::prepare(place.dir());
    let start = faults.in_reach_of(place.start());
    let server = start.start_with_log();
    let next = Arc::new(AtomicU64::new(0));
    let load = Load::start(&server, &next);
    load.until_acknowledged(20).await;
    faults.set_read_only(true);
    server.until_ready_is(503).await;
    load.until_refused(20).await;
    let listed = server.get("/api/public/traces?limit=1").await;
    assert_eq!(listed.status, 200, "{}", listed.body);
    let sent = load.stop().await;
    let refused: Vec<_> = sent.refused.iter().collect();
    assert!(matches!(refused[..], [(503, (_, true))]), "{refused:?}");
    server.assert_counts(503).await;
    assert!(
        start.log().contains("Read-only file system"),
        "{}",
        start.log()
    );

    faults.set_read_only(false);
    server.until_ready_is(200).await;
    let load = Load::start(&server, &next);
    load.until_acknowledged(20).await;
    let after = load.stop().await;
    assert!(after.refused.is_empty(), "{after:?}");
    let acknowledged = [sent.acknowledged, after.acknowledged].concat();
    assert_all_there(&server, &acknowledged).await;
    server.kill();
    assert_all_there(&start.start(), &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_disk_delays_writers_and_nobody_else() {
    let place = Place::embedded();
    let faults = Faults::prepare(place.dir());
    let server = faults.in_reach_of(place.start()).start();
    let next = Arc::new(AtomicU64::new(0));
    faults.set_sync_slower_by_millis(300);
    let load = Load::start(&server, &next);
    load.until_acknowledged(8).await;
    assert_eq!(server.get("/readyz").await.status, 200);
    let listed = server.get("/api/public/traces?limit=1").await;
    assert_eq!(listed.status, 200, "{}", listed.body);
    let sent = load.stop().await;
    assert!(sent.refused.is_empty() && sent.unanswered == 0, "{sent:?}");
    let seconds = server.figure("xtrace_ingest_commit_seconds_sum", "").await;
    let commits = server
        .figure("xtrace_ingest_commit_seconds_count", "")
        .await;
    assert!(
        seconds / commits > 0.3,
        "/metrics does not tell: {seconds} s for {commits} commits"
    );
    eprintln!("p99 of writers on a slow disk: {:?}", sent.p99());
    assert_all_there(&server, &sent.acknowledged).await;
}

#[test]
fn a_read_only_folder_is_refused_at_start_with_the_reason() {
    let place = Place::embedded();
    let start = place.start();
    assert!(start.start().terminate().success());
    let script = "mount --bind data data && mount -o remount,bind,ro data && exec \"$0\"";
    let output = in_namespace(&start, script).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("Read-only file system") && said.contains("data"),
        "{said}"
    );
}

/// Writes before, while and after the disk is full, and counts what was acknowledged. While it is full, `readyz` answers
/// `ready`.
async fn fill_and_free(server: &Server, disk: &Path, ready: u16) {
    let next = Arc::new(AtomicU64::new(0));
    let load = Load::start(server, &next);
    server.until_ready_is(200).await;
    load.until_acknowledged(20).await;
    let before = load.stop().await;
    assert!(!before.acknowledged.is_empty());

    let filler = disk.join("filler");
    fill_up(&filler);
    let mut acknowledged = before.acknowledged;
    let refused = wait_until_refused(server, &next, &mut acknowledged).await;
    assert_eq!(refused.0, 503, "{}", refused.1);
    assert!(refused.1.contains("SERVICE_UNAVAILABLE"), "{}", refused.1);
    server.until_ready_is(ready).await;
    let listed = server.get("/api/public/traces?limit=1").await;
    assert_eq!(listed.status, 200, "{}", listed.body);
    server.assert_counts(503).await;

    std::fs::remove_file(&filler).unwrap();
    wait_until_accepted(server, &next, &mut acknowledged).await;
    let load = Load::start(server, &next);
    load.until_acknowledged(20).await;
    let after = load.stop().await;
    assert!(after.refused.is_empty(), "{after:?}");
    acknowledged.extend(after.acknowledged);
    assert_all_there(server, &acknowledged).await;
}

/// Writes until there is no space left.
fn fill_up(path: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).unwrap();
    for size in [1024 * 1024, 4096, 1] {
        let block = vec![7_u8; size];
        while file.write_all(&block).is_ok() {}
    }
}

/// Notes what was still acknowledged, for it must be there as well.
async fn wait_until_refused(
    server: &Server,
    next: &AtomicU64,
    acknowledged: &mut Vec<u64>,
) -> (u16, String) {
    for _ in 0..2000 {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let answer = server.post("/v1/l/batch", &body(n)).await;
        if answer.status != 200 {
            return (answer.status, answer.body.to_string());
        }
        acknowledged.push(n);
    }
    panic!("the full disk was never noticed");
}

async fn wait_until_accepted(server: &Server, next: &AtomicU64, acknowledged: &mut Vec<u64>) {
    let started = std::time::Instant::now();
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let answer = server.post("/v1/l/batch", &body(n)).await;
        if answer.status == 200 {
            acknowledged.push(n);
            return;
        }
        assert!(
            started.elapsed().as_secs() < 60,
            "service did not resume: {}",
            answer.body
        );
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
