//! Payloads come back exactly as they were sent.

use xtrace_model::JsonText;
use xtrace_store::{ObservationPayload, TracePayload, TraceWindow};

use crate::builders::{a_trace, after, an_observation, batch, observation_key, trace_id};
use crate::stage::{Stage, WHOLE};

/// Texts that parsing and writing again would change, or that a column may not take.
const EXACT: [&str; 22] = [
    r#"{"b":1.50,"a":1e400,"c":-0,"d":10000000000000000000000.000}"#,
    r#"{"twice":1,"twice":2}"#,
    "{ \"spaces\" :\t[ 1 , 2 ]\n}",
    r#""\u0000""#,
    r#"{"\u0000":"a\u0000b","escaped":"\ud83d\ude00\/\b"}"#,
    r#""\ud800 alone""#,
    "\"😀 日本語 \u{7f}\u{feff}\"",
    r#""it's 'quoted' \"twice\" \\ and $1 %s ;--""#,
    "0",
    "-1.0E+2",
    "false",
    "true",
    "null",
    "\"\"",
    "\" \"",
    "{}",
    "[]",
    "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
    r#"[null,{"a":null},[]]"#,
    r#""\\N""#,
    r#""{}""#,
    r#"[{"role":"user","content":[{"type":"text","text":"hi\r\n"}]}]"#,
];

pub async fn texts_come_back_as_they_were_sent(stage: &mut Stage) {
    for (index, text) in EXACT.into_iter().enumerate() {
        let id = format!("t{index}");
        let observation = an_observation(&id, "o1")
            .input(text)
            .output(text)
            .model_parameters(text);
        stage
            .commit(
                batch()
                    .with(a_trace(&id).input(text).output(text))
                    .with(observation),
            )
            .await;
    }
    stage.reopen().await;
    for (index, text) in EXACT.into_iter().enumerate() {
        let id = format!("t{index}");
        let payload = stage.the_trace(&id).await.payload;
        assert_eq!(
            [payload.input, payload.output].map(|part| part.unwrap().to_string()),
            [text, text]
        );
        let payload = stage.the_observation(&id, "o1").await.payload.unwrap();
        let parts = [payload.input, payload.output, payload.model_parameters];
        assert_eq!(
            parts.map(|part| part.unwrap().to_string()),
            [text, text, text]
        );
    }
}

pub async fn metadata_leaves_come_back_as_they_were_sent(stage: &mut Stage) {
    let sent = EXACT
        .iter()
        .filter(|text| !text.starts_with('{'))
        .enumerate();
    let members: Vec<String> = sent
        .map(|(index, text)| format!("\"k{index:02}\":{text}"))
        .collect();
    let metadata = format!("{{{}}}", members.join(","));
    stage
        .commit(batch().with(a_trace("t1").metadata(&metadata)))
        .await;
    stage
        .commit(batch().with(an_observation("t1", "o1").metadata(&metadata)))
        .await;
    assert_eq!(
        stage
            .the_trace("t1")
            .await
            .payload
            .metadata
            .unwrap()
            .as_str(),
        metadata
    );
    assert_eq!(
        stage
            .the_observation("t1", "o1")
            .await
            .payload
            .unwrap()
            .metadata
            .unwrap()
            .as_str(),
        metadata
    );
}

pub async fn megabytes_come_back_whole(stage: &mut Stage) {
    let long = format!("\"{}\"", "prompt é 日 \\n".repeat(70_000));
    let many = format!("[{}]", vec!["1.0"; 300_000].join(","));
    assert!(long.len() > 1_000_000 && many.len() > 1_000_000);
    let observation = an_observation("t1", "o1").input(&long).output(&many);
    stage
        .commit(
            batch()
                .with(a_trace("t1").input(&many).output(&long))
                .with(observation),
        )
        .await;
    stage.reopen().await;
    let payload = stage.the_trace("t1").await.payload;
    assert!(payload.input.unwrap().as_str() == many && payload.output.unwrap().as_str() == long);
    let payload = stage.the_observation("t1", "o1").await.payload.unwrap();
    assert!(payload.input.unwrap().as_str() == long && payload.output.unwrap().as_str() == many);
}

pub async fn what_was_never_sent_is_absent(stage: &mut Stage) {
    stage
        .commit(
            batch()
                .with(a_trace("t1").name("a"))
                .with(an_observation("t1", "o1").name("b")),
        )
        .await;
    assert_eq!(stage.the_trace("t1").await.payload, TracePayload::default());
    assert_eq!(
        stage.the_observation("t1", "o1").await.payload,
        Some(ObservationPayload::default())
    );
}

pub async fn a_payload_may_come_later_and_change(stage: &mut Stage) {
    stage
        .commit(
            batch()
                .with(a_trace("t1").name("a"))
                .with(an_observation("t1", "o1").name("a")),
        )
        .await;
    stage
        .commit(
            batch()
                .with(a_trace("t1").sent(1.0).output("1"))
                .with(an_observation("t1", "o1").input("1")),
        )
        .await;
    let longer = format!("\"{}\"", "x".repeat(10_000));
    let observation = an_observation("t1", "o1")
        .sent(2.0)
        .input(&longer)
        .output("2")
        .metadata(r#"{"a":1}"#);
    stage
        .commit(
            batch()
                .with(a_trace("t1").sent(2.0).output(&longer))
                .with(observation),
        )
        .await;
    stage
        .commit(batch().with(a_trace("t1").sent(1.5).output("1.5").metadata(r#"{"b":1}"#)))
        .await;
    let record = stage.the_trace("t1").await;
    assert_eq!(record.payload.output.unwrap().as_str(), longer);
    assert_eq!(record.payload.metadata.unwrap().as_str(), r#"{"b":1}"#);
    assert_eq!(record.row.updated_at, after(2.0));
    stage.same_records().await;
}

pub async fn payloads_come_in_the_order_asked_for(stage: &mut Stage) {
    for id in ["t1", "t2", "t3"] {
        let observation = an_observation(id, "o1").output(&format!("\"{id}\""));
        stage
            .commit(
                batch()
                    .with(a_trace(id).input(&format!("\"{id}\"")))
                    .with(observation),
            )
            .await;
    }
    let asked = ["t3", "unknown", "t1", "t3"];
    let input =
        |id: &str| (id != "unknown").then(|| JsonText::parse(&format!("\"{id}\"")).unwrap());
    let found = stage
        .engine()
        .trace_payloads(&stage.scope, &asked.map(trace_id))
        .await
        .unwrap();
    assert_eq!(
        found,
        asked.map(|id| TracePayload {
            input: input(id),
            ..TracePayload::default()
        })
    );
    let keys = asked.map(|trace| observation_key(trace, "o1"));
    let found = stage
        .engine()
        .observation_payloads(&stage.scope, &keys)
        .await
        .unwrap();
    assert_eq!(
        found,
        asked.map(|id| ObservationPayload {
            output: input(id),
            ..ObservationPayload::default()
        })
    );
    assert!(
        stage
            .engine()
            .trace_payloads(&stage.scope, &[])
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        stage
            .engine()
            .observation_payloads(&stage.scope, &[])
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn a_window_shows_part_of_a_trace(stage: &mut Stage) {
    // By start time, then by id: neither is the order of arrival.
    let observations = [
        ("o3", 2.0),
        ("o1", 5.0),
        ("o2", 2.0),
        ("o5", 1.0),
        ("o4", 2.0),
    ]
    .map(|(id, start)| an_observation("t1", id).start(after(start)).input("1"));
    stage.commit(batch().with_all(observations)).await;
    let window = |payloads, limit, offset| TraceWindow {
        payloads,
        limit,
        offset,
    };
    let check = async |window: TraceWindow, expected: &[&str]| {
        let records = stage.trace_observations("t1", window).await;
        let ids: Vec<&str> = records
            .iter()
            .map(|record| record.row.key.id.as_str())
            .collect();
        assert_eq!(ids, expected, "{window:?}");
        assert!(
            records
                .iter()
                .all(|record| record.payload.is_some() == window.payloads)
        );
    };
    check(WHOLE, &["o5", "o2", "o3", "o4", "o1"]).await;
    check(window(false, 100, 0), &["o5", "o2", "o3", "o4", "o1"]).await;
    check(window(false, 2, 0), &["o5", "o2"]).await;
    check(window(true, 2, 2), &["o3", "o4"]).await;
    check(window(false, 2, 4), &["o1"]).await;
    check(window(true, 2, 5), &[]).await;
    check(window(true, 0, 0), &[]).await;
    assert!(stage.trace_observations("unknown", WHOLE).await.is_empty());
}
