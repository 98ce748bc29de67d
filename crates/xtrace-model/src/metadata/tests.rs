use super::*;
use crate::time::Timestamp;

fn sent(at: i64, json: &str) -> Metadata {
    let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
    Metadata::sent(Stamp::new(Timestamp::from_micros(at), 0), &raw)
}

fn check(events: &[(i64, &str)], expected: &str) {
    let mut forward = Metadata::default();
    let mut backward = Metadata::default();
    for (at, json) in events {
        forward.join(sent(*at, json));
    }
    for (at, json) in events.iter().rev() {
        backward.join(sent(*at, json));
    }
    assert_eq!(forward, backward);
    assert_eq!(
        forward
            .to_json()
            .map(|json| json.as_str().to_owned())
            .as_deref()
            .unwrap_or("-"),
        expected
    );
}

#[test]
fn merges_objects_into_objects_and_the_later_leaf_wins() {
    check(
        &[(1, r#"{"a":{"x":1},"b":1}"#), (2, r#"{"a":{"y":2},"b":2}"#)],
        r#"{"a":{"x":1,"y":2},"b":2}"#,
    );
}

#[test]
fn a_later_leaf_hides_an_object_and_a_later_object_hides_a_leaf() {
    check(&[(1, r#"{"a":{"x":1}}"#), (2, r#"{"a":5}"#)], r#"{"a":5}"#);
    check(
        &[(1, r#"{"a":5}"#), (2, r#"{"a":{"x":1}}"#)],
        r#"{"a":{"x":1}}"#,
    );
    check(
        &[
            (1, r#"{"a":{"old":0}}"#),
            (2, r#"{"a":5}"#),
            (3, r#"{"a":{"x":1}}"#),
        ],
        r#"{"a":{"x":1}}"#,
    );
}

#[test]
fn empty_objects_change_nothing_and_other_values_get_a_key_of_their_own() {
    check(
        &[(1, r#"{"a":1}"#), (2, "{}"), (3, r#"{"a":{}}"#)],
        r#"{"a":1}"#,
    );
    check(&[(1, r#"["x"]"#)], r#"{"metadata":["x"]}"#);
    check(&[(1, "{}")], "-");
}

#[test]
fn keeps_number_text_and_null_leaves() {
    check(&[(1, r#"{"a":1.50,"n":null}"#)], r#"{"a":1.50,"n":null}"#);
}

#[test]
fn says_whether_readers_can_tell() {
    let mut metadata = sent(1, r#"{"a":1}"#);
    assert_eq!(metadata.join(sent(1, r#"{"a":1}"#)), Change::Unchanged);
    assert_eq!(metadata.join(sent(2, r#"{"a":1}"#)), Change::Touched);
    assert_eq!(metadata.join(sent(3, r#"{"a":2}"#)), Change::Changed);
}

#[test]
fn deep_objects_become_one_leaf() {
    let deep = "{\"a\":".repeat(40) + "1" + &"}".repeat(40);
    check(&[(1, &deep)], &deep);
}
