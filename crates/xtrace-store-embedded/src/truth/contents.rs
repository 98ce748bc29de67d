//! Payloads as they are stored: for each text a recipe of its parts, everything else as it is, compressed.
//!
//! The first byte is the shape, as of every value: 2 is this one. Shape 1, whole texts without compression, is read
//! as well; what is written anew takes the new shape.

use std::cmp::Ordering;

use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xtrace_model::observation::ObservationContent;
use xtrace_model::trace::TraceContent;
use xtrace_model::{JsonText, Latest};
use xtrace_payload::{Codec, PartId, Recipe, split};

use super::codecs::BODY_BYTES_MAX;
use super::records::{SHAPE as WHOLE_TEXTS, decode};
use crate::errors::EmbeddedError;

const SHAPE: u8 = 2;

/// A text as it is kept.
///
/// Ordered as its text as far as a join can tell: equal recipes are equal texts, and before values of one instant
/// are compared their texts are fetched (`commit::payloads`); between others only equality counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept {
    recipe: RecipeBytes,
    /// Where it is at hand.
    #[serde(skip)]
    pub text: Option<JsonText>,
    /// Of what is not stored yet.
    #[serde(skip)]
    pub parts: Option<Named>,
}

/// The parts of a text, those within parts included.
#[derive(Clone, Debug)]
pub struct Named {
    pub ids: Vec<PartId>,
    /// The partition in which those that are not sent along have been found.
    pub checked: Option<u32>,
}

impl Kept {
    /// A text of which nothing is stored yet.
    pub fn new(text: JsonText, recipe: Vec<u8>, parts: Named) -> Self {
        Self {
            recipe: RecipeBytes(recipe),
            text: Some(text),
            parts: Some(parts),
        }
    }

    /// A text that was stored whole.
    fn whole(text: JsonText) -> Self {
        let split = split(text.as_str());
        let ids = split.parts().map(|part| part.id).collect();
        let parts = Named { ids, checked: None };
        Self::new(text, split.into_recipe(), parts)
    }

    pub fn recipe(&self) -> &[u8] {
        &self.recipe.0
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Kept {}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.recipe() == other.recipe() {
            return Ordering::Equal;
        }
        match (&self.text, &other.text) {
            (Some(ours), Some(theirs)) => ours.cmp(theirs),
            _ => self.recipe().cmp(other.recipe()),
        }
    }
}

/// Bytes that are written at once rather than one by one.
#[derive(Clone, Debug, Default)]
struct RecipeBytes(Vec<u8>);

impl Serialize for RecipeBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for RecipeBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = RecipeBytes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<RecipeBytes, E> {
                Ok(RecipeBytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// The texts of a row.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Texts {
    pub input: Latest<Kept>,
    pub output: Latest<Kept>,
}

impl Texts {
    pub fn all(&self) -> impl Iterator<Item = &Kept> {
        self.input.get().into_iter().chain(self.output.get())
    }

    /// The parts that the recipes name themselves.
    pub fn named(&self) -> Result<Vec<PartId>, EmbeddedError> {
        let mut ids = Vec::new();
        for kept in self.all() {
            ids.extend(named(kept.recipe())?);
        }
        Ok(ids)
    }
}

/// The parts that a recipe, or the body of a part, names itself.
pub fn named(recipe: &[u8]) -> Result<Vec<PartId>, EmbeddedError> {
    let recipe = Recipe::decode(recipe)?;
    Ok(recipe.references().map(|part| part.id).collect())
}

/// Content of the model, whose texts are kept apart.
pub trait Content: Clone + Default + Serialize + DeserializeOwned {
    /// Input and output.
    fn texts(&mut self) -> (&mut Latest<JsonText>, &mut Latest<JsonText>);
    fn has_nothing(&self) -> bool;
}

impl Content for TraceContent {
    fn texts(&mut self) -> (&mut Latest<JsonText>, &mut Latest<JsonText>) {
        (&mut self.input, &mut self.output)
    }

    fn has_nothing(&self) -> bool {
        self.is_absent()
    }
}

impl Content for ObservationContent {
    fn texts(&mut self) -> (&mut Latest<JsonText>, &mut Latest<JsonText>) {
        (&mut self.input, &mut self.output)
    }

    fn has_nothing(&self) -> bool {
        self.is_absent()
    }
}

/// The same register with its value turned into another.
pub fn map<T: Ord, U: Ord>(
    latest: &Latest<T>,
    turn: impl FnOnce(&T) -> Result<U, EmbeddedError>,
) -> Result<Latest<U>, EmbeddedError> {
    Ok(match (latest.stamp(), latest.get()) {
        (Some(stamp), Some(value)) => Latest::set(stamp, turn(value)?),
        (Some(stamp), None) => Latest::cleared(stamp),
        (None, _) => Latest::default(),
    })
}

/// The payload of a row.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StoredContent<C> {
    // INVARIANT: first, so that texts can be read of any row without knowing what follows.
    pub texts: Texts,
    /// Without texts.
    pub rest: C,
}

impl<C: Content> StoredContent<C> {
    /// The value to store.
    pub fn encode(&self, codec: &mut Codec) -> Vec<u8> {
        let mut value = vec![SHAPE];
        codec.encode(&self.to_body(), &mut value);
        value
    }

    fn to_body(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("our records have no shape that postcard lacks")
    }

    pub fn decode(value: &[u8], codec: &mut Codec) -> Result<Self, EmbeddedError> {
        let Some((&SHAPE, stored)) = value.split_first() else {
            let mut rest: C = decode("payload", value)?;
            let (input, output) = rest.texts();
            let whole = |text: &JsonText| Ok(Kept::whole(text.clone()));
            let texts = Texts {
                input: map(&std::mem::take(input), whole)?,
                output: map(&std::mem::take(output), whole)?,
            };
            return Ok(Self { texts, rest });
        };
        let body = codec.decode(stored, BODY_BYTES_MAX)?;
        postcard::from_bytes(&body).map_err(unreadable)
    }
}

/// The texts of any row's payload; none of one that has them whole.
pub fn texts_of(value: &[u8], codec: &mut Codec) -> Result<Texts, EmbeddedError> {
    match value.split_first() {
        Some((&SHAPE, stored)) => {
            let body = codec.decode(stored, BODY_BYTES_MAX)?;
            let (texts, _) = postcard::take_from_bytes(&body).map_err(unreadable)?;
            Ok(texts)
        }
        Some((&WHOLE_TEXTS, _)) => Ok(Texts::default()),
        _ => Err(EmbeddedError::Corrupt {
            what: "payload",
            why: "unknown shape".to_owned(),
        }),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: postcard::Error) -> EmbeddedError {
    EmbeddedError::Corrupt {
        what: "payload",
        why: error.to_string(),
    }
}
