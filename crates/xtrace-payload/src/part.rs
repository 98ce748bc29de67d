//! The name of a part: a hash of what it is.

use std::fmt;

/// The first 128 bits of BLAKE3 over a part's encoded body: equal bodies have equal ids, in every process and for
/// good. Two different bodies of one id are not to be expected within 2⁶⁴ parts, chosen by an adversary or not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId([u8; Self::BYTES]);

impl PartId {
    pub const BYTES: usize = 16;

    /// The id of a part with this body, as encoded by this crate and not compressed.
    pub fn of(body: &[u8]) -> Self {
        let hash = blake3::hash(body);
        let (id, _) = hash
            .as_bytes()
            .split_first_chunk()
            .expect("a BLAKE3 hash has 32 bytes");
        Self(*id)
    }

    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// 64 of its bits, which are as good as random.
    pub(crate) fn low_bits(self) -> u64 {
        let (low, _) = self.0.split_first_chunk().expect("16 bytes begin with 8");
        u64::from_le_bytes(*low)
    }
}

impl fmt::Display for PartId {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
