//! Before a transaction: texts are split and what is new of them compressed, so that no lock is held meanwhile.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use xtrace_model::{JsonText, ProjectId};
use xtrace_payload::{PartId, PayloadError, Split, Trainer, split};

use super::known::Known;
use super::{Parts, Trouble, locked};
use crate::week::Week;

/// Texts that have been split, found by where they lie in memory.
#[derive(Default)]
pub struct Prepared {
    texts: HashMap<(usize, usize), PreparedText>,
    /// The stored forms of parts that were not known to be there.
    bodies: HashMap<PartId, Vec<u8>>,
}

/// One of them.
pub struct PreparedText {
    /// Kept so that no other text takes its place in memory.
    _text: JsonText,
    pub split: Split,
    /// The stored form of its recipe.
    pub recipe: Vec<u8>,
}

impl Prepared {
    pub fn text(&self, text: &JsonText) -> Option<&PreparedText> {
        self.texts.get(&place(text))
    }

    fn insert(&mut self, text: JsonText, split: Split, recipe: Vec<u8>) {
        let place = place(&text);
        let prepared = PreparedText {
            _text: text,
            split,
            recipe,
        };
        self.texts.insert(place, prepared);
    }

    /// The stored form of a part, if it was made.
    pub fn body(&self, id: PartId) -> Option<&[u8]> {
        self.bodies.get(&id).map(Vec::as_slice)
    }
}

fn place(text: &JsonText) -> (usize, usize) {
    let text = text.as_str();
    (text.as_ptr().addr(), text.len())
}

impl Parts {
    /// Splits texts for the projects and week in which they will most probably be kept.
    pub async fn prepare(
        self: &Arc<Self>,
        texts: Vec<(ProjectId, JsonText)>,
        week: Week,
    ) -> Result<Prepared, Trouble> {
        if texts.is_empty() {
            return Ok(Prepared::default());
        }
        let parts = self.clone();
        let preparing = tokio::task::spawn_blocking(move || parts.prepare_here(texts, week));
        let prepared = preparing.await;
        prepared
            .unwrap_or(Err(PayloadError::Corrupt(
                "splitting did not come to its end",
            )))
            .map_err(Trouble::from)
            .map(|(prepared, trainer)| {
                if let Some(trainer) = trainer {
                    self.train_in_background(trainer);
                }
                prepared
            })
    }

    fn prepare_here(
        &self,
        texts: Vec<(ProjectId, JsonText)>,
        week: Week,
    ) -> Result<(Prepared, Option<Trainer>), PayloadError> {
        let mut prepared = Prepared::default();
        let mut splits = Vec::with_capacity(texts.len());
        for (project, text) in texts {
            splits.push((project, split(text.as_str()), text));
        }
        let new = self.new_parts(&splits, week);
        let trainer = self.show(&new);
        let recipes = self.codecs.lend(|codec| {
            let mut pack = |body: &[u8]| {
                let mut stored = Vec::new();
                codec.encode(body, &mut stored);
                stored
            };
            prepared.bodies = new.iter().map(|(id, body)| (*id, pack(body))).collect();
            let recipes = splits.iter().map(|(_, split, _)| pack(split.recipe()));
            recipes.collect::<Vec<_>>()
        })?;
        for ((_, split, text), recipe) in splits.into_iter().zip(recipes) {
            prepared.insert(text, split, recipe);
        }
        Ok((prepared, trainer))
    }

    /// Each distinct part that is not known to be there, for all that can be said before there is a lock.
    fn new_parts<'a>(
        &self,
        splits: &'a [(ProjectId, Split, JsonText)],
        week: Week,
    ) -> Vec<(PartId, &'a [u8])> {
        let mut known = locked(&self.known);
        let mut seen = HashSet::new();
        let mut new = Vec::new();
        for in_project in splits.chunk_by(|a, b| a.0 == b.0) {
            let Some((project, ..)) = in_project.first() else {
                continue;
            };
            let salt = Known::salt((week, project.as_str()));
            for part in in_project.iter().flat_map(|(_, split, _)| split.parts()) {
                if !known.contains(salt, part.id) && seen.insert(part.id) {
                    new.push((part.id, part.body));
                }
            }
        }
        new
    }

    /// Splits texts at once, with nothing compressed but recipes: for the few that turn up within a transaction.
    pub fn prepare_now(&self, texts: Vec<JsonText>) -> Result<Prepared, PayloadError> {
        let mut prepared = Prepared::default();
        for text in texts {
            let split = split(text.as_str());
            let recipe = self.pack(split.recipe())?;
            prepared.insert(text, split, recipe);
        }
        Ok(prepared)
    }
}
