//! The server goes away and comes back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use xtrace_store::{ErrorKind, TelemetryReader, TelemetryWriter, Upkeep};
use xtrace_store_postgres::{PostgresEngine, PostgresOptions};
use xtrace_store_tests::builders::{PROJECT, a_trace, an_observation, batch, project};
use xtrace_store_tests::cluster::{ClusterOptions, TestCluster};

use crate::support::{DEADLINE, database, open, options, wait_until};

const WRITERS: u64 = 3;

/// Commits one trace with one observation after the other until told to stop; answers with the ids that were
/// acknowledged.
async fn write_until(
    stopped: Arc<AtomicBool>,
    engine: Arc<PostgresEngine>,
    writer: u64,
    acknowledged: Arc<AtomicU64>,
) -> Vec<String> {
    let mut ids = Vec::new();
    let mut serial = 0;
    while !stopped.load(Ordering::SeqCst) {
        let id = format!("{writer}-{serial}");
        serial += 1;
        let items = batch()
            .with(a_trace(&id).name("t").input("\"x\""))
            .with(an_observation(&id, "o").output("\"y\""));
        match engine.commit(items.build()).await {
            Ok(_) => {
                ids.push(id);
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
                assert!(error.retry_after().is_some());
            }
        }
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_goes_away_under_load_loses_nothing_acknowledged_and_service_resumes() {
    let cluster = TestCluster::start(ClusterOptions::default()).unwrap();
    let database = cluster.create_database().unwrap();
    let options = PostgresOptions {
        acquire_timeout: Duration::from_millis(300),
        ..PostgresOptions::new(cluster.url(&database))
    };
    let engine = Arc::new(PostgresEngine::open(options).await.unwrap());
    let (stopped, acknowledged) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            tokio::spawn(write_until(
                stopped.clone(),
                engine.clone(),
                writer,
                acknowledged.clone(),
            ))
        })
        .collect();
    let stops: [fn(&TestCluster) -> anyhow::Result<()>; 3] = [
        TestCluster::stop,
        TestCluster::stop_immediately,
        TestCluster::kill,
    ];
    for stop in stops {
        let before = acknowledged.load(Ordering::SeqCst);
        wait_until("commits", || {
            acknowledged.load(Ordering::SeqCst) > before + 20
        })
        .await;
        stop(&cluster).unwrap();
        assert_eq!(
            engine.probe().await.unwrap_err().kind,
            ErrorKind::Unavailable
        );
        cluster.start_again().unwrap();
    }
    let before = acknowledged.load(Ordering::SeqCst);
    wait_until("service to resume", || {
        acknowledged.load(Ordering::SeqCst) > before + 20
    })
    .await;
    stopped.store(true, Ordering::SeqCst);
    let mut promised = BTreeSet::new();
    for writer in writers {
        promised.extend(writer.await.unwrap());
    }
    engine.probe().await.unwrap();
    let stored = cluster
        .psql(&database, "SELECT trace_id FROM observations")
        .unwrap();
    let stored: Vec<&str> = stored.lines().collect();
    let distinct: BTreeSet<String> = stored.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(distinct.len(), stored.len(), "nothing is there twice");
    let lost: Vec<&String> = promised.difference(&distinct).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_at_start_is_unavailable() {
    // Nobody listens on port 1.
    let options = PostgresOptions {
        acquire_timeout: Duration::from_millis(300),
        ..PostgresOptions::new("postgresql://nobody@127.0.0.1:1/nothing")
    };
    let error = PostgresEngine::open(options).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
}

/// Holds a lock that no query gets past, until dropped.
async fn block_traces(database: &str) -> sqlx::PgConnection {
    use sqlx::{Connection as _, Executor as _};
    let mut blocker = sqlx::PgConnection::connect(&options(database).url)
        .await
        .unwrap();
    blocker
        .execute("BEGIN; LOCK TABLE traces IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    blocker
}

#[tokio::test]
async fn a_query_past_its_time_limit_is_a_timeout() {
    let database = database();
    let engine = open(PostgresOptions {
        query_timeout: Duration::from_millis(100),
        ..options(&database)
    })
    .await;
    let blocker = block_traces(&database).await;
    let error = engine
        .trace(
            &project(PROJECT),
            &xtrace_store_tests::builders::trace_id("t"),
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error:?}");
    drop(blocker);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_whose_query_connections_are_all_busy_still_works() {
    let database = database();
    let options = PostgresOptions {
        read_connections: 1,
        ..options(&database)
    };
    let engine = Arc::new(open(options).await);
    let blocker = block_traces(&database).await;
    let query = tokio::spawn({
        let engine = engine.clone();
        async move {
            let id = xtrace_store_tests::builders::trace_id("t");
            engine.trace(&project(PROJECT), &id).await.map(drop)
        }
    });
    wait_until("the query to wait for the lock", || {
        waiting_for_locks(&database) == "1"
    })
    .await;
    engine.probe().await.unwrap();
    drop(blocker);
    query.await.unwrap().unwrap();
}

/// Sends a signal to the server process that waits for a lock.
fn signal_waiting(database: &str, signal: &str) {
    let waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let pid = crate::support::psql(database, waiting);
    let sent = std::process::Command::new("sh")
        .args(["-c", &format!("kill -{signal} {pid}")])
        .status();
    assert!(sent.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_answering_is_unavailable() {
    let database = database();
    let options = PostgresOptions {
        commit_timeout: Duration::from_secs(3),
        ..options(&database)
    };
    let engine = Arc::new(open(options).await);
    let blocker = block_traces(&database).await;
    let commit = tokio::spawn({
        let engine = engine.clone();
        async move { engine.commit(batch().with(a_trace("t")).build()).await }
    });
    wait_until("the commit to wait for the lock", || {
        waiting_for_locks(&database) == "1"
    })
    .await;
    // A process that is stopped does not even notice its time limit, like a machine that is gone.
    signal_waiting(&database, "STOP");
    let error = commit.await.unwrap().unwrap_err();
    signal_waiting(&database, "CONT");
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
    drop(blocker);
    engine
        .commit(batch().with(a_trace("t")).build())
        .await
        .unwrap();
}

/// How many statements wait for a lock.
fn waiting_for_locks(database: &str) -> String {
    let activity = "SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'";
    crate::support::psql(database, activity)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_nobody_waits_for_any_more_is_ended_by_the_server() {
    let database = database();
    let engine = Arc::new(open(options(&database)).await);
    let blocker = block_traces(&database).await;
    let query = tokio::spawn(async move {
        let id = xtrace_store_tests::builders::trace_id("t");
        engine.trace(&project(PROJECT), &id).await.map(drop)
    });
    wait_until("the query to wait for the lock", || {
        waiting_for_locks(&database) == "1"
    })
    .await;
    query.abort();
    wait_until("the server to end the query", || {
        waiting_for_locks(&database) == "0"
    })
    .await;
    drop(blocker);
    assert!(
        DEADLINE > Duration::from_secs(30),
        "the query's own limit of 30 s would hide a failure"
    );
}
