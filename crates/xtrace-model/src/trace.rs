//! A trace: its mergeable state, the summary of its observations, and the row derived from both.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::TraceId;
use crate::json::JsonText;
use crate::merge::{Change, First, Latest, Real};
use crate::metadata::Metadata;
use crate::money::Usd;
use crate::observation::{Level, earliest};
use crate::steps::{StepIds, StepRow};
use crate::summary::TraceSummary;
use crate::time::Timestamp;
use crate::usage::Provenance;

/// The narrow part of a trace's state: everything but payloads. A patch is a state, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceFacts {
    pub timestamp: First<Timestamp>,
    pub name: Latest<Box<str>>,
    pub user_id: Latest<Box<str>>,
    pub session_id: Latest<Box<str>>,
    pub release: Latest<Box<str>>,
    pub version: Latest<Box<str>>,
    pub environment: First<Box<str>>,
    pub external_id: Latest<Box<str>>,
    pub public: Latest<bool>,
    pub bookmarked: Latest<bool>,
    pub latency_s: Latest<Real>,
    pub total_cost: Latest<Usd>,
    pub tags: BTreeSet<Box<str>>,
    pub steps: StepIds,
    /// Earliest and latest receipt by this server.
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

/// The payloads of a trace's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContent {
    pub input: Latest<JsonText>,
    pub output: Latest<JsonText>,
    pub metadata: Metadata,
}

/// A trace's whole state; a patch is a state whose set fields carry the event's stamp.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceState {
    pub facts: TraceFacts,
    pub content: TraceContent,
}

impl TraceFacts {
    /// Joins all fields; `updated_at` moves only when a reader can tell.
    pub fn join(&mut self, other: Self) -> Change {
        let tags_before = self.tags.len();
        self.tags.extend(other.tags);
        let tags = if self.tags.len() > tags_before {
            Change::Changed
        } else {
            Change::Unchanged
        };
        let change = tags
            .and(self.timestamp.join(other.timestamp))
            .and(self.name.join(other.name))
            .and(self.user_id.join(other.user_id))
            .and(self.session_id.join(other.session_id))
            .and(self.release.join(other.release))
            .and(self.version.join(other.version))
            .and(self.environment.join(other.environment))
            .and(self.external_id.join(other.external_id))
            .and(self.public.join(other.public))
            .and(self.bookmarked.join(other.bookmarked))
            .and(self.latency_s.join(other.latency_s))
            .and(self.total_cost.join(other.total_cost))
            .and(self.steps.join(other.steps));
        self.created_at = earliest(self.created_at, other.created_at);
        if self.updated_at.is_none() || change == Change::Changed {
            self.updated_at = self.updated_at.max(other.updated_at);
        }
        change
    }
}

impl TraceContent {
    pub fn join(&mut self, other: Self) -> Change {
        self.input
            .join(other.input)
            .and(self.output.join(other.output))
            .and(self.metadata.join(other.metadata))
    }

    pub fn is_absent(&self) -> bool {
        self.input.is_absent() && self.output.is_absent() && self.metadata.is_empty()
    }
}

impl TraceState {
    /// Joins facts and content; a change of content alone moves `updated_at` as well.
    pub fn join(&mut self, other: Self) -> Change {
        let received = other.facts.updated_at;
        let content = self.content.join(other.content);
        let change = self.facts.join(other.facts).and(content);
        if change == Change::Changed {
            self.facts.updated_at = self.facts.updated_at.max(received);
        }
        change
    }
}

/// The narrow row that lists and aggregates read, derived by [`crate::derive::trace_row`].
#[derive(Clone, Debug, PartialEq)]
pub struct TraceRow {
    pub id: TraceId,
    /// As sent, else the start of the earliest observation, else the first receipt.
    pub timestamp: Timestamp,
    pub name: Option<Box<str>>,
    pub user_id: Option<Box<str>>,
    pub session_id: Option<Box<str>>,
    pub release: Option<Box<str>>,
    pub version: Option<Box<str>>,
    pub environment: Box<str>,
    pub external_id: Option<Box<str>>,
    pub public: bool,
    pub bookmarked: bool,
    pub tags: BTreeSet<Box<str>>,
    /// `turn_id`, `run_id` and `run_state`.
    pub steps: StepRow,
    /// Seconds: as sent, else from the first start to the last end of the observations.
    pub latency_s: Option<f64>,
    pub latency_source: Option<Provenance>,
    /// As sent, else the sum over the observations.
    pub total_cost: Option<Usd>,
    pub cost_source: Option<Provenance>,
    /// The highest level of any observation.
    pub level: Level,
    pub summary: TraceSummary,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
