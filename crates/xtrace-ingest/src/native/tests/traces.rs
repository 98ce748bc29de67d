//! The fields of a trace.

use super::*;

fn show(row: &TraceRow) -> String {
    let text = |value: &Option<Box<str>>| value.as_deref().unwrap_or("-").to_owned();
    format!(
        "{} user={} session={} release={} version={} env={} ext={} public={} bookmarked={} tags={:?}",
        text(&row.name),
        text(&row.user_id),
        text(&row.session_id),
        text(&row.release),
        text(&row.version),
        row.environment,
        text(&row.external_id),
        row.public,
        row.bookmarked,
        row.tags,
    )
}

#[test]
fn every_documented_field_arrives_in_both_spellings() {
    let expected = "chat user=u session=s release=r version=v env=prod ext=e public=true bookmarked=true tags={\"a\", \"b\"}";
    let camel = trace(
        r#"{"id":"t","name":"chat","userId":"u","sessionId":"s","release":"r","version":"v","environment":"prod",
            "externalId":"e","public":true,"bookmarked":true,"tags":["b","a","b"],"projectId":"p",
            "timestamp":"2026-01-31T12:00:00+08:00","latency":1.5,"totalCost":0.25}"#,
    );
    assert_eq!(show(&camel), expected);
    assert_eq!(camel.timestamp.to_string(), "2026-01-31T04:00:00Z");
    assert_eq!(camel.latency_s, Some(1.5));
    assert_eq!(camel.total_cost.unwrap().to_string(), "0.25");
    let snake = trace(
        r#"{"id":"t","name":"chat","user_id":"u","session_id":"s","release":"r","version":"v","environment":"prod",
            "external_id":"e","public":true,"bookmarked":true,"tags":["a","b"]}"#,
    );
    assert_eq!(show(&snake), expected);
}

#[test]
fn nulls_are_as_if_absent() {
    let row = trace(
        r#"{"id":"t","name":null,"userId":null,"sessionId":null,"release":null,"version":null,"environment":null,
            "externalId":null,"public":null,"bookmarked":null,"tags":null,"timestamp":null,"latency":null,
            "totalCost":null,"input":null,"output":null,"metadata":null,"projectId":null}"#,
    );
    assert_eq!(
        show(&row),
        "- user=- session=- release=- version=- env=default ext=- public=false bookmarked=false tags={}"
    );
    assert_eq!(row.timestamp, received());
}

#[test]
fn of_two_spellings_the_one_with_a_value_counts_and_then_the_documented_one() {
    let check = |members: &str, expected: &str| {
        let row = trace(&format!(r#"{{"id":"t",{members}}}"#));
        assert_eq!(row.session_id.as_deref(), Some(expected), "{members}");
    };
    check(r#""sessionId":null,"session_id":"s""#, "s");
    check(r#""session_id":"s","sessionId":null"#, "s");
    check(r#""sessionId":"camel","session_id":"snake""#, "camel");
    check(r#""session_id":"snake","sessionId":"camel""#, "camel");
}

#[test]
fn the_session_model_comes_from_native_fields_and_else_from_metadata() {
    let check = |members: &str, expected: &str| {
        let row = trace(&format!(r#"{{"id":"t",{members}}}"#));
        let text = |value: &Option<Box<str>>| value.as_deref().unwrap_or("-").to_owned();
        let steps = &row.steps;
        let shown = [
            &row.session_id,
            &steps.turn_id,
            &steps.run_id,
            &steps.run_state,
        ]
        .map(text)
        .join(" ");
        assert_eq!(shown, expected, "{members}");
    };
    check(
        r#""sessionId":"s","turnId":"n","run_id":"r","runState":"success""#,
        "s n r success",
    );
    check(
        r#""metadata":{"session_id":"s","turn_id":3,"runId":"r","run_state":"paused"}"#,
        "s 3 r paused",
    );
    check(
        r#""turnId":"native","metadata":{"turn_id":"told"}"#,
        "- native - -",
    );
    check(
        r#""metadata":{"turn_id":{"a":1},"run_id":[1],"run_state":null}"#,
        "- - - -",
    );
    check(r#""metadata":{"deeper":{"turn_id":"n"}}"#, "- - - -");
}

#[test]
fn metadata_keeps_everything_as_sent() {
    let state =
        trace_state(r#"{"id":"t","metadata":{"turn_id":3,"z":[1.50,{"a":null}],"nul":"\u0000"}}"#);
    let kept = state.content.metadata.to_json().unwrap();
    assert_eq!(
        kept.as_str(),
        r#"{"nul":"\u0000","turn_id":3,"z":[1.50,{"a":null}]}"#
    );
}

#[test]
fn tags_may_be_one_text_and_too_many_or_too_long_ones_are_refused() {
    let check = |tags: &str, expected: &str| {
        let decoded = decode(&format!(r#"{{"trace":{{"id":"t","tags":{tags}}}}}"#));
        let shown = match &decoded.items[0].result {
            Ok(Patch::Trace { patch, .. }) => format!("{:?}", patch.facts.tags),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{tags}");
    };
    check(r#""one""#, r#"{"one"}"#);
    check(r#"[null,"a","",7]"#, r#"{"7", "a"}"#);
    check("[{}]", "tags[0] is an object; expected a text");
    check("[true]", "tags[0] is true or false; expected a text");
    check(
        &format!("[\"{}\"]", "x".repeat(257)),
        "tags[0] has 257 bytes; the limit is 256",
    );
    check(
        &format!("[{}0]", "0,".repeat(256)),
        "tags has 257 tags; the limit is 256",
    );
}

#[test]
fn texts_have_limits_and_lose_the_character_no_engine_can_store() {
    assert_eq!(
        trace(r#"{"id":"t","name":"a\u0000b"}"#).name.as_deref(),
        Some("a\u{fffd}b")
    );
    assert_eq!(trace(r#"{"id":"t","name":42}"#).name.as_deref(), Some("42"));
    check(
        &format!(r#"{{"trace":{{"id":"t","name":"{}"}}}}"#, "n".repeat(1_025)),
        "trace t too_long: name has 1025 bytes; the limit is 1024",
    );
    check(
        r#"{"trace":{"id":"t","name":{"a":1}}}"#,
        "trace t wrong_type: name is an object; expected a text",
    );
    check(
        r#"{"trace":{"id":"t","public":"yes"}}"#,
        "trace t wrong_type: public is a text; expected true or false",
    );
    let keys: Vec<String> = (0..10_001).map(|key| format!("\"k{key}\":0")).collect();
    check(
        &format!(
            r#"{{"trace":{{"id":"t","metadata":{{{}}}}}}}"#,
            keys.join(",")
        ),
        "trace t too_many: metadata has 10001 keys; the limit is 10000",
    );
}

#[test]
fn a_payload_that_says_nothing_never_replaces_one_that_does() {
    let mut state = trace_state(r#"{"id":"t","input":{"q":1},"output":""}"#);
    let later = decode_batch(
        br#"{"trace":{"id":"t","input":{},"output":"answer"}}"#,
        received().saturating_add_micros(1),
    );
    let Ok(Patch::Trace { patch, .. }) = later.unwrap().items.remove(0).result else {
        panic!()
    };
    state.join(*patch);
    assert_eq!(state.content.input.get().unwrap().as_str(), r#"{"q":1}"#);
    assert_eq!(state.content.output.get().unwrap().as_str(), r#""answer""#);
    assert_eq!(
        trace_state(r#"{"id":"t","output":[]}"#)
            .content
            .output
            .get()
            .unwrap()
            .as_str(),
        "[]"
    );
}
