//! Metadata: a JSON object merged leaf by leaf, each leaf the latest that was sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json::JsonText;
use crate::merge::{Change, Stamp};

/// Objects nested deeper than this are kept as one leaf: merging them key by key helps nobody, and
/// depth costs stack.
pub const METADATA_DEPTH_MAX: usize = 16;

/// A metadata tree. Scalars and arrays are leaves; `{}` adds nothing.
///
/// A leaf and an object at the same key: what came later hides what came earlier; of the same
/// instant, the object wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata(Node);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Node {
    leaf: Option<(Stamp, JsonText)>,
    children: BTreeMap<Box<str>, Node>,
}

impl Metadata {
    /// Metadata as one event sent it: an object, or any other value under the single key `metadata`.
    pub fn sent(stamp: Stamp, json: &RawValue) -> Self {
        let mut root = Node::default();
        if !root.fill(stamp, json, 0) {
            let leaf = Node {
                leaf: Some((stamp, JsonText::from_raw(json))),
                ..Node::default()
            };
            root = Node {
                leaf: None,
                children: BTreeMap::from([("metadata".into(), leaf)]),
            };
        }
        Self(root)
    }

    pub fn is_empty(&self) -> bool {
        self.0.children.is_empty()
    }

    pub fn join(&mut self, other: Self) -> Change {
        if other.is_empty() {
            return Change::Unchanged;
        }
        if self.is_empty() {
            *self = other;
            return Change::Changed;
        }
        let before = self.to_json();
        if !self.0.join(other.0) {
            return Change::Unchanged;
        }
        if self.to_json() == before {
            Change::Touched
        } else {
            Change::Changed
        }
    }

    /// The merged object, keys in order of their bytes; `None` when nothing was ever sent.
    pub fn to_json(&self) -> Option<JsonText> {
        if self.is_empty() {
            return None;
        }
        let mut text = String::new();
        self.0.write(Stamp::default(), true, &mut text);
        Some(JsonText::from_stored(text))
    }

    /// The text of the leaf at a top-level key, if readers see one there.
    pub fn top_level(&self, key: &str) -> Option<&JsonText> {
        let node = self.0.children.get(key)?;
        let (stamp, leaf) = node.leaf.as_ref()?;
        (!node.children.values().any(|child| child.is_visible(*stamp))).then_some(leaf)
    }
}

impl Node {
    /// Takes `json` as an object into the children; says whether it was one.
    fn fill(&mut self, stamp: Stamp, json: &RawValue, depth: usize) -> bool {
        if depth >= METADATA_DEPTH_MAX || !json.get().starts_with('{') {
            return false;
        }
        let Ok(members) = serde_json::from_str::<BTreeMap<Box<str>, &RawValue>>(json.get()) else {
            return false;
        };
        for (key, value) in members {
            let mut child = Self::default();
            if !child.fill(stamp, value, depth + 1) {
                child.leaf = Some((stamp, JsonText::from_raw(value)));
            } else if child.children.is_empty() {
                continue;
            }
            self.children.insert(key, child);
        }
        true
    }

    fn join(&mut self, other: Self) -> bool {
        let mut moved = false;
        if let Some(theirs) = other.leaf
            && self.leaf.as_ref().is_none_or(|ours| theirs > *ours)
        {
            self.leaf = Some(theirs);
            moved = true;
        }
        for (key, theirs) in other.children {
            match self.children.entry(key) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(theirs);
                    moved = true;
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    moved |= entry.get_mut().join(theirs);
                }
            }
        }
        moved
    }

    /// Whether anything here is at least as late as `floor`, the latest leaf above.
    fn is_visible(&self, floor: Stamp) -> bool {
        self.leaf.as_ref().is_some_and(|(stamp, _)| *stamp >= floor)
            || self.children.values().any(|child| child.is_visible(floor))
    }

    fn write(&self, floor: Stamp, is_root: bool, out: &mut String) {
        let own = self.leaf.as_ref().filter(|(stamp, _)| *stamp >= floor);
        let floor = own.map_or(floor, |(stamp, _)| *stamp);
        let mut visible = self
            .children
            .iter()
            .filter(|(_, child)| child.is_visible(floor))
            .peekable();
        if let (Some((_, leaf)), None, false) = (own, visible.peek(), is_root) {
            out.push_str(leaf.as_str());
            return;
        }
        out.push('{');
        let mut separator = "";
        for (key, child) in visible {
            out.push_str(separator);
            separator = ",";
            out.push_str(&serde_json::to_string(key).expect("a string is always JSON"));
            out.push(':');
            child.write(floor, false, out);
        }
        out.push('}');
    }
}

#[cfg(test)]
mod tests;
