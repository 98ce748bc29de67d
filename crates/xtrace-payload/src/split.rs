//! A text becomes a recipe and parts.
//!
//! Cuts are byte-exact and structural, so that any dialect's messages are found:
//! * an object with the key `role` is a message, wherever it sits in the first levels;
//! * an element of an array that is an object is a part as well (tool definitions, documents, messages of dialects
//!   without `role`), and if it is large or holds messages, what is inside it is cut too;
//! * a string value of 256 bytes or more is a part of its own inside either, so that an answer is the same part in
//!   the output of its call and in the history of the next one, whatever is around it;
//! * very long strings, and JSON inside a string, are cut by their content (`chunk`);
//! * long chains of these are gathered in groups (`chain`).
//!
//! What is smaller stays literal: its id would take as much room.

mod bodies;
mod chain;
mod chunk;
mod scan;

use std::fmt;

use bodies::Bodies;
use chain::Link;
use scan::NodeKind;

use crate::PartId;
use crate::recipe::Kind;

/// Texts of fewer bytes are not cut.
const SPLIT_BYTES_MIN: usize = 128;

/// A part to be stored under its id.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    pub id: PartId,
    /// A recipe: see [`Recipe`](crate::Recipe).
    pub body: &'a [u8],
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({}, {} bytes)", self.id, self.body.len())
    }
}

/// What a text has been split into.
#[derive(Debug)]
pub struct Split {
    recipe: Vec<u8>,
    bodies: Bodies,
}

impl Split {
    /// What the record keeps in place of the text, encoded: see [`Recipe`](crate::Recipe).
    pub fn recipe(&self) -> &[u8] {
        &self.recipe
    }

    pub fn into_recipe(self) -> Vec<u8> {
        self.recipe
    }

    /// Each distinct part once, after the parts that it refers to.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = Part<'_>> {
        self.bodies.iter().map(|(id, body)| Part { id, body })
    }

    pub fn part_count(&self) -> usize {
        self.bodies.len()
    }
}

/// Splits the text of one JSON value. Takes time by its length, however deep it nests; text that is not JSON comes
/// back unchanged as well.
pub fn split(text: &str) -> Split {
    let nodes = if text.len() < SPLIT_BYTES_MIN {
        Vec::new()
    } else {
        scan::scan(text)
    };
    let parts = nodes.iter().filter(|node| node.kind != NodeKind::Small);
    let part_count = parts.count();
    let mut bodies = match part_count {
        0 => Bodies::default(),
        _ => Bodies::with_capacity(text.len() + part_count * 16, part_count),
    };
    let bytes = text.as_bytes();
    // The links of containers whose end has not come yet.
    let mut open: Vec<Link> = Vec::new();
    for node in &nodes {
        let range = (node.start, node.end);
        let part = match node.kind {
            NodeKind::Small => None,
            NodeKind::Text => {
                let links = chunked(bytes, range, &mut bodies);
                let id = bodies.add(|body| chain::write(body, bytes, range, &links));
                Some((Kind::Text, id))
            }
            NodeKind::Message | NodeKind::Group => {
                let inside = open.partition_point(|link| link.start < node.start);
                let links = chain::gather(bytes, &open[inside..], &mut bodies);
                open.truncate(inside);
                let id = bodies.add(|body| chain::write(body, bytes, range, &links));
                let kind = match node.kind {
                    NodeKind::Group => Kind::Group,
                    _ => Kind::Message,
                };
                Some((kind, id))
            }
        };
        open.push(Link {
            start: node.start,
            end: node.end,
            chain: node.chain,
            part,
        });
    }
    let links = chain::gather(bytes, &open, &mut bodies);
    let mut recipe = Vec::with_capacity(64);
    chain::write(&mut recipe, bytes, (0, bytes.len()), &links);
    Split { recipe, bodies }
}

/// The parts of a string that is long enough to have some.
fn chunked(text: &[u8], (start, end): (usize, usize), bodies: &mut Bodies) -> Vec<Link> {
    let mut links = chunk::chunks(text, start, end);
    for link in &mut links {
        let id = bodies.add(|body| chain::write(body, text, (link.start, link.end), &[]));
        link.part = Some((Kind::Text, id));
    }
    chain::gather(text, &links, bodies)
}
