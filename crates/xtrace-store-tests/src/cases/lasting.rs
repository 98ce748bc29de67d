//! What outlives an engine, and what ends with it.

use xtrace_store::ErrorKind;

use crate::builders::{a_series, a_trace, an_observation, batch, trace_id};
use crate::stage::Stage;

pub async fn everything_is_there_after_reopening(stage: &mut Stage) {
    stage
        .commit(
            batch()
                .with(a_trace("t1").name("a").input("1"))
                .with(a_trace("t2")),
        )
        .await;
    stage
        .commit(
            batch()
                .with(an_observation("t1", "o1").usage(1, 2))
                .with(a_series("gpu").point(0.0, 1.0)),
        )
        .await;
    stage.delete(["t2"]).await;
    stage.reopen().await;
    stage.same_records().await;
    stage
        .commit(
            batch()
                .with(a_trace("t1").sent(1.0).name("b"))
                .with(a_series("gpu").point(1.0, 2.0)),
        )
        .await;
    stage.reopen().await;
    stage.same_records().await;
    assert_eq!(stage.the_trace("t1").await.row.name.as_deref(), Some("b"));
    assert_eq!(stage.latest("gpu", []).await.len(), 1);
}

pub async fn calls_after_close_are_unavailable(stage: &mut Stage) {
    stage.commit(batch().with(a_trace("t1"))).await;
    let engine = stage.shared_engine();
    engine.close().await.expect("closes");
    let write = engine.commit(batch().with(a_trace("t2")).build()).await;
    assert_eq!(
        write.map_err(|error| error.kind),
        Err(ErrorKind::Unavailable)
    );
    let read = engine.trace(&stage.scope, &trace_id("t1")).await;
    assert_eq!(
        read.map_err(|error| error.kind),
        Err(ErrorKind::Unavailable)
    );
    let probe = engine.probe().await;
    assert_eq!(
        probe.map_err(|error| error.kind),
        Err(ErrorKind::Unavailable)
    );
    drop(engine);
    stage.reopen().await;
    stage.same_records().await;
}
