//! The labels of one point, within their limits.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;
use xtrace_model::limits::{LABEL_NAME_BYTES_MAX, LABEL_VALUE_BYTES_MAX, LABELS_MAX};

use super::Refusal;
use crate::native::{Fault, ItemError, scalars};

/// How many labels of which size a point may have, and what happens to one that has more.
#[derive(Clone, Debug)]
pub struct LabelLimits {
    pub labels_max: usize,
    pub value_bytes_max: usize,
    /// Only these are kept; all when `None`.
    pub allow: Option<BTreeSet<Box<str>>>,
    /// These are never kept.
    pub deny: BTreeSet<Box<str>>,
    pub policy: LabelPolicy,
}

/// What happens to a point whose labels are over a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LabelPolicy {
    /// It loses the labels that are too long, then those last in order of name.
    #[default]
    DropLabels,
    /// It is rejected.
    RejectPoint,
    /// Its whole batch is rejected.
    RejectBatch,
}

impl LabelPolicy {
    pub const ALL: [Self; 3] = [Self::DropLabels, Self::RejectPoint, Self::RejectBatch];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::DropLabels => "drop_labels",
            Self::RejectPoint => "reject_point",
            Self::RejectBatch => "reject_batch",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text)
    }
}

impl Default for LabelLimits {
    fn default() -> Self {
        Self {
            labels_max: LABELS_MAX,
            value_bytes_max: LABEL_VALUE_BYTES_MAX,
            allow: None,
            deny: BTreeSet::new(),
            policy: LabelPolicy::default(),
        }
    }
}

/// What was read.
pub(super) struct Labels {
    pub(super) kept: BTreeMap<Box<str>, Box<str>>,
    pub(super) dropped: u64,
}

impl Labels {
    /// Reads an object of texts, numbers or flags; a null is no label. `""` stands for no object at all.
    pub(super) fn read(json: &str, limits: &LabelLimits) -> Result<Self, Refusal> {
        let mut labels = Self {
            kept: BTreeMap::new(),
            dropped: 0,
        };
        if json.is_empty() {
            return Ok(labels);
        }
        if !json.starts_with('{') {
            let reason = format!("is {}; expected an object", scalars::kind_of(json));
            return Err(ItemError::new(Fault::WrongType, "labels", reason).into());
        }
        let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(json)
            .map_err(|error| ItemError::new(Fault::Unreadable, "labels", error.to_string()))?;
        for (name, value) in members {
            if value.get() == "null" || !limits.wants(&name) {
                continue;
            }
            let value = label_value(&name, value.get())?;
            match limits.check(&name, &value) {
                Ok(()) => {
                    labels
                        .kept
                        .insert(name.replace('\0', "\u{fffd}").into(), value);
                }
                Err(error) => labels.exceed(error, limits)?,
            }
        }
        labels.cut_to(limits)?;
        Ok(labels)
    }

    fn cut_to(&mut self, limits: &LabelLimits) -> Result<(), Refusal> {
        let found = self.kept.len();
        while self.kept.len() > limits.labels_max {
            let reason = format!("has {found} labels; the limit is {}", limits.labels_max);
            self.exceed(ItemError::new(Fault::TooMany, "labels", reason), limits)?;
            self.kept.pop_last();
        }
        Ok(())
    }

    fn exceed(&mut self, error: ItemError, limits: &LabelLimits) -> Result<(), Refusal> {
        match limits.policy {
            LabelPolicy::DropLabels => {
                self.dropped += 1;
                Ok(())
            }
            LabelPolicy::RejectPoint => Err(Refusal::Point(error)),
            LabelPolicy::RejectBatch => Err(Refusal::Batch(error)),
        }
    }
}

impl LabelLimits {
    fn wants(&self, name: &str) -> bool {
        self.allow.as_ref().is_none_or(|allow| allow.contains(name)) && !self.deny.contains(name)
    }

    fn check(&self, name: &str, value: &str) -> Result<(), ItemError> {
        let too_long = |what: &str, found: usize, max: usize| {
            let shown = &name[..name.floor_char_boundary(64)];
            let reason = format!("has {what} of {found} bytes; the limit is {max}");
            ItemError::new(Fault::TooLong, &format!("labels.{shown}"), reason)
        };
        if name.len() > LABEL_NAME_BYTES_MAX {
            return Err(too_long("a name", name.len(), LABEL_NAME_BYTES_MAX));
        }
        if value.len() > self.value_bytes_max {
            return Err(too_long("a value", value.len(), self.value_bytes_max));
        }
        Ok(())
    }
}

fn label_value(name: &str, json: &str) -> Result<Box<str>, ItemError> {
    match json {
        "true" | "false" => Ok(json.into()),
        _ => {
            let field = format!("labels.{}", &name[..name.floor_char_boundary(64)]);
            scalars::text(&field, json, usize::MAX)
        }
    }
}
