//! The private test server itself: faults, isolation, and that nothing is left behind.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use xtrace_store_tests::cluster::{ClusterOptions, TestCluster};

const CHILD: &str = "XTRACE_TEST_CLUSTER_CHILD";

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "waited 30 s for {what}"
        );
        std::thread::yield_now();
    }
}

#[test]
fn gives_each_test_a_database_of_its_own() {
    let cluster = TestCluster::shared().unwrap();
    let fill = |url: String| {
        assert!(url.ends_with("/filled"));
        cluster.psql("filled", "CREATE TABLE t (x int)").map(drop)
    };
    let one = cluster.create_database_from("filled", fill).unwrap();
    let two = cluster
        .create_database_from("filled", |_| panic!("a template is filled once"))
        .unwrap();
    cluster.psql(&one, "INSERT INTO t VALUES (1)").unwrap();
    assert_eq!(cluster.psql(&one, "SELECT count(*) FROM t").unwrap(), "1");
    assert_eq!(cluster.psql(&two, "SELECT count(*) FROM t").unwrap(), "0");
}

#[test]
fn keeps_what_was_committed_through_every_kind_of_stop() {
    let cluster = TestCluster::start(ClusterOptions::default()).unwrap();
    let database = cluster.create_database().unwrap();
    cluster.psql(&database, "CREATE TABLE t (x int)").unwrap();
    let port = cluster.port();
    let stops: [fn(&TestCluster) -> anyhow::Result<()>; 3] = [
        TestCluster::stop,
        TestCluster::stop_immediately,
        TestCluster::kill,
    ];
    for (number, stop) in stops.iter().enumerate() {
        cluster
            .psql(&database, &format!("INSERT INTO t VALUES ({number})"))
            .unwrap();
        stop(&cluster).unwrap();
        assert!(cluster.pid().is_none());
        assert!(
            cluster.psql(&database, "SELECT 1").is_err(),
            "a stopped server must not answer"
        );
        cluster.start_again().unwrap();
        assert_eq!(cluster.port(), port);
    }
    assert_eq!(
        cluster.psql(&database, "SELECT count(*) FROM t").unwrap(),
        "3"
    );
}

#[test]
fn ends_the_server_when_the_test_process_is_killed() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how this process knows that it is the child"
    )]
    let is_child = std::env::var_os(CHILD).is_some();
    if is_child {
        let cluster = TestCluster::start(ClusterOptions::default()).unwrap();
        println!(
            "\npid={} folder={}",
            cluster.pid().unwrap(),
            cluster.folder().display()
        );
        // The hardest case: what is paused does not end when it is told to.
        cluster.pause().unwrap();
        println!("paused");
        loop {
            std::thread::park();
        }
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "cluster::ends_the_server_when_the_test_process_is_killed",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let line = lines.find(|line| line.starts_with("pid=")).unwrap();
    let (pid, folder) = line
        .strip_prefix("pid=")
        .unwrap()
        .split_once(" folder=")
        .unwrap();
    let process = std::path::PathBuf::from("/proc").join(pid);
    assert!(process.exists());
    assert!(lines.any(|line| line == "paused"));
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until("the server to be gone", || !process.exists());
    wait_until("all its processes to be gone", || working_in(folder) == 0);
    wait_until("its folder to be gone", || {
        !std::path::Path::new(folder).exists()
    });
}

/// Processes whose folder is within this one, removed or not.
fn working_in(folder: &str) -> usize {
    let processes = std::fs::read_dir("/proc")
        .expect("/proc is there")
        .flatten();
    let folders = processes.filter_map(|entry| std::fs::read_link(entry.path().join("cwd")).ok());
    folders
        .filter(|cwd| cwd.to_string_lossy().starts_with(folder))
        .count()
}

#[test]
fn ends_the_server_when_it_is_dropped() {
    let cluster = TestCluster::start(ClusterOptions {
        fsync: true,
        ..ClusterOptions::default()
    })
    .unwrap();
    let folder = cluster.folder().to_owned();
    let process = std::path::PathBuf::from("/proc").join(cluster.pid().unwrap().to_string());
    drop(cluster);
    assert!(!process.exists());
    assert!(!folder.exists());
}
