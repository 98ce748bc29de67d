//! Before a transaction: texts are split and what is new of them compressed, so that no lock is held meanwhile.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use xtrace_model::{JsonText, ProjectId};
use xtrace_payload::{Part, PartId, PayloadError, Split, Trainer, split};

use super::inline::{Small, is_small, names_rows};
use super::known::Known;
use super::{Parts, Trouble, locked};
use crate::week::Week;

/// Texts that have been split, found by where they lie in memory.
#[derive(Default)]
pub struct Prepared {
    texts: HashMap<(usize, usize), PreparedText>,
    /// Parts that were not known to be there.
    new: HashMap<PartId, NewPart>,
}

/// One of them.
pub struct PreparedText {
    /// Kept so that no other text takes its place in memory.
    _text: JsonText,
    pub split: Split,
    /// The stored form of its recipe.
    pub recipe: Vec<u8>,
}

/// A part to be added, in its stored form.
pub struct NewPart {
    pub has_parts: bool,
    pub stored: Vec<u8>,
}

impl PreparedText {
    /// The parts that are rows of their own.
    pub fn rows(&self) -> impl Iterator<Item = PartId> {
        rows(&self.split).map(|part| part.id)
    }
}

fn rows(split: &Split) -> impl Iterator<Item = Part<'_>> {
    split.parts().filter(|part| !is_small(part.body))
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

    /// Takes the stored form of a part, if it was made.
    pub fn new_part(&self, id: PartId) -> Option<&NewPart> {
        self.new.get(&id)
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
        let (prepared, trainer) = preparing.await??;
        if let Some(trainer) = trainer {
            self.train_in_background(trainer);
        }
        Ok(prepared)
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
        let recipes = splits.iter();
        let recipes = recipes.map(|(_, split, _)| Small::of(split).fold(split.recipe()));
        let recipes: Vec<Vec<u8>> = recipes.collect();
        let trainer = self.show(new.iter().map(|(_, body)| body).chain(&recipes));
        prepared.new = self.pack_new(new)?;
        for ((_, split, text), recipe) in splits.into_iter().zip(recipes) {
            prepared.insert(text, split, self.pack(&recipe)?);
        }
        Ok((prepared, trainer))
    }

    /// The stored forms of folded bodies.
    fn pack_new(
        &self,
        new: Vec<(PartId, Vec<u8>)>,
    ) -> Result<HashMap<PartId, NewPart>, PayloadError> {
        self.codecs.lend(|codec| {
            let packed = new.into_iter().map(|(id, body)| {
                let mut stored = Vec::new();
                codec.encode(&body, &mut stored);
                let has_parts = names_rows(&body);
                (id, NewPart { has_parts, stored })
            });
            packed.collect()
        })
    }

    /// Each distinct part that is not known to be there, for all that can be said before there is a lock; folded.
    fn new_parts(
        &self,
        splits: &[(ProjectId, Split, JsonText)],
        week: Week,
    ) -> Vec<(PartId, Vec<u8>)> {
        let mut seen = HashSet::new();
        let mut new = Vec::new();
        for in_project in splits.chunk_by(|a, b| a.0 == b.0) {
            let Some((project, ..)) = in_project.first() else {
                continue;
            };
            let salt = Known::salt((week, project.as_str()));
            for (_, split, _) in in_project {
                let unknown: Vec<Part<'_>> = {
                    let mut known = locked(&self.known);
                    let parts = rows(split);
                    parts
                        .filter(|part| !known.contains(salt, part.id) && seen.insert(part.id))
                        .collect()
                };
                if !unknown.is_empty() {
                    let small = Small::of(split);
                    new.extend(unknown.iter().map(|part| (part.id, small.fold(part.body))));
                }
            }
        }
        new
    }

    /// Packs parts that turned out to be needed though they were thought to be there.
    pub fn pack_late(
        &self,
        text: &PreparedText,
        ids: &HashSet<PartId>,
    ) -> Result<HashMap<PartId, NewPart>, PayloadError> {
        let small = Small::of(&text.split);
        let parts = rows(&text.split).filter(|part| ids.contains(&part.id));
        self.pack_new(parts.map(|part| (part.id, small.fold(part.body))).collect())
    }

    /// Splits texts at once, with nothing compressed but recipes: for the few that turn up within a transaction.
    pub fn prepare_now(&self, texts: Vec<JsonText>) -> Result<Prepared, PayloadError> {
        let mut prepared = Prepared::default();
        for text in texts {
            let split = split(text.as_str());
            let recipe = self.pack(&Small::of(&split).fold(split.recipe()))?;
            prepared.insert(text, split, recipe);
        }
        Ok(prepared)
    }
}
