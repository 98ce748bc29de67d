//! Compression of what is in the payload partitions, and the dictionaries it needs.
//!
//! What it guarantees: nothing is compressed with a dictionary that is not on disk already. What it deliberately
//! does not do: throw a dictionary away; what it compressed may lie in any partition.

use std::sync::{Arc, Mutex, MutexGuard};

use xtrace_payload::{Codec, Dictionary, Trainer};

use super::Truth;
use crate::commit::Writer;
use crate::errors::EmbeddedError;
use crate::failpoint::{Point, hit};

/// Of zstd. Level 6 takes three times as long for a fiftieth of the size (docs/adr/0008).
const LEVEL: i32 = 3;
/// Contexts that wait for their next use, a megabyte each at most.
const IDLE_MAX: usize = 8;
/// Bodies are bounded by what one request may carry; this is what a stored length can say at most.
pub const BODY_BYTES_MAX: usize = u32::MAX as usize;
/// Bytes of samples per byte of dictionary, as zstd advises.
const SAMPLES_PER_BYTE: usize = 32;
const DICTIONARY_BYTES_MAX: usize = 64 << 10;
const DICTIONARY_BYTES_MIN: usize = 1 << 10;
const DICTIONARY: &[u8] = b"dictionary\0";

/// Contexts of compression for all threads.
#[derive(Default)]
pub struct Codecs {
    state: Mutex<State>,
    samples: Mutex<Samples>,
}

#[derive(Default)]
struct State {
    dictionaries: Vec<Arc<Dictionary>>,
    idle: Vec<Codec>,
}

#[derive(Default)]
struct Samples {
    trainer: Trainer,
    is_over: bool,
}

impl Samples {
    fn are_enough(&self, bytes: u64) -> bool {
        !self.is_over && self.trainer.sample_bytes() as u64 >= bytes
    }
}

impl Codecs {
    /// Lends a context that has every dictionary. What is to be read must have been committed before.
    pub fn with<T>(&self, work: impl FnOnce(&mut Codec) -> T) -> Result<T, EmbeddedError> {
        let (mut codec, dictionaries) = self.take()?;
        let done = work(&mut codec);
        let mut state = self.state();
        // One that lacks the newest dictionary is of no use any more.
        if state.dictionaries.len() == dictionaries && state.idle.len() < IDLE_MAX {
            state.idle.push(codec);
        }
        Ok(done)
    }

    /// A context, and how many dictionaries it has.
    fn take(&self) -> Result<(Codec, usize), EmbeddedError> {
        let dictionaries = {
            let mut state = self.state();
            if let Some(codec) = state.idle.pop() {
                return Ok((codec, state.dictionaries.len()));
            }
            state.dictionaries.clone()
        };
        Ok((codec_with(&dictionaries)?, dictionaries.len()))
    }

    /// Compresses with this dictionary from now on.
    fn add(&self, number: u32, bytes: Vec<u8>) -> Result<(), EmbeddedError> {
        let dictionary = Arc::new(Dictionary::new(number, bytes));
        let mut all = self.state().dictionaries.clone();
        all.push(dictionary);
        let codec = codec_with(&all)?;
        *self.state() = State {
            dictionaries: all,
            idle: vec![codec],
        };
        let mut samples = self.samples();
        samples.is_over = true;
        samples.trainer = Trainer::default();
        Ok(())
    }

    pub fn dictionary_count(&self) -> usize {
        self.state().dictionaries.len()
    }

    /// Shows what will be compressed, from which a dictionary may be made.
    pub fn see(&self, bodies: &[&[u8]]) {
        let mut samples = self.samples();
        if !samples.is_over {
            bodies.iter().for_each(|body| samples.trainer.see(body));
        }
    }

    /// Whether there are so many bytes of samples, of which a dictionary is to be made.
    pub fn has_samples(&self, bytes: u64) -> bool {
        self.samples().are_enough(bytes)
    }

    /// The samples, once there are so many bytes of them, if they are to be a dictionary.
    pub fn take_samples(&self, bytes: u64) -> Option<Trainer> {
        let mut samples = self.samples();
        samples.are_enough(bytes).then(|| {
            samples.is_over = true;
            std::mem::take(&mut samples.trainer)
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while held")
    }

    fn samples(&self) -> MutexGuard<'_, Samples> {
        self.samples.lock().expect("no panic while held")
    }
}

fn codec_with(dictionaries: &[Arc<Dictionary>]) -> Result<Codec, EmbeddedError> {
    let mut codec = Codec::new(LEVEL)?;
    if let Some((newest, older)) = dictionaries.split_last() {
        for dictionary in older {
            codec.add(dictionary.clone());
        }
        codec.use_dictionary(newest.clone())?;
    }
    Ok(codec)
}

/// Makes a dictionary; takes seconds.
pub fn train(samples: &Trainer) -> Result<Vec<u8>, EmbeddedError> {
    let bytes = samples.sample_bytes() / SAMPLES_PER_BYTE;
    Ok(samples.train(bytes.clamp(DICTIONARY_BYTES_MIN, DICTIONARY_BYTES_MAX))?)
}

impl Truth {
    /// Makes a dictionary durable under the next number, then compresses with it.
    fn use_dictionary(&self, bytes: Vec<u8>) -> Result<(), EmbeddedError> {
        let number = u32::try_from(self.codecs.dictionary_count() + 1).unwrap_or(u32::MAX);
        let mut batch = self.batch();
        let key = [DICTIONARY, &number.to_be_bytes()].concat();
        batch.insert(&self.meta, key, bytes.as_slice());
        self.commit(batch)?;
        hit(Point::AfterDictionaryStored)?;
        self.codecs.add(number, bytes)
    }

    /// Takes up all dictionaries on disk, by number.
    pub(super) fn load_dictionaries(&self) -> Result<(), EmbeddedError> {
        for entry in self.meta.prefix(DICTIONARY) {
            let (key, bytes) = entry.into_inner()?;
            let number = key[DICTIONARY.len()..].try_into().map(u32::from_be_bytes);
            let number = number.map_err(|_| EmbeddedError::Corrupt {
                what: "dictionary",
                why: "its key is not a number".to_owned(),
            })?;
            self.codecs.add(number, bytes.to_vec())?;
        }
        Ok(())
    }
}

impl Writer {
    /// Keeps a dictionary and compresses with it from now on.
    pub fn use_dictionary(&mut self, bytes: Vec<u8>) -> Result<(), EmbeddedError> {
        self.instance.truth.use_dictionary(bytes)
    }
}
