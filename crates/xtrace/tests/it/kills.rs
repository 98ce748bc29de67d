//! kill -9 under load, at random moments (after a random number of answers): everything acknowledged is there afterwards, none twice.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use xtrace_store_tests::soak::rounds;

use crate::load::{Load, assert_all_there};
use crate::places::Place;

/// Rounds in the short form.
const ROUNDS: u32 = 8;

async fn survives_kills(place: Place) {
    let next = Arc::new(AtomicU64::new(0));
    let mut acknowledged = Vec::new();
    for round in 0..rounds(ROUNDS) {
        let server = place.start().start();
        let load = Load::start(&server, &next);
        load.until_acknowledged(rand::random_range(5..120)).await;
        server.kill();
        let sent = load.stop().await;
        assert!(sent.refused.is_empty(), "round {round}: {:?}", sent.refused);
        acknowledged.extend(sent.acknowledged);
    }
    let server = place.start().start();
    assert!(
        acknowledged.len() > 50,
        "only {} requests were acknowledged",
        acknowledged.len()
    );
    assert_all_there(&server, &acknowledged).await;
    assert!(server.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_embedded_server_is_killed() {
    survives_kills(Place::embedded()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_server_on_postgresql_is_killed() {
    survives_kills(Place::postgres()).await;
}

async fn drains(place: Place) {
    let next = Arc::new(AtomicU64::new(0));
    let server = place.start().start();
    let load = Load::start(&server, &next);
    load.until_acknowledged(50).await;
    let status = server.terminate();
    assert_eq!(status.code(), Some(0));
    let sent = load.stop().await;
    let server = place.start().start();
    assert_all_there(&server, &sent.acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_drains_the_embedded_server_and_it_exits_with_0() {
    drains(Place::embedded()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_drains_the_server_on_postgresql_and_it_exits_with_0() {
    drains(Place::postgres()).await;
}
