//! Codecs, lent to one thread at a time, all with the same dictionaries.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use xtrace_payload::{Codec, Dictionary, PayloadError};

use super::locked;

/// Higher levels cost more time than they save room (ADR 0008).
const LEVEL: i32 = 3;
/// Codecs kept for later: each holds about a megabyte.
const IDLE_MAX: usize = 4;

#[derive(Debug, Default)]
pub struct Codecs {
    idle: Mutex<Vec<Equipped>>,
    dictionaries: Mutex<BTreeMap<u32, Arc<Dictionary>>>,
}

/// A codec that knows so many of the dictionaries.
#[derive(Debug)]
struct Equipped {
    codec: Codec,
    dictionaries: usize,
}

impl Codecs {
    /// The newest is the one with the highest number; from now on all is compressed with it.
    pub fn add(&self, dictionary: Dictionary) {
        let number = dictionary.number();
        locked(&self.dictionaries)
            .entry(number)
            .or_insert_with(|| Arc::new(dictionary));
    }

    /// The number for the next dictionary.
    pub fn next_number(&self) -> u32 {
        let dictionaries = locked(&self.dictionaries);
        dictionaries
            .keys()
            .next_back()
            .map_or(1, |number| number + 1)
    }

    /// Lends a codec.
    pub fn lend<T>(&self, use_it: impl FnOnce(&mut Codec) -> T) -> Result<T, PayloadError> {
        let idle = locked(&self.idle).pop();
        let mut lent = match idle {
            Some(equipped) => equipped,
            None => Equipped {
                codec: Codec::new(LEVEL)?,
                dictionaries: 0,
            },
        };
        self.equip(&mut lent)?;
        let answer = use_it(&mut lent.codec);
        let mut idle = locked(&self.idle);
        if idle.len() < IDLE_MAX {
            idle.push(lent);
        }
        Ok(answer)
    }

    fn equip(&self, lent: &mut Equipped) -> Result<(), PayloadError> {
        let dictionaries = locked(&self.dictionaries);
        if lent.dictionaries == dictionaries.len() {
            return Ok(());
        }
        for dictionary in dictionaries.values() {
            lent.codec.add(dictionary.clone());
        }
        if let Some(newest) = dictionaries.values().next_back() {
            lent.codec.use_dictionary(newest.clone())?;
        }
        lent.dictionaries = dictionaries.len();
        Ok(())
    }
}
