//! The session model of one event: native fields first, then what the metadata says at its top level.

use xtrace_model::limits::DIMENSION_BYTES_MAX;
use xtrace_model::steps::StepIds;
use xtrace_model::{Latest, Metadata, Stamp};

use super::fields::{Fields, Key};
use super::{ItemError, scalars};

/// Where one item's session, turn, run and step come from.
pub(super) struct Placement<'a> {
    pub(super) fields: &'a Fields<'a>,
    pub(super) metadata: &'a Metadata,
    pub(super) stamp: Stamp,
}

impl Placement<'_> {
    pub(super) fn steps(&self) -> Result<StepIds, ItemError> {
        let attempt = match self.integer(Key::Attempt)? {
            Some(attempt) => Some(attempt),
            None => self.integer(Key::AttemptIndex)?,
        };
        Ok(StepIds {
            turn_id: self.text(Key::TurnId)?,
            run_id: self.text(Key::RunId)?,
            step_id: self.text(Key::StepId)?,
            parent_step_id: self.text(Key::ParentStepId)?,
            step_type: self.text(Key::StepType)?,
            step_index: Latest::maybe(self.stamp, self.integer(Key::StepIndex)?),
            attempt: Latest::maybe(self.stamp, attempt),
            run_state: self.text(Key::RunState)?,
        })
    }

    /// The native field, else the metadata's entry where that is a text or a number. An empty text
    /// places nothing.
    pub(super) fn text(&self, key: Key) -> Result<Latest<Box<str>>, ItemError> {
        let sent = match self.fields.get(key) {
            Some(json) => Some(scalars::text(key.name(), json, DIMENSION_BYTES_MAX)?),
            None => self
                .told(key)
                .and_then(|json| scalars::text(key.name(), json, DIMENSION_BYTES_MAX).ok()),
        };
        Ok(Latest::maybe(
            self.stamp,
            sent.filter(|text| !text.is_empty()),
        ))
    }

    fn integer(&self, key: Key) -> Result<Option<i64>, ItemError> {
        match self.fields.get(key) {
            Some(json) => scalars::integer(key.name(), json).map(Some),
            None => Ok(self
                .told(key)
                .and_then(|json| scalars::integer(key.name(), json).ok())),
        }
    }

    fn told(&self, key: Key) -> Option<&str> {
        let entry = self.metadata.top_level(key.snake_name());
        let entry = entry.or_else(|| self.metadata.top_level(key.name()));
        entry.map(xtrace_model::JsonText::as_str)
    }
}
