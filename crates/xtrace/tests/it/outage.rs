//! PostgreSQL stopped, killed and started under load: writers get 503, service resumes by itself.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::load::{Load, assert_all_there};
use crate::places::Place;

#[tokio::test(flavor = "multi_thread")]
async fn writers_get_503_while_postgresql_is_down_and_service_resumes_by_itself() {
    let place = Place::postgres();
    let cluster = place.cluster.as_ref().unwrap();
    let server = place.start().start();
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
        load.until_refused(20).await;
        let during = load.stop().await;
        let (refused, has_header) = during.refused.get(&503).copied().unwrap_or_default();
        assert!(refused > 0, "writers were never told: {during:?}");
        assert!(has_header, "a 503 came without Retry-After");
        assert_eq!(during.refused.keys().copied().collect::<Vec<_>>(), [503]);
        assert_eq!(during.unanswered, 0);
        acknowledged.extend(during.acknowledged);
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
