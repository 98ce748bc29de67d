//! How a body falls apart into items, and that a bad one harms no other.

use super::*;

#[test]
fn a_documented_body_is_one_trace_and_its_observations() {
    check(
        r#"{"trace":{"id":"t"},"observations":[{"id":"a","traceId":"t"},{"id":"b","traceId":"u"}],"other":1}"#,
        "trace t trace\nobservations[0] a observation of t\nobservations[1] b observation of u",
    );
}

#[test]
fn an_array_of_bodies_is_as_good() {
    check(
        r#"[{"trace":{"id":"t"}},{"observations":[{"id":"a","trace_id":"t"}]},{},[],7]"#,
        "[0].trace t trace\n[1].observations[0] a observation of t\n\
         [3] - wrong_type: body is a list; expected an object\n[4] - wrong_type: body is a number; expected an object",
    );
}

#[test]
fn nothing_is_no_error() {
    check("{}", "");
    check("[]", "");
    check(r#"{"trace":null,"observations":null}"#, "");
    check("\u{feff} {\"observations\":[]} ", "");
}

#[test]
fn a_bad_item_names_field_and_limit_and_its_neighbours_pass() {
    let long = "x".repeat(257);
    check(
        &format!(
            r#"{{"trace":{{"name":"no id"}},"observations":[{{"id":"a","traceId":"t"}},{{"id":"b"}},5,
                {{"id":"c","traceId":"t","startTime":"yesterday"}},{{"id":"","traceId":"t"}},
                {{"id":"{long}","traceId":"t"}},{{"id":"d","traceId":"t","latency":-1}},
                {{"id":["e"],"traceId":"t"}},{{"id":"f","traceId":"t"}}]}}"#
        ),
        &format!(
            "trace - missing: id is missing\n\
             observations[0] a observation of t\n\
             observations[1] b missing: traceId is missing\n\
             observations[2] - wrong_type: observation is a number; expected an object\n\
             observations[3] c bad_time: startTime \"yesterday\" is not an RFC 3339 time such as 2026-01-31T12:00:00Z\n\
             observations[4] - missing: id is empty\n\
             observations[5] {} too_long: id has 257 bytes; the limit is 256\n\
             observations[6] d out_of_range: latency is -1; it must be from 0 to 1000000000 seconds\n\
             observations[7] [\"e\"] wrong_type: id is a list; expected a text\n\
             observations[8] f observation of t",
            &long[..256]
        ),
    );
}

#[test]
fn a_list_that_is_none_is_a_bad_item_of_its_own() {
    check(
        r#"{"trace":{"id":"t"},"observations":{"id":"a"}}"#,
        "trace t trace\nobservations - wrong_type: observations is an object; expected a list",
    );
    // No float holds this number, and half a surrogate pair is no text: JSON all the same.
    check(
        r#"{"trace":{"id":"t"},"observations":5e555}"#,
        "trace t trace\nobservations - wrong_type: observations is a number; expected a list",
    );
    check(
        r#"{"trace":{"id":"t"},"observations":"\ud800"}"#,
        "trace t trace\nobservations - wrong_type: observations is a text; expected a list",
    );
    check(
        r#"{"trace":"t"}"#,
        "trace - wrong_type: trace is a text; expected an object",
    );
}

#[test]
fn ids_are_any_text_and_whole_numbers_are_taken_as_text() {
    check(
        r#"{"observations":[{"id":"日本/ü","traceId":"4bf92f3577b34da6a3ce929d0e0e4736"},{"id":7,"traceId":8},
            {"id":1.5,"traceId":"t"}]}"#,
        "observations[0] 日本/ü observation of 4bf92f3577b34da6a3ce929d0e0e4736\n\
         observations[1] 7 observation of 8\n\
         observations[2] 1.5 wrong_type: id is a number; expected a text",
    );
}

#[test]
fn a_payload_as_deep_as_the_sea_costs_only_its_own_item() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    check(
        &format!(
            r#"{{"observations":[{{"id":"a","traceId":"t","input":{deep}}},{{"id":"b","traceId":"t","x":{deep}}},
                {{"id":"c","traceId":"t","metadata":{deep}}},{{"id":"d","traceId":"t","usage":{deep}}}]}}"#
        ),
        "observations[0] a too_deep: input is nested 200000 levels deep; the limit is 100\n\
         observations[1] b observation of t\n\
         observations[2] c too_deep: metadata is nested 200000 levels deep; the limit is 100\n\
         observations[3] d observation of t",
    );
}

#[test]
fn a_body_that_cannot_be_split_says_where() {
    let check = |body: &[u8], expected: &str| {
        assert_eq!(
            decode_batch(body, received()).unwrap_err().to_string(),
            expected
        );
    };
    check(
        b"",
        "body is not JSON: EOF while parsing a value at line 1 column 0",
    );
    check(
        b"{\"trace\":",
        "body is not JSON: EOF while parsing a value at line 1 column 9",
    );
    check(
        b"{} {}",
        "body is not JSON: trailing characters at line 1 column 4",
    );
    check(b"{\"a\":\"\xff\"}", "body is not UTF-8 from byte 6 on");
    check(
        b"null",
        "body is null; expected an object or a list of objects",
    );
    let many = format!("{{\"observations\":[{}0]}}", "0,".repeat(50_000));
    check(many.as_bytes(), "body has 50001 items; the limit is 50000");
}

#[test]
fn items_are_numbered_through_the_whole_request() {
    let decoded = decode(r#"[{"trace":{"id":"t"}},{"trace":{"id":"t","name":"later"}}]"#);
    let stamps: Vec<u32> = decoded.items.iter().map(|item| item.index).collect();
    assert_eq!(stamps, [0, 1]);
}
