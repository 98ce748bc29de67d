//! JSON as text, and metadata merged leaf by leaf.

use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use xtrace_model::json::Shape;
use xtrace_model::limits::{JSON_DEPTH_MAX, METADATA_DEPTH_MAX};
use xtrace_model::{Change, JsonText, Metadata, Stamp, Timestamp};

use crate::bytes::pieces;

const EVENTS_MAX: usize = 4;

/// The pieces are JSON texts, sent one after the other as metadata.
pub fn run(data: &[u8]) {
    let mut events = Vec::new();
    for (index, piece) in pieces(data, EVENTS_MAX).into_iter().enumerate() {
        let Ok(text) = str::from_utf8(piece) else {
            continue;
        };
        check_text(text);
        if let Ok(raw) = serde_json::from_str::<&RawValue>(text)
            && Shape::of(raw.get()).depth <= JSON_DEPTH_MAX
        {
            // Two of one instant.
            let stamp = Stamp::new(Timestamp::from_micros(index as i64 / 2), 0);
            events.push(Metadata::sent(stamp, raw));
        }
    }
    check_joins(&events);
}

fn check_text(text: &str) {
    let parsed = JsonText::parse(text);
    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    assert_eq!(parsed.is_ok(), is_json, "{text}");
    // Of anything at all, for stored text is not parsed again.
    let shape = Shape::of(text);
    assert!(shape.depth <= text.len() && shape.keys <= text.len());
    _ = JsonText::from_stored(text).is_empty();
    let Ok(json) = parsed else {
        return;
    };
    assert_eq!(json.as_str(), text.trim_matches([' ', '\t', '\r', '\n']));
    assert_eq!(json.to_raw().get(), json.as_str());
    let value = json.to_value();
    if let Ok(tree) = serde_json::from_str::<serde_json::Value>(text) {
        assert_eq!(tree, value);
        let says_nothing = tree.is_null()
            || tree.as_str() == Some("")
            || tree.as_array().is_some_and(Vec::is_empty)
            || tree.as_object().is_some_and(serde_json::Map::is_empty);
        assert_eq!(json.is_empty(), says_nothing, "{text}");
    }
}

fn check_joins(events: &[Metadata]) {
    let in_order: Vec<&Metadata> = events.iter().collect();
    let joined = join(&in_order);
    let reversed: Vec<&Metadata> = events.iter().rev().collect();
    assert_eq!(join(&reversed), joined, "the other way round");
    assert_eq!(join(&in_order.repeat(2)), joined, "twice");
    for cut in 1..events.len() {
        let (mut left, right) = (join(&in_order[..cut]), join(&in_order[cut..]));
        left.join(right);
        assert_eq!(left, joined, "in groups");
    }
    let mut again = joined.clone();
    assert_eq!(again.join(joined.clone()), Change::Unchanged);
    if let Some(json) = joined.to_json() {
        // Not as a tree: 1e400 is JSON, and no number of any tree.
        let is_json = serde_json::from_str::<IgnoredAny>(json.as_str()).is_ok();
        assert!(is_json && json.as_str().starts_with('{'), "{json}");
        assert!(Shape::of(json.as_str()).depth <= METADATA_DEPTH_MAX + JSON_DEPTH_MAX);
        check_top_level(&joined, &json);
    }
}

/// A leaf that is found by its key is the one that readers see there.
fn check_top_level(joined: &Metadata, json: &JsonText) {
    let members: std::collections::BTreeMap<String, &RawValue> =
        serde_json::from_str(json.as_str()).expect("an object");
    for (key, value) in members {
        if let Some(leaf) = joined.top_level(&key) {
            assert_eq!(leaf.as_str(), value.get(), "{key}");
        }
    }
}

fn join(events: &[&Metadata]) -> Metadata {
    let mut joined = Metadata::default();
    for event in events {
        joined.join((*event).clone());
    }
    joined
}
