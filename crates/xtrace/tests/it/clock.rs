//! A wall clock that jumps: nothing acknowledged is lost, and of two updates the later one stands.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde_json::json;

use crate::faults::Faults;
use crate::load::{Load, assert_all_there};
use crate::places::Place;

async fn bears_jumps(place: Place) {
    let faults = Faults::prepare(place.dir());
    let start = faults.in_reach_of(place.start());
    let server = start.start();
    let next = Arc::new(AtomicU64::new(0));
    let mut acknowledged = Vec::new();
    for days in [0, 400, -4000, 30_000, 0] {
        let load = Load::start(&server, &next);
        load.until_acknowledged(5).await;
        faults.set_clock_off_by_days(days);
        load.until_acknowledged(15).await;
        let sent = load.stop().await;
        assert!(sent.refused.is_empty(), "{days} days: {sent:?}");
        acknowledged.extend(sent.acknowledged);
        let named = json!({ "trace": { "id": "named", "name": format!("{days} days off") } });
        assert_eq!(server.post("/v1/l/batch", &named).await.status, 200);
        let trace = server.get("/api/public/traces/named").await;
        assert_eq!(trace.body["name"], format!("{days} days off"));
        assert_eq!(server.get("/readyz").await.status, 200);
        server.until_store_is_up(true).await;
        let failed = server
            .figure("xtrace_http_requests_total", "status=\"5")
            .await;
        assert!(failed < 1.0, "{days} days: {failed} answers are failures");
    }
    let named = json!({ "trace": { "id": "named", "timestamp": "2026-11-01T10:00:00Z" } });
    assert_eq!(server.post("/v1/l/batch", &named).await.status, 200);
    let traces = server.get("/api/public/traces?name=0%20days%20off").await;
    assert_eq!(traces.body["data"][0]["id"], "named", "{}", traces.body);
    server.delete("/api/public/traces/named").await;
    assert_all_there(&server, &acknowledged).await;
    server.kill();
    let server = start.start();
    assert_all_there(&server, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_server_bears_a_clock_that_jumps() {
    bears_jumps(Place::embedded()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_on_postgresql_bears_a_clock_that_jumps() {
    bears_jumps(Place::postgres()).await;
}
