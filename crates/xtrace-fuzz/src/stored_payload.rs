//! Recipes, parts and compressed bodies as a damaged store may hand them out: refused, in bounded memory and time.

use xtrace_payload::{Codec, Item, Joiner, PartId, PayloadError, Recipe};

use crate::bytes::{choice, pieces};

const TEXT_BYTES_MAX: usize = 1 << 16;

/// The first piece is a payload's recipe, all pieces are bodies of parts: the first byte of an id says which. So parts may
/// name themselves, each other, and what is not there.
pub fn run(data: &[u8]) {
    let (choice, data) = choice(data);
    check_codec(data);
    let bodies = pieces(data, 8);
    let recipe = bodies[0];
    check_recipe(recipe);
    let mut joiner = match choice % 2 {
        0 => Joiner::new(TEXT_BYTES_MAX),
        _ => Joiner::for_messages(TEXT_BYTES_MAX),
    };
    if joiner.add(recipe).is_err() || fetch(&mut joiner, &bodies).is_err() {
        return;
    }
    if let Ok(text) = joiner.join(recipe) {
        let length = Recipe::decode(recipe).map(|recipe| recipe.text_bytes());
        assert!(length.is_ok_and(|length| length == text.len()));
    }
    for message in joiner.messages(recipe).unwrap_or_default() {
        assert!(message.start + message.text_bytes <= TEXT_BYTES_MAX);
    }
}

fn fetch(joiner: &mut Joiner, bodies: &[&[u8]]) -> Result<(), PayloadError> {
    // Each part is asked for once, so this ends.
    loop {
        let missing = joiner.missing();
        if missing.is_empty() {
            return Ok(());
        }
        for id in missing {
            if let Some(body) = bodies.get(usize::from(id.as_bytes()[0])) {
                joiner.insert(id, body.to_vec())?;
            }
        }
    }
}

/// What is read as a recipe has the lengths it says, and every item of it.
fn check_recipe(bytes: &[u8]) {
    let Ok(recipe) = Recipe::decode(bytes) else {
        return;
    };
    let lengths = recipe.items().map(|item| match item {
        Item::Literal(text) => text.len(),
        Item::Part(part) => part.text_bytes,
    });
    let sum: u128 = lengths.map(|bytes| bytes as u128).sum();
    assert_eq!(sum, recipe.text_bytes() as u128);
    // One form for one content, or equal texts would have different ids.
    assert_eq!(PartId::of(bytes), PartId::of(bytes));
}

/// Whatever a compressed body says it holds, no more than the limit is given out, and what was given out can be kept.
fn check_codec(data: &[u8]) {
    let mut codec = Codec::new(1).expect("level 1 exists");
    if let Ok(body) = codec.decode(data, TEXT_BYTES_MAX) {
        assert!(body.len() <= TEXT_BYTES_MAX);
        let mut stored = Vec::new();
        codec.encode(&body, &mut stored);
        let again = codec.decode(&stored, TEXT_BYTES_MAX);
        assert_eq!(again.expect("what was encoded"), body);
    }
}
