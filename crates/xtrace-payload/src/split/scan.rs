//! Where a text is cut: one pass over its bytes, without a tree and without a stack that grows.
//!
//! Nodes come out in the order in which they end, so that a node follows what it holds.

use memchr::memchr;

/// Levels of containers that are looked at one by one; below them only long strings are cut.
const LEVELS: usize = 10;
/// A message of fewer bytes is not worth a part.
const MESSAGE_BYTES_MIN: usize = 64;
/// Another element with fewer bytes of its own, long strings and messages inside it not counted, is not either.
const ELEMENT_BYTES_MIN: usize = 128;
/// What stands between two parts, and does not count as bytes of the element that they are in.
const SEPARATOR_BYTES: usize = 2;
/// A string of fewer bytes, quotes included, stays with what is around it.
const TEXT_BYTES_MIN: usize = 256;
/// An element of fewer bytes is not cut further, except where it holds messages.
const NESTED_BYTES_MIN: usize = 1024;
/// An element that is not a part itself and holds at most so many is a link in the chain of its array's parts.
const LINK_NODES_MAX: usize = 4;
/// Elements that stay literal are noted up to so many nodes, for an element may have two bytes and a node has 32.
const NODES_WITH_SMALL_MAX: usize = 1 << 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeKind {
    Message,
    Text,
    Group,
    /// Stays literal, but a long array may be cut behind it.
    Small,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: NodeKind,
    /// Nodes of the same number follow each other in the same array or object.
    pub(super) chain: u32,
}

/// An array or object that is open.
struct Frame {
    start: usize,
    first_node: usize,
    chain: u32,
    is_array: bool,
    has_role: bool,
    holds_message: bool,
    /// Bytes inside it that belong to parts.
    covered: usize,
}

pub(super) struct Scanner<'a> {
    text: &'a [u8],
    nodes: Vec<Node>,
    frames: Vec<Frame>,
    /// Containers that are open below [`LEVELS`].
    deeper: usize,
    chains: u32,
}

/// The nodes of `text`. What is not JSON has nodes as well: they nest, and lie between ASCII characters.
pub(super) fn scan(text: &str) -> Vec<Node> {
    let mut scanner = Scanner {
        text: text.as_bytes(),
        nodes: Vec::new(),
        frames: Vec::with_capacity(LEVELS),
        deeper: 0,
        chains: 0,
    };
    scanner.run();
    scanner.nodes
}

impl Scanner<'_> {
    fn run(&mut self) {
        let mut at = 0;
        while let Some(&byte) = self.text.get(at) {
            match byte {
                b'"' => {
                    let end = string_end(self.text, at);
                    self.string(at, end);
                    at = end;
                    continue;
                }
                b'{' => self.open(at, false),
                b'[' => self.open(at, true),
                b'}' | b']' => self.close(at + 1),
                _ => {}
            }
            at += 1;
        }
    }

    fn string(&mut self, start: usize, end: usize) {
        let bytes = end - start;
        if bytes >= TEXT_BYTES_MIN {
            if !self.is_key(end) {
                self.cover(bytes);
                self.push(start, end, NodeKind::Text);
            }
        } else if self.deeper == 0
            && &self.text[start..end] == b"\"role\""
            && self.is_key_of_string(end)
            && let Some(frame) = self.frames.last_mut()
        {
            frame.has_role = true;
        }
    }

    /// Whether a string that ends here is a key: a colon follows.
    fn is_key(&self, end: usize) -> bool {
        self.visible(end).next() == Some(&b':')
    }

    /// Whether it is the key of a string: a property called `role` in a tool's schema is no message's role.
    fn is_key_of_string(&self, end: usize) -> bool {
        let mut behind = self.visible(end);
        behind.next() == Some(&b':') && behind.next() == Some(&b'"')
    }

    fn visible(&self, from: usize) -> impl Iterator<Item = &u8> {
        let behind = self.text[from..].iter();
        behind.filter(|byte| !byte.is_ascii_whitespace())
    }

    fn open(&mut self, start: usize, is_array: bool) {
        if self.deeper > 0 || self.frames.len() == LEVELS {
            self.deeper += 1;
            return;
        }
        self.chains += 1;
        self.frames.push(Frame {
            start,
            first_node: self.nodes.len(),
            chain: self.chains,
            is_array,
            has_role: false,
            holds_message: false,
            covered: 0,
        });
    }

    fn close(&mut self, end: usize) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        let Some(mut frame) = self.frames.pop() else {
            return;
        };
        let is_element = self.frames.last().is_some_and(|parent| parent.is_array);
        let is_message = frame.has_role && !frame.holds_message;
        let bytes = end - frame.start;
        let kind = if frame.is_array {
            None
        } else if is_message {
            self.keep_texts_only(&mut frame);
            (bytes >= MESSAGE_BYTES_MIN).then_some(NodeKind::Message)
        } else if is_element {
            self.kind_of_element(&mut frame, bytes)
        } else {
            None
        };
        if let Some(parent) = self.frames.last_mut() {
            parent.holds_message |= is_message || frame.holds_message;
        }
        if let Some(kind) = kind {
            self.cover(bytes);
            self.push(frame.start, end, kind);
        } else {
            self.dissolve(&frame, is_element, end);
        }
    }

    /// What an element that is no message becomes; `None` leaves its nodes to its array.
    fn kind_of_element(&mut self, frame: &mut Frame, bytes: usize) -> Option<NodeKind> {
        if bytes < NESTED_BYTES_MIN && !frame.holds_message {
            self.keep_texts_only(frame);
        }
        let inside = &self.nodes[frame.first_node..];
        let separators = inside.len() * SEPARATOR_BYTES;
        if (bytes - frame.covered).saturating_sub(separators) < ELEMENT_BYTES_MIN {
            return None;
        }
        let has_elements = inside.iter().any(|node| node.kind != NodeKind::Text);
        Some(if has_elements {
            NodeKind::Group
        } else {
            NodeKind::Message
        })
    }

    /// Forgets that elements inside were to be cut.
    fn keep_texts_only(&mut self, frame: &mut Frame) {
        let mut kept = frame.first_node;
        frame.covered = 0;
        for index in frame.first_node..self.nodes.len() {
            let mut node = self.nodes[index];
            if node.kind == NodeKind::Text {
                node.chain = frame.chain;
                frame.covered += node.end - node.start;
                self.nodes[kept] = node;
                kept += 1;
            }
        }
        self.nodes.truncate(kept);
    }

    /// Leaves the nodes inside to the container around.
    fn dissolve(&mut self, frame: &Frame, is_element: bool, end: usize) {
        self.cover(frame.covered);
        if !is_element {
            return;
        }
        let chain = self.chain();
        let inside = &mut self.nodes[frame.first_node..];
        if inside.is_empty() {
            if self.nodes.len() < NODES_WITH_SMALL_MAX && !frame.is_array {
                self.push(frame.start, end, NodeKind::Small);
            }
        } else if inside.len() <= LINK_NODES_MAX {
            inside.iter_mut().for_each(|node| node.chain = chain);
        }
    }

    fn cover(&mut self, bytes: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.covered += bytes;
        }
    }

    fn chain(&self) -> u32 {
        self.frames.last().map_or(0, |frame| frame.chain)
    }

    fn push(&mut self, start: usize, end: usize, kind: NodeKind) {
        let chain = self.chain();
        self.nodes.push(Node {
            start,
            end,
            kind,
            chain,
        });
    }
}

/// Behind the closing quote of the string that opens at `start`; the end of the text if there is none.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr(b'"', &text[at..]) {
        let quote = at + found;
        // Only the stretch since the last quote can hold backslashes that belong to this one.
        let before = text[at..quote].iter().rev();
        let backslashes = before.take_while(|&&byte| byte == b'\\').count();
        at = quote + 1;
        if backslashes.is_multiple_of(2) {
            return at;
        }
    }
    text.len()
}
