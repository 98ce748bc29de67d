//! Items that the server refuses.

use xtrace_store::{Outcome, TelemetryReader, TelemetryWriter};
use xtrace_store_tests::builders::{
    PROJECT, a_series, a_trace, an_observation, batch, project, trace_id,
};

use crate::support::{Numbers, database, open, options};

/// Longer than an index entry may be, and nothing that compressing would help.
fn unindexable() -> String {
    let mut numbers = Numbers(5);
    (0..9_000)
        .map(|_| char::from_u32(0x4e00 + u32::try_from(numbers.below(20_000)).unwrap()).unwrap())
        .collect()
}

#[tokio::test]
async fn an_item_that_the_server_refuses_is_rejected_and_its_neighbours_are_stored() {
    let engine = open(options(&database())).await;
    let mut items = batch().with(a_series("s").point(0.0, 1.0));
    for number in 0..9 {
        let id = format!("t{number}");
        let trace = a_trace(&id).input("\"x\"");
        items = items.with(if number == 5 {
            trace.user(&unindexable())
        } else {
            trace
        });
        items = items.with(an_observation(&id, "o"));
    }
    let report = engine.commit(items.build()).await.unwrap();
    let rejected: Vec<usize> = report
        .iter()
        .enumerate()
        .filter(|(_, outcome)| matches!(outcome, Outcome::Rejected(_)))
        .map(|(position, _)| position)
        .collect();
    assert_eq!(rejected, [11], "{report:?}");
    assert_eq!(
        report[0],
        Outcome::Points {
            accepted: 1,
            duplicate: 0
        }
    );
    for number in 0..9 {
        let trace = engine
            .trace(&project(PROJECT), &trace_id(&format!("t{number}")))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(trace.row.summary.observation_count, 1);
        assert_eq!(trace.payload.input.is_some(), number != 5);
    }
}

#[tokio::test]
async fn a_character_that_the_server_cannot_hold_is_replaced() {
    let engine = open(options(&database())).await;
    let items = batch()
        .with(a_trace("t").name("a\0b").tags(["c\0d"]))
        .with(an_observation("t", "o").model("m\0"))
        .with(a_series("s\0").label("l\0", "v\0").point(0.0, 1.0));
    let report = engine.commit(items.build()).await.unwrap();
    assert_eq!(
        report,
        [
            Outcome::Accepted,
            Outcome::Accepted,
            Outcome::Points {
                accepted: 1,
                duplicate: 0
            }
        ]
    );
}
