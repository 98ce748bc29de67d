//! One input as several things.

use xtrace_model::Timestamp;

/// What separates the pieces of an input: no text that is decoded may hold it, and fuzzers learn it from the corpus.
const SEPARATOR: u8 = 0xff;

/// The pieces of an input, at most `max`; the last one keeps what is left.
pub(crate) fn pieces(data: &[u8], max: usize) -> Vec<&[u8]> {
    data.splitn(max, |byte| *byte == SEPARATOR).collect()
}

/// The first byte as a number, zero where there is none, and what follows it.
pub(crate) fn choice(data: &[u8]) -> (u8, &[u8]) {
    data.split_first()
        .map_or((0, data), |(first, rest)| (*first, rest))
}

/// When everything in an input is received: 2026-01-31T13:00:00Z.
pub(crate) fn received() -> Timestamp {
    Timestamp::from_micros(1_769_864_400_000_000)
}
