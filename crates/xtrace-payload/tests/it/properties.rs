//! Whatever the text, it comes back; whatever the bytes, nothing panics.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::store::Store;
use xtrace_payload::{Codec, Joiner, PartId, PayloadError, Recipe, split};

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", " ", "\n  ", "\t", "\r\n"])
}

/// A string as it may stand in JSON: escapes of all kinds, Unicode, and what looks like structure.
fn string() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "word ",
        "\\\"",
        "\\\\",
        "\\n",
        "\\u0000",
        "\\ud83d\\ude00",
        "é",
        "日本",
        "😀",
        "{[",
        "}]",
        ":,",
        "role",
        "a longer stretch of plain text that fills the string ",
    ]);
    prop_oneof![
        4 => vec(piece.clone(), 0..4),
        1 => vec(piece.clone(), 20..60),
        1 => vec(piece, 200..400).prop_map(|mut pieces| {
            pieces.insert(0, "{");
            pieces
        }),
    ]
    .prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn scalar() -> impl Strategy<Value = String> {
    let constant = prop::sample::select(vec![
        "null", "true", "false", "0", "-0", "1.50", "1e400", "-1E-7",
    ]);
    prop_oneof![constant.prop_map(str::to_owned), string()]
}

fn key() -> impl Strategy<Value = String> {
    let usual = prop::sample::select(vec!["role", "content", "messages", "parts", "a", "a"]);
    prop_oneof![4 => usual.prop_map(|key| format!("\"{key}\"")), 1 => string()]
}

fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(7, 120, 8, |inner| {
        let member =
            (space(), key(), space(), inner.clone()).prop_map(|(before, key, after, value)| {
                format!("{before}{key}{after}:{before}{value}{after}")
            });
        let element = (space(), inner).prop_map(|(space, value)| format!("{space}{value}{space}"));
        prop_oneof![
            vec(member, 0..8).prop_map(|members| format!("{{{}}}", members.join(","))),
            vec(element, 0..8).prop_map(|elements| format!("[{}]", elements.join(","))),
        ]
    })
}

/// A message of some dialect, without commas around it.
fn message() -> impl Strategy<Value = String> {
    let role = prop::sample::select(vec!["system", "user", "assistant", "tool", "model"]);
    (role, string(), string(), 0..9_u8).prop_map(|(role, text, other, shape)| match shape {
        0 => format!(r#"{{"role":"{role}","content":{text}}}"#),
        1 => format!(r#"{{"content":{text},"role":"{role}","finish_reason":"stop"}}"#),
        2 => format!(r#"{{"role":"{role}","parts":[{{"type":"text","content":{text}}},{{"type":"tool_call","id":"1","name":"f","arguments":{{"q":{other}}}}}]}}"#),
        3 => format!(r#"{{"role":"{role}","content":[{{"type":"tool_result","tool_use_id":"1","content":[{{"type":"text","text":{text}}}]}},{{"type":"text","text":{other}}}]}}"#),
        4 => format!(r#"{{"parts":[{{"text":{text}}},{{"functionCall":{{"name":"f","args":{{"x":{other}}}}}}}],"role":"{role}"}}"#),
        5 => format!(r#"{{"lc":1,"type":"constructor","id":["langchain","schema","HumanMessage"],"kwargs":{{"content":{text},"type":"human"}}}}"#),
        6 => format!(r#"{{"role":"{role}","content":null,"tool_calls":[{{"id":"1","type":"function","function":{{"name":"f","arguments":{text}}}}}]}}"#),
        7 => format!(r#"{{"type":"blob","modality":"image","content":{text}}}"#),
        _ => format!(r#"{{ "role" : "{role}" ,{other}:{text}}}"#),
    })
}

fn payload() -> impl Strategy<Value = String> {
    (vec(message(), 0..40), string(), 0..8_u8).prop_map(|(messages, text, shape)| {
        let list = messages.join(if shape % 2 == 0 { "," } else { " ,\n" });
        match shape {
            0 => format!("[{list}]"),
            1 => format!(r#"{{"model":"m","messages":[{list}],"tools":[{{"type":"function","name":"f","description":{text}}}]}}"#),
            2 => format!("{{\"messages\":[[{list}]]}}"),
            3 => format!(r#"{{"contents":[{list}],"systemInstruction":{{"parts":[{{"text":{text}}}]}}}}"#),
            4 => format!(r#"{{"system":[{{"type":"text","text":{text}}}],"messages":[{list}],"max_tokens":9}}"#),
            5 => format!(r#"{{"args":[{{"messages":[{list}]}},{text}],"kwargs":{{"messages":[{list}]}}}}"#),
            6 => messages.into_iter().next().unwrap_or_default(),
            _ => format!(" {text}\n"),
        }
    })
}

/// As an engine decodes it: any error will do, a panic will not.
fn read(bytes: &[u8], store: &mut Store) -> Result<String, PayloadError> {
    let recipe = Recipe::decode(bytes)?;
    recipe.items().for_each(drop);
    let mut joiner = Joiner::new(1 << 16);
    joiner.add(bytes)?;
    store.fetch(&mut joiner)?;
    _ = joiner.messages(bytes);
    joiner.join(bytes)
}

proptest! {
    #[test]
    fn any_json_comes_back_byte_for_byte(text in value()) {
        let parsed = serde_json::from_str::<Box<serde_json::value::RawValue>>(&text);
        prop_assert!(parsed.is_ok(), "the generator makes JSON");
        Store::default().assert_round_trip(&text);
    }

    #[test]
    fn payloads_of_all_dialects_come_back_byte_for_byte(text in payload()) {
        Store::default().assert_round_trip(&text);
    }

    #[test]
    fn text_that_is_no_json_comes_back_as_well(text in payload(), cut in any::<prop::sample::Index>(), end in ".*") {
        let mut at = cut.index(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        Store::default().assert_round_trip(&format!("{}{end}", &text[..at]));
        Store::default().assert_round_trip(&format!("{end}{}", &text[at..]));
    }

    #[test]
    fn parts_come_after_those_they_refer_to_and_each_once(text in payload()) {
        let split = split(&text);
        let mut seen = std::collections::HashSet::new();
        for part in split.parts() {
            for reference in Recipe::decode(part.body).unwrap().references() {
                prop_assert!(seen.contains(&reference.id));
            }
            prop_assert!(seen.insert(part.id));
        }
        let recipe = Recipe::decode(split.recipe()).unwrap();
        prop_assert_eq!(recipe.text_bytes(), text.len());
        prop_assert!(recipe.references().all(|reference| seen.contains(&reference.id)));
    }

    #[test]
    fn random_bytes_are_refused_or_read_but_never_panic(mut bytes in vec(any::<u8>(), 0..200)) {
        _ = read(&bytes, &mut Store::default());
        _ = Codec::new(3).unwrap().decode(&bytes, 1 << 16);
        if let Some(first) = bytes.first_mut() {
            *first = 1;
        }
        _ = read(&bytes, &mut Store::default());
        _ = Codec::new(3).unwrap().decode(&bytes, 1 << 16);
    }

    #[test]
    fn recipes_with_a_changed_byte_never_panic(
        text in payload(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        in_parts: bool,
    ) {
        let mut store = Store::default();
        let (mut recipe, _) = store.put(&text);
        if in_parts {
            for body in store.parts.values_mut() {
                let at = place.index(body.len());
                body[at] = byte;
            }
        } else {
            let at = place.index(recipe.len());
            recipe[at] = byte;
        }
        _ = read(&recipe, &mut store);
    }

    #[test]
    fn bodies_come_back_from_compression(body in vec(any::<u8>(), 0..300), text in payload()) {
        let mut codec = Codec::new(3).unwrap();
        for body in [&body[..], text.as_bytes()] {
            let mut stored = Vec::new();
            codec.encode(body, &mut stored);
            prop_assert!(stored.len() <= body.len() + 1);
            prop_assert_eq!(codec.decode(&stored, body.len()).unwrap(), body);
        }
    }
}

#[test]
fn texts_over_the_limit_are_refused_before_anything_is_fetched() {
    let text = format!(
        "[{}]",
        vec![format!("\"{}\"", "x".repeat(400)); 30].join(",")
    );
    let recipe = split(&text).into_recipe();
    let mut joiner = Joiner::new(text.len() - 1);
    assert!(matches!(
        joiner.add(&recipe),
        Err(PayloadError::TooLarge { .. })
    ));
    assert!(joiner.missing().is_empty());
}

/// A body that refers to one part only: version, number, id.
fn referring_to(id: PartId, text_bytes: u8) -> Vec<u8> {
    let mut body = vec![1, text_bytes << 2 | 3];
    body.extend_from_slice(id.as_bytes());
    body
}

#[test]
fn parts_that_hold_themselves_are_refused() {
    let id = PartId::from_bytes([7; 16]);
    let body = referring_to(id, 5);
    let mut joiner = Joiner::new(100);
    joiner.add(&body).unwrap();
    assert_eq!(joiner.missing(), [id]);
    joiner.insert(id, body.clone()).unwrap();
    assert!(joiner.missing().is_empty());
    assert!(matches!(joiner.join(&body), Err(PayloadError::Corrupt(_))));
}

#[test]
fn a_chain_of_parts_without_end_is_refused() {
    let id = |n: u8| PartId::from_bytes([n; 16]);
    let mut joiner = Joiner::new(100);
    joiner.add(&referring_to(id(0), 5)).unwrap();
    let refused = (0..u8::MAX).any(|n| joiner.insert(id(n), referring_to(id(n + 1), 5)).is_err());
    assert!(refused);
}

#[test]
fn parts_whose_length_is_not_as_announced_are_refused() {
    let id = PartId::from_bytes([7; 16]);
    let mut joiner = Joiner::new(100);
    joiner.add(&referring_to(id, 5)).unwrap();
    let longer = split("\"longer\"").into_recipe();
    assert!(matches!(
        joiner.insert(id, longer),
        Err(PayloadError::Corrupt(_))
    ));
    assert!(
        matches!(joiner.join(&referring_to(id, 5)), Err(PayloadError::Missing(missing)) if missing == id)
    );
}
