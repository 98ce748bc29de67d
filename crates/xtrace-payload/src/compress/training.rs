//! Samples of what is stored, and dictionaries made of them.

use crate::PayloadError;

/// Samples kept, together. Bytes; some tens of times a dictionary's size.
const SAMPLES_BYTES_MAX: usize = 3 << 20;
/// Of a long body only the beginning is kept, so that a few of them do not fill the store.
const SAMPLE_BYTES_MAX: usize = 8 << 10;
/// Shorter bodies are not compressed anyway.
const SAMPLE_BYTES_MIN: usize = 48;

/// Keeps an even selection of all bodies it has seen, in bounded memory and without chance: every n-th one, and
/// when there are too many, every second of them.
#[derive(Debug)]
pub struct Trainer {
    bytes: Vec<u8>,
    sizes: Vec<usize>,
    seen: u64,
    stride: u64,
}

impl Default for Trainer {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            sizes: Vec::new(),
            seen: 0,
            stride: 1,
        }
    }
}

impl Trainer {
    /// Shows it a body; most are only counted.
    pub fn see(&mut self, body: &[u8]) {
        if body.len() < SAMPLE_BYTES_MIN {
            return;
        }
        let is_chosen = self.seen.is_multiple_of(self.stride);
        self.seen += 1;
        if !is_chosen {
            return;
        }
        let sample = &body[..body.len().min(SAMPLE_BYTES_MAX)];
        self.bytes.extend_from_slice(sample);
        self.sizes.push(sample.len());
        while self.bytes.len() > SAMPLES_BYTES_MAX {
            self.thin_out();
        }
    }

    fn thin_out(&mut self) {
        let mut bytes = Vec::with_capacity(SAMPLES_BYTES_MAX);
        let mut sizes = Vec::with_capacity(self.sizes.len() / 2 + 1);
        let mut start = 0;
        for (index, &size) in self.sizes.iter().enumerate() {
            if index % 2 == 0 {
                bytes.extend_from_slice(&self.bytes[start..start + size]);
                sizes.push(size);
            }
            start += size;
        }
        self.bytes = bytes;
        self.sizes = sizes;
        self.stride *= 2;
    }

    /// Bodies that it was shown.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Bytes of samples that it keeps; zstd advises a hundred times the dictionary's size, or some tens of times.
    pub fn sample_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// A dictionary of at most `bytes_max` bytes; the same samples give the same one. Takes long
    /// enough to keep it from a thread that answers requests.
    ///
    /// # Errors
    /// [`PayloadError::Training`] with too few samples, or samples that have too little in common.
    pub fn train(&self, bytes_max: usize) -> Result<Vec<u8>, PayloadError> {
        zstd::dict::from_continuous(&self.bytes, &self.sizes, bytes_max).map_err(|source| {
            PayloadError::Training {
                samples: self.sizes.len(),
                source,
            }
        })
    }
}
