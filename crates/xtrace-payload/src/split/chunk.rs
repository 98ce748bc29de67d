//! Long strings that may have grown since the last call: conversations as JSON inside a string (span attributes
//! are sent so), transcripts in a prompt. They are cut where a rolling hash of the bytes says so, which is at the
//! same places whatever has been added at the end or removed at the beginning.

use super::chain::Link;

/// Bytes of a chunk: no fewer than `least`, about `mean` more, no more than `most`.
struct Sizes {
    /// Shorter strings are not cut.
    string: usize,
    least: usize,
    mean: u64,
    most: usize,
}

/// JSON in a string: about a message.
const JSON: Sizes = Sizes {
    string: 2 << 10,
    least: 256,
    mean: 1 << 10,
    most: 8 << 10,
};
/// Other text grows less often, and compresses the better the larger its pieces are.
const PROSE: Sizes = Sizes {
    string: 16 << 10,
    least: 1 << 10,
    mean: 4 << 10,
    most: 32 << 10,
};

/// One random number for each byte. The hash is a sum of them that forgets what is 64 bytes back.
static GEAR: [u64; 256] = gear();

const fn gear() -> [u64; 256] {
    let mut numbers = [0; 256];
    let mut state = 0_u64;
    let mut index = 0;
    while index < numbers.len() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = state;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        numbers[index] = number ^ (number >> 31);
        index += 1;
    }
    numbers
}

/// The chunks of the string at `start..end`, quotes included: none if it is better left whole. Cuts may fall inside
/// a character.
pub(super) fn chunks(text: &[u8], start: usize, end: usize) -> Vec<Link> {
    let is_json = matches!(text.get(start + 1), Some(b'[' | b'{'));
    let sizes = if is_json { JSON } else { PROSE };
    let mut chunks = Vec::new();
    if end - start < sizes.string {
        return chunks;
    }
    let mut at = start;
    while at < end {
        let next = at + chunk_bytes(&text[at..end], &sizes);
        chunks.push(Link {
            start: at,
            end: next,
            chain: 0,
            part: None,
        });
        at = next;
    }
    chunks
}

fn chunk_bytes(text: &[u8], sizes: &Sizes) -> usize {
    let most = text.len().min(sizes.most);
    let least = most.min(sizes.least);
    // The upper bits have seen the most bytes.
    let limit = u64::MAX / sizes.mean;
    let mut hash = 0_u64;
    for (index, &byte) in text[least..most].iter().enumerate() {
        hash = (hash << 1).wrapping_add(GEAR[usize::from(byte)]);
        if hash <= limit {
            return least + index + 1;
        }
    }
    most
}
