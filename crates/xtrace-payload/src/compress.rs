//! Bodies of parts as they lie on disk: compressed one by one, so that each can be read alone.
//!
//! The first byte says how the rest is to be read:
//!
//! | byte | rest |
//! |---|---|
//! | 0 | the body as it is: too small to compress, or not getting smaller |
//! | 1 | a zstd frame |
//! | 2 | the dictionary's number, 4 bytes, little-endian; then a zstd frame without it |
//!
//! Frames say how long their content is, so that what is too large is refused before it is unpacked.

mod training;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use zstd::dict::DecoderDictionary;
use zstd::zstd_safe::{self, CCtx, CParameter, DCtx};

use crate::PayloadError;
pub use training::Trainer;

const STORED: u8 = 0;
const PLAIN: u8 = 1;
const WITH_DICTIONARY: u8 = 2;
/// Smaller bodies are stored as they are: a frame alone takes a dozen bytes.
const COMPRESS_BYTES_MIN: usize = 48;

/// A dictionary under the number the store keeps it by. It must be kept as long as anything compressed with it.
pub struct Dictionary {
    number: u32,
    bytes: Vec<u8>,
    prepared: DecoderDictionary<'static>,
}

impl Dictionary {
    pub fn new(number: u32, bytes: Vec<u8>) -> Self {
        let prepared = DecoderDictionary::copy(&bytes);
        Self {
            number,
            bytes,
            prepared,
        }
    }

    pub fn number(&self) -> u32 {
        self.number
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dictionary({}, {} bytes)", self.number, self.bytes.len())
    }
}

/// Compresses and decompresses bodies with contexts that are used again and again: one for each thread.
/// Dictionaries are shared between them for decompressing; each keeps its own copy of the current one.
pub struct Codec {
    compressor: CCtx<'static>,
    decompressor: DCtx<'static>,
    current: Option<u32>,
    dictionaries: BTreeMap<u32, Arc<Dictionary>>,
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec")
            .field("current", &self.current)
            .field("dictionaries", &self.dictionaries)
            .finish_non_exhaustive()
    }
}

impl Codec {
    /// Without dictionaries. `level` is zstd's, 1 to 22; what is above is 22.
    ///
    /// # Errors
    /// [`PayloadError::Compression`] if zstd refuses its own parameters.
    pub fn new(level: i32) -> Result<Self, PayloadError> {
        let mut compressor = CCtx::create();
        for parameter in [
            CParameter::CompressionLevel(level),
            CParameter::ContentSizeFlag(true),
            // The header says it; the frame would repeat it.
            CParameter::DictIdFlag(false),
        ] {
            compressor.set_parameter(parameter).map_err(refused)?;
        }
        Ok(Self {
            compressor,
            decompressor: DCtx::create(),
            current: None,
            dictionaries: BTreeMap::new(),
        })
    }

    /// Adds a dictionary for decompressing.
    pub fn add(&mut self, dictionary: Arc<Dictionary>) {
        self.dictionaries.insert(dictionary.number, dictionary);
    }

    /// Adds a dictionary and compresses with it from now on.
    ///
    /// # Errors
    /// [`PayloadError::Compression`] if zstd does not accept it.
    pub fn use_dictionary(&mut self, dictionary: Arc<Dictionary>) -> Result<(), PayloadError> {
        self.compressor
            .load_dictionary(&dictionary.bytes)
            .map_err(refused)?;
        self.current = Some(dictionary.number);
        self.add(dictionary);
        Ok(())
    }

    /// Appends the stored form of `body` to `out`, never more than one byte longer than `body`.
    pub fn encode(&mut self, body: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        if body.len() >= COMPRESS_BYTES_MIN {
            match self.current {
                None => out.push(PLAIN),
                Some(number) => {
                    out.push(WITH_DICTIONARY);
                    out.extend_from_slice(&number.to_le_bytes());
                }
            }
            let frame = out.len();
            out.resize(frame + zstd_safe::compress_bound(body.len()), 0);
            let packed = self.compressor.compress2(&mut out[frame..], body);
            // It cannot fail with room for the worst case; if it did, the body as it is would do.
            let end = packed.map_or(usize::MAX, |bytes| frame + bytes);
            if end - start <= body.len() {
                out.truncate(end);
                return;
            }
            out.truncate(start);
        }
        out.push(STORED);
        out.extend_from_slice(body);
    }

    /// The body of which `stored` is the stored form.
    ///
    /// # Errors
    /// [`PayloadError::TooLarge`] over `bytes_max`, [`PayloadError::UnknownDictionary`], or
    /// [`PayloadError::Corrupt`].
    pub fn decode(&mut self, stored: &[u8], bytes_max: usize) -> Result<Vec<u8>, PayloadError> {
        let (&form, rest) = stored
            .split_first()
            .ok_or(PayloadError::Corrupt("nothing stored"))?;
        match form {
            STORED => {
                check_size(rest.len(), bytes_max)?;
                Ok(rest.to_vec())
            }
            PLAIN => {
                let mut body = room_for(rest, bytes_max)?;
                let unpacked = self.decompressor.decompress(&mut body, rest);
                complete(body, unpacked)
            }
            WITH_DICTIONARY => {
                let (number, frame) = rest
                    .split_first_chunk()
                    .ok_or(PayloadError::Corrupt("dictionary number ends early"))?;
                let number = u32::from_le_bytes(*number);
                let dictionary = self
                    .dictionaries
                    .get(&number)
                    .ok_or(PayloadError::UnknownDictionary(number))?;
                let mut body = room_for(frame, bytes_max)?;
                let unpacked = self.decompressor.decompress_using_ddict(
                    &mut body,
                    frame,
                    dictionary.prepared.as_ddict(),
                );
                complete(body, unpacked)
            }
            _ => Err(PayloadError::Corrupt("unknown form of compression")),
        }
    }
}

/// An empty vector with room for what the frame says it holds. Bodies that are written are never empty of content.
fn room_for(frame: &[u8], bytes_max: usize) -> Result<Vec<u8>, PayloadError> {
    let Ok(Some(bytes)) = zstd_safe::get_frame_content_size(frame) else {
        return Err(PayloadError::Corrupt("frame does not say its size"));
    };
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    check_size(bytes, bytes_max)?;
    Ok(Vec::with_capacity(bytes))
}

fn check_size(bytes: usize, bytes_max: usize) -> Result<(), PayloadError> {
    if bytes > bytes_max {
        return Err(PayloadError::TooLarge { bytes, bytes_max });
    }
    Ok(())
}

fn complete(body: Vec<u8>, unpacked: Result<usize, usize>) -> Result<Vec<u8>, PayloadError> {
    match unpacked {
        Ok(_) => Ok(body),
        Err(_) => Err(PayloadError::Corrupt("frame does not unpack")),
    }
}

fn refused(code: usize) -> PayloadError {
    PayloadError::Compression(zstd_safe::get_error_name(code))
}

#[cfg(test)]
mod tests;
