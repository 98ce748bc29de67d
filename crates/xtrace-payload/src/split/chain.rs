//! Long chains of parts are gathered in groups, so that a history that grows is not listed anew by each call.
//!
//! Where a chain is cut is decided by the hashes of its links, as in a prolly tree: a chain that has grown at its
//! end, or lost its beginning, is cut at the same places. What lies before the first cut and behind the last one
//! may be incomplete and stays in the recipe; so a turn leaves no group behind that the next one would not use.

use super::bodies::Bodies;
use crate::PartId;
use crate::recipe::{self, Kind, Reference};

/// Bytes that the links of a chain may take in a recipe before they are gathered.
const CHAIN_BYTES_MAX: usize = 512;
/// What a reference takes: 16 bytes of id, and its length.
const REFERENCE_BYTES: usize = PartId::BYTES + 3;
/// A cut follows every so many links on average; a power of two.
const LINKS_MEAN: u64 = 8;
/// A cut follows after so many links at the latest: hashes of equal links decide alike.
const LINKS_MAX: usize = 64;
/// A group with a smaller body is not worth a part.
const GROUP_BYTES_MIN: usize = 64;
/// Groups of groups: each level looks at bits of its own.
const LEVELS: u32 = 16;

/// A stretch of text in a body: a part, or an element that stays literal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) chain: u32,
    /// `None` for an element that stays literal.
    pub(super) part: Option<(Kind, PartId)>,
}

/// Writes the text between `start` and `end` with the parts of `links`, which lie in it one after the other.
pub(super) fn write(out: &mut Vec<u8>, text: &[u8], (start, end): (usize, usize), links: &[Link]) {
    recipe::begin(out);
    let mut at = start;
    for link in links {
        let Some((kind, id)) = link.part else {
            continue;
        };
        recipe::write_literal(out, &text[at..link.start]);
        let text_bytes = link.end - link.start;
        recipe::write_reference(
            out,
            Reference {
                kind,
                id,
                text_bytes,
            },
        );
        at = link.end;
    }
    recipe::write_literal(out, &text[at..end]);
}

/// The links with long chains among them gathered.
pub(super) fn gather(text: &[u8], links: &[Link], bodies: &mut Bodies) -> Vec<Link> {
    let mut gathered = Vec::with_capacity(links.len());
    for chain in links.chunk_by(|a, b| a.chain == b.chain) {
        gather_chain(text, chain, bodies, &mut gathered);
    }
    gathered
}

fn gather_chain(text: &[u8], chain: &[Link], bodies: &mut Bodies, out: &mut Vec<Link>) {
    if recipe_bytes(chain) <= CHAIN_BYTES_MAX {
        out.extend_from_slice(chain);
        return;
    }
    let mut middle = chain.to_vec();
    let mut tails = Vec::new();
    for level in 0..LEVELS {
        let cuts = cuts(text, &middle, level);
        let (Some(&first), Some(&last)) = (cuts.first(), cuts.last()) else {
            break;
        };
        out.extend_from_slice(&middle[..first]);
        tails.push(middle[last..].to_vec());
        let mut groups = Vec::new();
        for cut in cuts.windows(2) {
            let before = middle[cut[0] - 1].end;
            group(text, before, &middle[cut[0]..cut[1]], bodies, &mut groups);
        }
        middle = groups;
        if recipe_bytes(&middle) <= CHAIN_BYTES_MAX {
            break;
        }
    }
    out.append(&mut middle);
    out.extend(tails.into_iter().rev().flatten());
}

/// What the links take in a recipe, with the text between them.
fn recipe_bytes(links: &[Link]) -> usize {
    let (Some(first), Some(last)) = (links.first(), links.last()) else {
        return 0;
    };
    let parts = links.iter().filter(|link| link.part.is_some());
    let saved: usize = parts.clone().map(|link| link.end - link.start).sum();
    last.end - first.start - saved + parts.count() * REFERENCE_BYTES
}

/// Indices of links before which the chain is cut.
fn cuts(text: &[u8], links: &[Link], level: u32) -> Vec<usize> {
    let mut cuts = Vec::new();
    let mut since = 0;
    for (index, link) in links.iter().enumerate() {
        since += 1;
        let bits = hash(text, link) >> (level * LINKS_MEAN.trailing_zeros());
        if bits.is_multiple_of(LINKS_MEAN) || since == LINKS_MAX {
            cuts.push(index + 1);
            since = 0;
        }
    }
    cuts
}

fn hash(text: &[u8], link: &Link) -> u64 {
    match link.part {
        Some((_, id)) => id.low_bits(),
        None => mixed(&text[link.start..link.end]),
    }
}

/// A quick hash of a short text; nothing but the places of cuts depends on it.
fn mixed(text: &[u8]) -> u64 {
    let mut hash = text.len() as u64;
    for chunk in text.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 29;
    }
    hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ (hash >> 32)
}

/// Makes a part of the text from `before` to the end of `links`, unless it is too little.
fn group(text: &[u8], before: usize, links: &[Link], bodies: &mut Bodies, out: &mut Vec<Link>) {
    let (Some(first), Some(last)) = (links.first(), links.last()) else {
        return;
    };
    if links.len() < 2 || recipe_bytes(links) < GROUP_BYTES_MIN {
        out.extend_from_slice(links);
        return;
    }
    let id = bodies.add(|body| write(body, text, (before, last.end), links));
    out.push(Link {
        start: before,
        end: last.end,
        chain: first.chain,
        part: Some((Kind::Group, id)),
    });
}
