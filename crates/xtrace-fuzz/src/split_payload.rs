//! Texts as parts: whatever the text, it comes back byte for byte, from parts that were stored once and compressed.

use std::collections::HashMap;
use std::sync::Arc;

use xtrace_payload::{Codec, Dictionary, Joiner, PartId, Recipe, split};

use crate::bytes::{choice, pieces};

/// A little of what payloads hold, to compress with.
const DICTIONARY: &[u8] =
    br#"{"role":"assistant","content":"{"role":"user","content":"{"messages":[{"role":"system","#;

/// The first byte says whether a dictionary is used, the rest are texts of one store.
pub fn run(data: &[u8]) {
    let (choice, data) = choice(data);
    let mut codec = Codec::new(1).expect("level 1 exists");
    if choice & 1 == 1 {
        let dictionary = Arc::new(Dictionary::new(7, DICTIONARY.to_vec()));
        codec.use_dictionary(dictionary).expect("any bytes will do");
    }
    let mut store = HashMap::new();
    let mut kept = Vec::new();
    for text in pieces(data, 4) {
        let text = String::from_utf8_lossy(text).into_owned();
        let recipe = put(&text, &mut store, &mut codec);
        kept.push((text, recipe));
    }
    for (text, recipe) in &kept {
        check_joined(text, recipe, &store, &mut codec);
    }
}

/// Stores what is new of a text, compressed.
fn put(text: &str, store: &mut HashMap<PartId, Vec<u8>>, codec: &mut Codec) -> Vec<u8> {
    let split = split(text);
    let mut seen = Vec::new();
    for part in split.parts() {
        assert_eq!(PartId::of(part.body), part.id);
        let recipe = Recipe::decode(part.body).expect("a part is a recipe");
        for reference in recipe.references() {
            assert!(
                seen.contains(&reference.id),
                "parts come before who names them"
            );
        }
        seen.push(part.id);
        let mut stored = Vec::new();
        codec.encode(part.body, &mut stored);
        store.insert(part.id, stored);
    }
    assert_eq!(split.part_count(), seen.len());
    let recipe = Recipe::decode(split.recipe()).expect("a recipe was made");
    assert_eq!(recipe.text_bytes(), text.len());
    split.into_recipe()
}

fn check_joined(text: &str, recipe: &[u8], store: &HashMap<PartId, Vec<u8>>, codec: &mut Codec) {
    let mut joiner = Joiner::new(text.len());
    joiner.add(recipe).expect("as long as the text");
    loop {
        let missing = joiner.missing();
        if missing.is_empty() {
            break;
        }
        for id in missing {
            let body = codec
                .decode(&store[&id], 1 << 20)
                .expect("what was encoded");
            joiner.insert(id, body).expect("the part that was named");
        }
    }
    assert_eq!(joiner.join(recipe).expect("all parts are here"), text);
    let messages = joiner.messages(recipe).expect("all parts are here");
    let mut end = 0;
    for message in messages {
        assert!(
            message.start >= end && message.text_bytes > 0,
            "messages overlap"
        );
        end = message.start + message.text_bytes;
        assert!(
            text.get(message.start..end).is_some(),
            "cut inside a character"
        );
    }
}
