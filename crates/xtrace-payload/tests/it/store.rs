//! A payload store in memory.

use std::collections::HashMap;

use xtrace_payload::{Joiner, PartId, PayloadError, split};

#[derive(Default)]
pub struct Store {
    pub parts: HashMap<PartId, Vec<u8>>,
    /// Bytes of parts that were new, and of all recipes.
    pub bytes: usize,
    pub rounds: usize,
}

impl Store {
    /// Keeps the text; says how many parts were new.
    pub fn put(&mut self, text: &str) -> (Vec<u8>, usize) {
        let split = split(text);
        let mut new = 0;
        for part in split.parts() {
            if !self.parts.contains_key(&part.id) {
                assert_eq!(PartId::of(part.body), part.id);
                self.bytes += part.body.len() + PartId::BYTES;
                self.parts.insert(part.id, part.body.to_vec());
                new += 1;
            }
        }
        self.bytes += split.recipe().len();
        (split.into_recipe(), new)
    }

    pub fn fetch(&mut self, joiner: &mut Joiner) -> Result<usize, PayloadError> {
        let mut fetched = 0;
        self.rounds = 0;
        loop {
            let round = joiner.missing();
            if round.is_empty() {
                return Ok(fetched);
            }
            self.rounds += 1;
            fetched += round.len();
            for id in round {
                if let Some(body) = self.parts.get(&id) {
                    joiner.insert(id, body.clone())?;
                }
            }
        }
    }

    pub fn get(&mut self, recipe: &[u8]) -> Result<String, PayloadError> {
        let mut joiner = Joiner::new(1 << 30);
        joiner.add(recipe)?;
        self.fetch(&mut joiner)?;
        joiner.join(recipe)
    }

    pub fn assert_round_trip(&mut self, text: &str) {
        let (recipe, _) = self.put(text);
        let joined = self.get(&recipe).expect("all parts are here");
        assert_eq!(joined, text);
    }
}
