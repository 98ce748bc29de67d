//! Recipes and parts become texts again, byte by byte as they were.
//!
//! Parts are fetched in rounds, as many at once as the recipes seen so far name; each part is asked for and read
//! once, however many payloads share it. Lengths are checked before anything is put together: whatever a store
//! hands out, a text takes no more memory than the caller allows.

use std::collections::{HashMap, HashSet};

use crate::recipe::{Item, Items, Kind, Recipe, Reference};
use crate::{PartId, PayloadError};

/// Parts within parts, groups of groups included. What [`split`](crate::split()) writes stays far below it.
const NESTING_MAX: usize = 128;

/// Collects the parts of some payloads, then joins them.
///
/// ```
/// # use std::collections::HashMap;
/// # use xtrace_payload::{split, Joiner, PartId};
/// # let text = format!(r#"[{{"role":"user","content":"{}"}}]"#, "word ".repeat(100));
/// # let split = split(&text);
/// # let store: HashMap<PartId, Vec<u8>> = split.parts().map(|part| (part.id, part.body.to_vec())).collect();
/// # let recipes = [split.recipe()];
/// let mut joiner = Joiner::new(20 << 20);
/// for recipe in recipes {
///     joiner.add(recipe)?;
/// }
/// loop {
///     let round = joiner.missing();
///     if round.is_empty() {
///         break;
///     }
///     for id in round {
///         joiner.insert(id, store[&id].clone())?;
///     }
/// }
/// assert_eq!(joiner.join(recipes[0])?, text);
/// # Ok::<(), xtrace_payload::PayloadError>(())
/// ```
#[derive(Debug)]
pub struct Joiner {
    text_bytes_max: usize,
    groups_only: bool,
    slots: HashMap<PartId, Slot>,
    missing: Vec<PartId>,
}

#[derive(Debug)]
struct Slot {
    text_bytes: usize,
    /// How far it lies below the first recipe that led to it.
    nesting: usize,
    body: Option<Vec<u8>>,
}

/// A message of a payload, or a long text that belongs to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    pub id: PartId,
    /// Where it begins in the payload's text. Bytes.
    pub start: usize,
    /// Bytes of its text.
    pub text_bytes: usize,
}

impl Joiner {
    /// For texts of up to `text_bytes_max` bytes each.
    pub fn new(text_bytes_max: usize) -> Self {
        Self {
            text_bytes_max,
            groups_only: false,
            slots: HashMap::new(),
            missing: Vec::new(),
        }
    }

    /// Asks for groups alone: enough for [`messages`](Self::messages), and far less than the texts.
    pub fn for_messages(text_bytes_max: usize) -> Self {
        Self {
            groups_only: true,
            ..Self::new(text_bytes_max)
        }
    }

    /// Notes the parts of a payload.
    ///
    /// # Errors
    /// The recipe is corrupt, or its text too large.
    pub fn add(&mut self, recipe: &[u8]) -> Result<(), PayloadError> {
        let recipe = self.decode(recipe)?;
        self.want(recipe, 0)
    }

    /// Parts to fetch next, each named once in the joiner's life; none when all are here that the store had.
    pub fn missing(&mut self) -> Vec<PartId> {
        std::mem::take(&mut self.missing)
    }

    /// Takes the body of a part. One that nobody asked for is ignored.
    ///
    /// # Errors
    /// The body is corrupt, or is not what the recipes say of it.
    pub fn insert(&mut self, id: PartId, body: Vec<u8>) -> Result<(), PayloadError> {
        let Some(slot) = self.slots.get(&id) else {
            return Ok(());
        };
        let nesting = slot.nesting + 1;
        let recipe = Recipe::decode(&body)?;
        if recipe.text_bytes() != slot.text_bytes {
            return Err(PayloadError::Corrupt("part has another length"));
        }
        self.want(recipe, nesting)?;
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.body = Some(body);
        }
        Ok(())
    }

    fn want(&mut self, recipe: Recipe<'_>, nesting: usize) -> Result<(), PayloadError> {
        if nesting > NESTING_MAX {
            return Err(PayloadError::Corrupt("parts are nested too deep"));
        }
        for reference in recipe.references() {
            if self.groups_only && reference.kind != Kind::Group {
                continue;
            }
            let slot = self.slots.entry(reference.id).or_insert_with(|| {
                self.missing.push(reference.id);
                Slot {
                    text_bytes: reference.text_bytes,
                    nesting,
                    body: None,
                }
            });
            if slot.text_bytes != reference.text_bytes {
                return Err(PayloadError::Corrupt("references disagree on a length"));
            }
        }
        Ok(())
    }

    /// The text of a payload.
    ///
    /// # Errors
    /// [`PayloadError::Missing`] for a part that has not been inserted; the recipe is corrupt, or its text too large.
    pub fn join(&self, recipe: &[u8]) -> Result<String, PayloadError> {
        let recipe = self.decode(recipe)?;
        let mut text = Vec::with_capacity(recipe.text_bytes());
        self.walk(recipe, |item| match item {
            Item::Literal(bytes) => {
                text.extend_from_slice(bytes);
                false
            }
            Item::Part(_) => true,
        })?;
        String::from_utf8(text).map_err(|_| PayloadError::Corrupt("text is not UTF-8"))
    }

    /// The messages of a payload in order, and long texts outside of messages, as often as they occur. What is too
    /// short for a part is not among them.
    ///
    /// # Errors
    /// As [`join`](Self::join); only groups need to be here.
    pub fn messages(&self, recipe: &[u8]) -> Result<Vec<Message>, PayloadError> {
        let mut messages = Vec::new();
        let mut start = 0;
        self.walk(self.decode(recipe)?, |item| match item {
            Item::Literal(text) => {
                start += text.len();
                false
            }
            Item::Part(reference) if reference.kind == Kind::Group => true,
            Item::Part(Reference { id, text_bytes, .. }) => {
                messages.push(Message {
                    id,
                    start,
                    text_bytes,
                });
                start += text_bytes;
                false
            }
        })?;
        Ok(messages)
    }

    /// The messages of `this` that none of the `earlier` payloads has.
    ///
    /// # Errors
    /// As [`messages`](Self::messages).
    pub fn new_messages(
        &self,
        earlier: &[&[u8]],
        this: &[u8],
    ) -> Result<Vec<Message>, PayloadError> {
        let mut known = HashSet::new();
        for recipe in earlier {
            known.extend(self.messages(recipe)?.into_iter().map(|message| message.id));
        }
        let mut messages = self.messages(this)?;
        messages.retain(|message| !known.contains(&message.id));
        Ok(messages)
    }

    fn decode<'a>(&self, recipe: &'a [u8]) -> Result<Recipe<'a>, PayloadError> {
        let recipe = Recipe::decode(recipe)?;
        if recipe.text_bytes() > self.text_bytes_max {
            return Err(PayloadError::TooLarge {
                bytes: recipe.text_bytes(),
                bytes_max: self.text_bytes_max,
            });
        }
        Ok(recipe)
    }

    /// Shows all items to `enter`, which says of a part whether to go on inside it.
    fn walk<'a>(
        &'a self,
        recipe: Recipe<'a>,
        mut enter: impl FnMut(Item<'a>) -> bool,
    ) -> Result<(), PayloadError> {
        let mut open: Vec<Items<'a>> = vec![recipe.items()];
        while let Some(items) = open.last_mut() {
            let Some(item) = items.next() else {
                open.pop();
                continue;
            };
            if let (true, Item::Part(reference)) = (enter(item), item) {
                if open.len() > NESTING_MAX {
                    return Err(PayloadError::Corrupt("parts are nested too deep"));
                }
                open.push(self.inside(reference)?.items());
            }
        }
        Ok(())
    }

    fn inside(&self, reference: Reference) -> Result<Recipe<'_>, PayloadError> {
        let slot = self.slots.get(&reference.id);
        let body = slot.and_then(|slot| slot.body.as_deref());
        let recipe = Recipe::decode(body.ok_or(PayloadError::Missing(reference.id))?)?;
        if recipe.text_bytes() != reference.text_bytes {
            return Err(PayloadError::Corrupt("part has another length"));
        }
        Ok(recipe)
    }
}
