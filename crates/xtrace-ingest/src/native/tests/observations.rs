//! The fields of an observation.

use super::*;

fn shown(values: &[&Option<Box<str>>]) -> String {
    let texts: Vec<&str> = values
        .iter()
        .map(|value| value.as_deref().unwrap_or("-"))
        .collect();
    texts.join(" ")
}

#[test]
fn texts_arrive_in_both_spellings() {
    let check = |members: &str| {
        let row = observation(members);
        let ids = shown(&[
            &row.name,
            &row.model,
            &row.model_id,
            &row.prompt_id,
            &row.prompt_name,
            &row.prompt_version,
        ]);
        assert_eq!(ids, "n m mi pi pn 3");
        assert_eq!(
            shown(&[&row.status_message, &row.version, &row.session_id]),
            "st v s"
        );
        assert_eq!(row.parent_observation_id.unwrap().as_str(), "p");
        assert_eq!(&*row.environment, "prod");
    };
    check(
        r#""name":"n","model":"m","modelId":"mi","promptId":"pi","promptName":"pn","promptVersion":3,
           "statusMessage":"st","version":"v","sessionId":"s","parentObservationId":"p","environment":"prod""#,
    );
    check(
        r#""name":"n","model":"m","model_id":"mi","prompt_id":"pi","prompt_name":"pn","prompt_version":"3",
           "status_message":"st","version":"v","session_id":"s","parent_observation_id":"p","environment":"prod""#,
    );
}

#[test]
fn type_and_level_are_understood_in_any_case_and_kept_when_unknown() {
    let check = |members: &str, expected: &str| {
        let state = observation_state(&format!(r#"{{"id":"o","traceId":"t",{members}}}"#));
        let kind = state.facts.kind.get().unwrap().as_str();
        let level = state.facts.level.get().map_or("-", |level| level.as_str());
        let metadata = state
            .content
            .metadata
            .to_json()
            .map_or("-".to_owned(), |json| json.to_string());
        assert_eq!(format!("{kind} {level} {metadata}"), expected, "{members}");
    };
    check(r#""name":"n""#, "GENERATION - -");
    check(r#""type":null,"level":null"#, "GENERATION - -");
    check(r#""type":"tool","level":"Warning""#, "TOOL WARNING -");
    check(
        r#""type":"workflow","level":"FATAL""#,
        r#"SPAN DEFAULT {"level":"FATAL","type":"workflow"}"#,
    );
    check(
        r#""type":"workflow","metadata":{"type":"mine","a":1}"#,
        r#"SPAN - {"a":1,"type":"mine"}"#,
    );
}

#[test]
fn an_update_without_type_leaves_the_type_alone() {
    let mut state = observation_state(r#"{"id":"o","traceId":"t","type":"TOOL"}"#);
    let update = decode_batch(
        br#"{"observations":[{"id":"o","traceId":"t","name":"later"}]}"#,
        received().saturating_add_micros(1),
    );
    let Ok(Patch::Observation { patch, .. }) = update.unwrap().items.remove(0).result else {
        panic!()
    };
    state.join(*patch);
    assert_eq!(state.facts.kind.get().unwrap().as_str(), "TOOL");
    assert_eq!(state.facts.name.get().map(|name| &**name), Some("later"));
}

#[test]
fn times_and_durations() {
    let row = observation(
        r#""startTime":"2026-01-31T12:00:00Z","endTime":"2026-01-31T12:00:02Z",
           "completion_start_time":"2026-01-31T12:00:00.5Z""#,
    );
    assert_eq!(row.latency_s, Some(2.0));
    assert_eq!(row.time_to_first_token_s, Some(0.5));
    let row = observation(r#""latency":"0.25","timeToFirstToken":0.125"#);
    assert_eq!(
        (row.latency_s, row.time_to_first_token_s),
        (Some(0.25), Some(0.125))
    );
    assert_eq!(
        rejection(r#""timeToFirstToken":-0.1"#),
        "timeToFirstToken is -0.1; it must be from 0 to 1000000000 seconds"
    );
    assert_eq!(
        rejection(r#""endTime":1700000000"#),
        "endTime is a number; expected an RFC 3339 time"
    );
}

#[test]
fn usage_in_every_style_becomes_the_same_tokens() {
    let check = |members: &str, expected: &str| {
        let row = observation(members);
        let shown = format!(
            "{}/{}/{} cached {} {}",
            row.input_tokens,
            row.output_tokens,
            row.total_tokens,
            row.cache_read_tokens,
            row.unit.as_deref().unwrap_or("-")
        );
        assert_eq!(shown, expected, "{members}");
    };
    check(
        r#""usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#,
        "10/5/15 cached 0 TOKENS",
    );
    check(
        r#""usage":{"promptTokens":10,"completionTokens":5,"totalTokens":15}"#,
        "10/5/15 cached 0 TOKENS",
    );
    check(
        r#""usage":{"input":10,"output":5,"total":15,"unit":"CHARACTERS"}"#,
        "10/5/15 cached 0 CHARACTERS",
    );
    check(
        r#""usage":{"input_tokens":4,"output_tokens":5,"cache_read_input_tokens":6}"#,
        "10/5/15 cached 6 TOKENS",
    );
    check(
        r#""usageDetails":{"input":4,"input_cached_tokens":6,"output":5}"#,
        "10/5/15 cached 6 TOKENS",
    );
    check(
        r#""promptTokens":10,"completionTokens":5,"totalTokens":15"#,
        "10/5/15 cached 0 TOKENS",
    );
    check(
        r#""prompt_tokens":10,"completion_tokens":5"#,
        "10/5/15 cached 0 TOKENS",
    );
    check(
        r#""usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15},
           "promptTokens":10,"completionTokens":5,"totalTokens":15,"unit":"TOKENS""#,
        "10/5/15 cached 0 TOKENS",
    );
    check(
        r#""usage":{"total":15},"promptTokens":10,"completionTokens":5"#,
        "10/5/15 cached 0 TOKENS",
    );
    check(
        r#""usage":null,"promptTokens":null,"unit":null"#,
        "0/0/0 cached 0 -",
    );
    check(r#""usage":{},"unit":"IMAGES""#, "0/0/0 cached 0 IMAGES");
}

#[test]
fn token_counts_sent_one_by_one_add_up_to_one_usage() {
    let mut state = observation_state(r#"{"id":"o","traceId":"t","promptTokens":10}"#);
    let update = decode_batch(
        br#"{"observations":[{"id":"o","traceId":"t","completionTokens":5}]}"#,
        received().saturating_add_micros(1),
    );
    let Ok(Patch::Observation { patch, .. }) = update.unwrap().items.remove(0).result else {
        panic!()
    };
    state.join(*patch);
    let usage = state.facts.known_usage();
    assert_eq!((usage.input(), usage.output(), usage.total()), (10, 5, 15));
}

#[test]
fn counts_that_are_none_are_left_out_with_a_note() {
    let decoded = decode(
        r#"{"observations":[{"id":"o","traceId":"t","promptTokens":-1,"usage":{"input":1.5,"output":2}}]}"#,
    );
    assert!(decoded.items[0].result.is_ok());
    let notes: Vec<String> = decoded.items[0]
        .notes
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        notes,
        [
            "usage.input is 1.5; a count is a whole number from 0",
            "promptTokens is -1; it must be a whole number from 0 to 1000000000000"
        ]
    );
}

#[test]
fn costs_come_from_one_place() {
    let check = |members: &str, expected: &str| {
        let cost = observation(members).cost;
        let shown: Vec<String> = cost
            .0
            .iter()
            .map(|(bucket, usd)| format!("{bucket}={usd}"))
            .collect();
        assert_eq!(shown.join(" "), expected, "{members}");
    };
    check(
        r#""calculatedInputCost":0.1,"calculatedOutputCost":"0.2""#,
        "input=0.1 output=0.2",
    );
    check(
        r#""calculatedTotalCost":0.3,"usage":{"input":1,"totalCost":0.4}"#,
        "total=0.3",
    );
    check(
        r#""usage":{"input":1,"inputCost":0.1,"outputCost":0.2,"totalCost":0.3}"#,
        "input=0.1 output=0.2 total=0.3",
    );
    check(
        r#""costDetails":{"input":0.1,"input_cached_tokens":0.01},"calculatedInputCost":0.5"#,
        "input=0.1 input_cached_tokens=0.01",
    );
    assert_eq!(
        rejection(r#""calculatedTotalCost":-1"#),
        "calculatedTotalCost is -1; an amount is not negative"
    );
    assert_eq!(
        rejection(r#""inputPrice":"free""#),
        "inputPrice is \"free\"; expected a number"
    );
}

#[test]
fn the_session_model_comes_from_native_fields_and_else_from_metadata() {
    let check = |members: &str, expected: &str| {
        let steps = observation(members).steps;
        let texts = [
            &steps.turn_id,
            &steps.run_id,
            &steps.step_id,
            &steps.parent_step_id,
            &steps.step_type,
            &steps.run_state,
        ];
        let numbers = [steps.step_index, steps.attempt]
            .map(|number| number.map_or("-".to_owned(), |n| n.to_string()));
        assert_eq!(
            format!("{} {}", shown(&texts), numbers.join(" ")),
            expected,
            "{members}"
        );
    };
    check(
        r#""turnId":"t","runId":"r","stepId":"s","parentStepId":"p","stepType":"tool_call","runState":"running",
           "stepIndex":2,"attempt":1"#,
        "t r s p tool_call running 2 1",
    );
    check(
        r#""turn_id":"t","run_id":"r","step_id":"s","parent_step_id":"p","step_type":"tool_call",
           "run_state":"running","step_index":"2","attempt_index":1"#,
        "t r s p tool_call running 2 1",
    );
    check(
        r#""metadata":{"turn_id":"t","run_id":"r","step_id":7,"parent_step_id":"p","step_type":"planner",
           "step_index":"2","attempt_index":1,"tool_name":"x"}"#,
        "t r 7 p planner - 2 1",
    );
    check(
        r#""metadata":{"step_index":"second","attempt":1.5}"#,
        "- - - - - - - -",
    );
    assert_eq!(
        rejection(r#""stepIndex":"second""#),
        "stepIndex is \"second\"; expected a number"
    );
}

#[test]
fn model_parameters_are_kept_and_those_that_decide_prices_are_known() {
    let state = observation_state(
        r#"{"id":"o","traceId":"t","modelParameters":{"temperature":0.70,"service_tier":"flex","speed":null}}"#,
    );
    let kept = state.content.model_parameters.get().unwrap();
    assert_eq!(
        kept.as_str(),
        r#"{"temperature":0.70,"service_tier":"flex","speed":null}"#
    );
    let attributes = state.facts.price_attributes.get().unwrap();
    assert_eq!(format!("{attributes:?}"), r#"{"service_tier": "flex"}"#);
}

#[test]
fn payloads_come_back_exactly_as_sent() {
    let text = r#"{"b":1.50,"a":[1e400,"\u0000\ud83d"],"b":2}"#;
    let state = observation_state(&format!(r#"{{"id":"o","traceId":"t","input":{text}}}"#));
    assert_eq!(state.content.input.get().unwrap().as_str(), text);
}

#[test]
fn nulls_are_as_if_absent() {
    let members = super::super::fields::documented_names()
        .filter(|name| !matches!(*name, "id" | "traceId"))
        .map(|name| format!("\"{name}\":null"))
        .collect::<Vec<_>>();
    let bare = observation_state(r#"{"id":"o","traceId":"t"}"#);
    let with_nulls = format!(
        r#"{{"id":"o","traceId":"t","projectId":null,{}}}"#,
        members.join(",")
    );
    assert_eq!(observation_state(&with_nulls), bare);
}
