//! Texts that the store holds already, while patches are joined with them.
//!
//! Joining looks at a stored text only where a patch is as late or later, and then asks whether the two are the same (or,
//! equally late, which is greater). A patch that says nothing of a field, or of another length, needs no stored
//! text: a placeholder takes its place, and its recipe is kept. So an update of an output does not read the input.

use std::sync::Arc;

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use xtrace_model::{JsonText, Latest, Stamp};
use xtrace_payload::{PayloadError, Recipe};

use crate::parts::{Parts, Prepared, Shelf, Texts, Trouble, Unfolded};

/// No JSON value: nothing that is sent equals it.
const PLACEHOLDER: &str = "";

/// A text that is stored as a recipe.
pub struct Held {
    /// The text, or what takes its place.
    text: JsonText,
    /// In its stored form.
    recipe: Vec<u8>,
    has_parts: bool,
}

impl Held {
    /// The recipe, if the text is still the one after joining.
    pub fn recipe_of(&self, text: &JsonText) -> Option<&[u8]> {
        std::ptr::eq(self.text.as_str(), text.as_str()).then_some(&self.recipe)
    }

    pub fn has_parts(&self) -> bool {
        self.has_parts
    }
}

/// A field of a stored payload, and what patches say of it.
pub struct Field<'a> {
    pub shelf: Shelf<'a>,
    pub stamp: Option<Stamp>,
    pub stored: StoredField,
    pub patches: Vec<&'a Latest<JsonText>>,
}

/// A field as it lies in its row.
pub enum StoredField {
    Absent,
    Text(String),
    Recipe(Vec<u8>),
}

impl StoredField {
    /// From two columns: the text of servers before there were recipes comes first, because such a server does not
    /// know of the recipe beside it.
    pub fn of(row: &PgRow, text: &str, recipe: &str) -> sqlx::Result<Self> {
        if let Some(text) = row.try_get(text)? {
            return Ok(Self::Text(text));
        }
        let recipe: Option<Vec<u8>> = row.try_get(recipe)?;
        Ok(recipe.map_or(Self::Absent, Self::Recipe))
    }
}

/// What joining works with.
#[derive(Default)]
pub struct Resolved {
    pub text: Option<JsonText>,
    pub held: Option<Held>,
}

/// What of a stored text has to be known.
enum Need {
    Nothing,
    Known(JsonText),
    Text,
}

/// Resolves all fields, in order, reading as few texts as possible.
pub async fn resolve(
    connection: &mut PgConnection,
    parts: &Arc<Parts>,
    prepared: &Prepared,
    fields: Vec<Field<'_>>,
) -> Result<Vec<Resolved>, Trouble> {
    let stored = fields.iter().filter_map(|field| match &field.stored {
        StoredField::Recipe(recipe) => Some(recipe.clone()),
        _ => None,
    });
    let mut recipes = parts
        .unpack(connection, stored.collect())
        .await?
        .into_iter();
    let mut needs = Vec::with_capacity(fields.len());
    let mut texts = Texts::default();
    for field in &fields {
        let recipe = match &field.stored {
            StoredField::Recipe(_) => recipes.next(),
            _ => None,
        };
        let need = match &recipe {
            Some(recipe) => field.need(&recipe.body, prepared)?,
            None => Need::Nothing,
        };
        if let (Need::Text, Some(recipe)) = (&need, &recipe) {
            texts.add(field.shelf, recipe)?;
        }
        needs.push((recipe, need));
    }
    texts.fetch(parts, connection).await?;
    let resolved = fields.into_iter().zip(needs);
    resolved
        .map(|(field, (recipe, need))| field.resolved(recipe.as_ref(), need, &texts))
        .collect::<Result<_, _>>()
        .map_err(Trouble::from)
}

impl Field<'_> {
    fn need(&self, recipe: &[u8], prepared: &Prepared) -> Result<Need, PayloadError> {
        let text_bytes = Recipe::decode(recipe)?.text_bytes();
        let mut need = Need::Nothing;
        for patch in &self.patches {
            if patch.stamp() < self.stamp || patch.is_absent() {
                continue;
            }
            if patch.stamp() == self.stamp {
                return Ok(Need::Text);
            }
            let Some(text) = patch.get().filter(|text| text.as_str().len() == text_bytes) else {
                continue;
            };
            match prepared.text(text) {
                Some(prepared) if prepared.split.recipe() == recipe => {
                    need = Need::Known(text.clone());
                }
                // The same text may have been split by other rules.
                _ => return Ok(Need::Text),
            }
        }
        Ok(need)
    }

    fn resolved(
        self,
        recipe: Option<&Unfolded>,
        need: Need,
        texts: &Texts,
    ) -> Result<Resolved, PayloadError> {
        let (stored, recipe) = match (self.stored, recipe) {
            (StoredField::Recipe(stored), Some(recipe)) => (stored, recipe),
            (StoredField::Text(text), _) => {
                return Ok(Resolved {
                    text: Some(JsonText::from_stored(text)),
                    held: None,
                });
            }
            _ => return Ok(Resolved::default()),
        };
        let text = match need {
            Need::Nothing => JsonText::from_stored(PLACEHOLDER),
            Need::Known(text) => text,
            Need::Text => JsonText::from_stored(texts.join(self.shelf, &recipe.body)?),
        };
        let held = Held {
            text: text.clone(),
            recipe: stored,
            has_parts: Recipe::decode(&recipe.body)?.references().next().is_some(),
        };
        Ok(Resolved {
            text: Some(text),
            held: Some(held),
        })
    }
}
