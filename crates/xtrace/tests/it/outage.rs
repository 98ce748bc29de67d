//! PostgreSQL stopped, killed, replaced, paused, locked or out of connections under load: writers get 503 or wait,
//! service resumes by itself, and nothing acknowledged is lost.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::load::{Load, assert_all_there};
use crate::places::Place;
use crate::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn writers_get_503_while_postgresql_is_down_and_service_resumes_by_itself() {
    let place = Place::postgres();
    let cluster = place.cluster.as_ref().unwrap();
    let start = place.start();
    let server = start.start_with_log();
    let next = Arc::new(AtomicU64::new(0));
    let mut acknowledged = Vec::new();
    for kill in [false, true] {
        let load = Load::start(&server, &next);
        load.until_acknowledged(20).await;
        if kill {
            cluster.kill().unwrap();
        } else {
            cluster.stop_immediately().unwrap();
        }
        server.until_ready_is(503).await;
        // The four writers are refused together, once the wait for a connection is over.
        load.until_refused(5).await;
        let during = load.stop().await;
        let (refused, has_header) = during.refused.get(&503).copied().unwrap_or_default();
        assert!(refused > 0, "writers were never told: {during:?}");
        assert!(has_header, "a 503 came without Retry-After");
        assert_eq!(during.refused.keys().copied().collect::<Vec<_>>(), [503]);
        assert_eq!(during.unanswered, 0);
        acknowledged.extend(during.acknowledged);
        server.until_ready_is(503).await;
        let listed = server.get("/api/public/traces?limit=1").await;
        assert_eq!(listed.status, 503, "{}", listed.body);
        server.assert_counts(503).await;
        server.until_store_is_up(false).await;
        assert!(
            start.log().contains("Connection refused"),
            "{}",
            start.log()
        );
        cluster.start_again().unwrap();
        server.until_ready_is(200).await;
    }
    let load = Load::start(&server, &next);
    load.until_acknowledged(20).await;
    let after = load.stop().await;
    assert!(
        !after.acknowledged.is_empty() && after.refused.is_empty(),
        "{after:?}"
    );
    acknowledged.extend(after.acknowledged);
    assert_all_there(&server, &acknowledged).await;
}

/// Writes on after a fault, and finds all that was ever acknowledged.
async fn assert_served_again(server: &Server, next: &Arc<AtomicU64>, mut acknowledged: Vec<u64>) {
    server.until_ready_is(200).await;
    let load = Load::start(server, next);
    load.until_acknowledged(10).await;
    let after = load.stop().await;
    assert!(after.refused.is_empty(), "{after:?}");
    acknowledged.extend(after.acknowledged);
    assert_all_there(server, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_primary_on_the_same_address_is_taken_up_without_a_restart() {
    let place = Place::postgres();
    let cluster = place.cluster.as_ref().unwrap();
    let server = place.start().start();
    let next = Arc::new(AtomicU64::new(0));
    let load = Load::start(&server, &next);
    load.until_acknowledged(20).await;
    cluster.stop().unwrap();
    cluster.replace_by_copy().unwrap();
    load.until_refused(5).await;
    cluster.start_again().unwrap();
    let sent = load.stop().await;
    assert_eq!(sent.refused.keys().copied().collect::<Vec<_>>(), [503]);
    assert_served_again(&server, &next, sent.acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hangs_for_a_while_is_not_ready_and_then_goes_on() {
    let place = Place::postgres();
    let cluster = place.cluster.as_ref().unwrap();
    let start = place.start().with("XTRACE_QUERY_TIMEOUT", "1s");
    let server = start.start_with_log();
    let next = Arc::new(AtomicU64::new(0));
    let load = Load::start(&server, &next);
    load.until_acknowledged(20).await;
    cluster.pause().unwrap();
    server.until_ready_is(503).await;
    assert_eq!(server.get("/healthz").await.status, 200);
    assert!(start.log().contains("says nothing"), "{}", start.log());
    // As long as a commit may take, and then they are told.
    load.until_refused(4).await;
    let listed = server.get("/api/public/traces?limit=1").await;
    assert!(matches!(listed.status, 503 | 504), "{}", listed.body);
    server.assert_counts(503).await;
    server.until_store_is_up(false).await;
    cluster.resume().unwrap();
    server.until_ready_is(200).await;
    let sent = load.stop().await;
    let told: Vec<_> = sent.refused.iter().collect();
    assert!(matches!(told[..], [(503, (_, true))]), "{told:?}");
    assert_eq!(sent.unanswered, 0);
    assert_served_again(&server, &next, sent.acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_locked_for_longer_than_a_commit_may_take_are_a_timeout_to_writers() {
    let place = Place::postgres();
    let cluster = place.cluster.as_ref().unwrap();
    let start = place.start();
    let server = start.start_with_log();
    let next = Arc::new(AtomicU64::new(0));
    let load = Load::start(&server, &next);
    load.until_acknowledged(20).await;
    let lock = "BEGIN; LOCK TABLE ONLY traces IN ACCESS EXCLUSIVE MODE;";
    let locked = cluster.session(place.database(), lock).unwrap();
    // The commit under way ends at its time limit; those that wait behind it have a commit of their own to wait for.
    load.until_refused(1).await;
    server.assert_counts(504).await;
    assert_eq!(server.get("/readyz").await.status, 200);
    let log = start.log();
    assert!(log.contains("canceling statement"), "{log}");
    drop(locked);
    let sent = load.stop().await;
    assert_eq!(sent.refused.keys().copied().collect::<Vec<_>>(), [504]);
    assert_eq!(sent.unanswered, 0);
    assert_served_again(&server, &next, sent.acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locked_tables_delay_writers_and_end_queries_at_their_time_limit() {
    let place = Place::postgres();
    let cluster = place.cluster.as_ref().unwrap();
    let start = place.start().with("XTRACE_QUERY_TIMEOUT", "1s");
    let server = start.start_with_log();
    let next = Arc::new(AtomicU64::new(0));
    let load = Load::start(&server, &next);
    load.until_acknowledged(20).await;
    let lock = "BEGIN; LOCK TABLE ONLY traces IN ACCESS EXCLUSIVE MODE;";
    let locked = cluster.session(place.database(), lock).unwrap();
    let listed = server.get("/api/public/traces").await;
    assert_eq!(
        (listed.status, &listed.body["code"]),
        (504, &"TIMEOUT".into())
    );
    assert_eq!(server.get("/readyz").await.status, 200);
    server.assert_counts(504).await;
    assert!(
        start.log().contains("canceling statement"),
        "{}",
        start.log()
    );
    drop(locked);
    load.until_acknowledged(40).await;
    let sent = load.stop().await;
    assert!(sent.refused.is_empty() && sent.unanswered == 0, "{sent:?}");
    assert_served_again(&server, &next, sent.acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_free_connections_is_told_and_service_resumes_by_itself() {
    let place = Place::postgres_with_connections(12);
    let cluster = place.cluster.as_ref().unwrap();
    let start = place.start();
    let server = start.start_with_log();
    let next = Arc::new(AtomicU64::new(0));
    let load = Load::start(&server, &next);
    load.until_acknowledged(10).await;
    let before = load.stop().await;
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'xtrace';";
    let mut sessions = vec![cluster.session(place.database(), ended).unwrap()];
    while let Ok(session) = cluster.session(place.database(), "SELECT 1;") {
        sessions.push(session);
    }
    let load = Load::start(&server, &next);
    load.until_refused(4).await;
    let during = load.stop().await;
    let is_honest = during
        .refused
        .iter()
        .all(|told| matches!(told, (503, (_, true))));
    assert!(is_honest && during.unanswered == 0, "{during:?}");
    server.until_ready_is(503).await;
    assert!(start.log().contains("too many clients"), "{}", start.log());
    server.assert_counts(503).await;
    drop(sessions);
    let acknowledged = [before.acknowledged, during.acknowledged].concat();
    assert_served_again(&server, &next, acknowledged).await;
}
