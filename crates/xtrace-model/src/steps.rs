//! The session model: session, turn, run, step (design §2, contracts/xtrace.md §4).

use serde::{Deserialize, Serialize};

use crate::merge::{Change, Latest};

/// Ids that place a trace or an observation in an agent's work; from native fields or metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepIds {
    pub turn_id: Latest<Box<str>>,
    pub run_id: Latest<Box<str>>,
    pub step_id: Latest<Box<str>>,
    pub parent_step_id: Latest<Box<str>>,
    /// `llm_call`, `tool_call`, `retrieval`, `planner`, `memory_write`, `handoff` or the sender's own.
    pub step_type: Latest<Box<str>>,
    /// Position in the run, as sent.
    pub step_index: Latest<i64>,
    /// Which try this is, as sent.
    pub attempt: Latest<i64>,
    /// `queued`, `running`, `waiting_tool`, `paused`, `success`, `error`, `cancelled` or the sender's own.
    pub run_state: Latest<Box<str>>,
}

impl StepIds {
    pub fn join(&mut self, other: Self) -> Change {
        self.turn_id
            .join(other.turn_id)
            .and(self.run_id.join(other.run_id))
            .and(self.step_id.join(other.step_id))
            .and(self.parent_step_id.join(other.parent_step_id))
            .and(self.step_type.join(other.step_type))
            .and(self.step_index.join(other.step_index))
            .and(self.attempt.join(other.attempt))
            .and(self.run_state.join(other.run_state))
    }

    pub fn to_row(&self) -> StepRow {
        StepRow {
            turn_id: self.turn_id.get().cloned(),
            run_id: self.run_id.get().cloned(),
            step_id: self.step_id.get().cloned(),
            parent_step_id: self.parent_step_id.get().cloned(),
            step_type: self.step_type.get().cloned(),
            step_index: self.step_index.get().copied(),
            attempt: self.attempt.get().copied(),
            run_state: self.run_state.get().cloned(),
        }
    }
}

/// [`StepIds`] as columns. A trace uses `turn_id`, `run_id` and `run_state` only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepRow {
    pub turn_id: Option<Box<str>>,
    pub run_id: Option<Box<str>>,
    pub step_id: Option<Box<str>>,
    pub parent_step_id: Option<Box<str>>,
    pub step_type: Option<Box<str>>,
    pub step_index: Option<i64>,
    pub attempt: Option<i64>,
    pub run_state: Option<Box<str>>,
}
