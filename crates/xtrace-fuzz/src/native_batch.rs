//! Bodies of `POST /v1/l/batch`: every item is accounted for, and neighbours do not matter.

use serde::de::IgnoredAny;
use xtrace_ingest::native::{BodyError, Decoded, DecodedItem, Part, Patch, decode_batch};
use xtrace_model::limits::{BATCH_ITEMS_MAX, ID_BYTES_MAX, METADATA_KEYS_MAX};
use xtrace_model::{JsonText, Latest, Metadata};

use crate::bytes::received;

/// Decodes the bytes as a body.
pub fn run(data: &[u8]) {
    let decoded = decode_batch(data, received());
    check_refusal(data, decoded.as_ref().err());
    let Ok(decoded) = decoded else {
        return;
    };
    assert!(decoded.items.len() <= BATCH_ITEMS_MAX);
    for (index, item) in decoded.items.iter().enumerate() {
        assert_eq!(item.index as usize, index, "items are in order");
        check_item(item);
    }
    check_wrapped(data, &decoded);
}

/// A body is called JSON by nobody but us exactly when we say why not.
fn check_refusal(data: &[u8], error: Option<&BodyError>) {
    let text = str::from_utf8(data).map(|text| text.trim_start_matches('\u{feff}').trim());
    match error {
        Some(BodyError::NotUtf8(from)) => assert!(str::from_utf8(&data[..*from]).is_ok()),
        Some(BodyError::NotJson(_)) => {
            let text = text.expect("what is not UTF-8 is called so");
            // Parts of it are read as texts, in which half a surrogate pair is no JSON to anybody.
            let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
            assert!(!is_json || text.contains("\\u"), "refused: {text}");
        }
        Some(BodyError::Refused { .. }) => panic!("points have no place here"),
        Some(BodyError::WrongShape { .. } | BodyError::TooMany { .. }) | None => {
            let text = text.expect("what was read is UTF-8");
            assert!(serde_json::from_str::<IgnoredAny>(text).is_ok(), "{text}");
        }
    }
}

fn check_item(item: &DecodedItem) {
    if let Some(id) = &item.id {
        assert!(!id.is_empty() && id.len() <= ID_BYTES_MAX);
    }
    match &item.result {
        Ok(Patch::Trace { id, patch }) => {
            assert_eq!(item.place.part, Part::Trace);
            assert!(!id.as_str().contains('\0'));
            check_text(&patch.content.input);
            check_text(&patch.content.output);
            check_metadata(&patch.content.metadata);
        }
        Ok(Patch::Observation { key, patch }) => {
            assert!(matches!(item.place.part, Part::Observation(_)));
            assert!(!key.id.as_str().contains('\0') && !key.trace_id.as_str().contains('\0'));
            check_text(&patch.content.input);
            check_text(&patch.content.output);
            check_text(&patch.content.model_parameters);
            check_metadata(&patch.content.metadata);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// What is kept as a payload can be given back as JSON.
fn check_text(text: &Latest<JsonText>) {
    if let Some(text) = text.get() {
        assert!(JsonText::parse(text.as_str()).is_ok(), "{text}");
    }
}

fn check_metadata(metadata: &Metadata) {
    if let Some(json) = metadata.to_json() {
        // Not as a tree: 1e400 is JSON, and no number of any tree.
        let is_json = serde_json::from_str::<IgnoredAny>(json.as_str()).is_ok();
        assert!(is_json && json.as_str().starts_with('{'), "{json}");
        assert!(xtrace_model::json::Shape::of(json.as_str()).keys <= 2 * METADATA_KEYS_MAX);
    }
}

/// The same body in a list of two says the same twice.
fn check_wrapped(data: &[u8], decoded: &Decoded) {
    let text = String::from_utf8_lossy(data);
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.starts_with('{') || decoded.items.len() * 2 > BATCH_ITEMS_MAX {
        return;
    }
    let twice = format!("[{text},{text}]");
    let twice = decode_batch(twice.as_bytes(), received()).expect("a list of bodies is a body");
    assert_eq!(twice.items.len(), 2 * decoded.items.len());
    for (index, item) in twice.items.iter().enumerate() {
        let alone = &decoded.items[index % decoded.items.len()];
        assert_eq!(item.place.part, alone.place.part);
        assert_eq!((&item.id, &item.notes), (&alone.id, &alone.notes));
        // Their ranks differ from those of the second time on.
        if index < decoded.items.len() {
            assert_eq!(item.result, alone.result);
        } else {
            assert_eq!(item.result.is_ok(), alone.result.is_ok());
        }
    }
}
