//! What can go wrong between stored bytes and text.

use crate::PartId;

/// Splitting and compressing cannot fail for lack of sense in the text; all of these are about what was stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// Bytes that this crate has not written, or that have changed since.
    #[error("stored payload is corrupt: {0}")]
    Corrupt(&'static str),
    /// A recipe names a part that the store does not have.
    #[error("part {0} is missing")]
    Missing(PartId),
    /// More text than the caller has room for.
    #[error("payload has {bytes} bytes; the limit is {bytes_max}")]
    TooLarge { bytes: usize, bytes_max: usize },
    /// Compressed with a dictionary that the codec has not been given.
    #[error("dictionary {0} is unknown")]
    UnknownDictionary(u32),
    /// There is too little to train a dictionary from, or the library refuses the samples.
    #[error("no dictionary could be trained from {samples} samples")]
    Training {
        samples: usize,
        #[source]
        source: std::io::Error,
    },
    /// The library refuses: its code is the name of one of its errors.
    #[error("zstd: {0}")]
    Compression(&'static str),
}
