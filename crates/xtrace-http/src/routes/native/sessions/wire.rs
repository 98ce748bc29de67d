//! Sessions as they look on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use crate::map::scalar::Instant;
use crate::params::page::PageMeta;
use crate::routes::native::traces::wire::Trace;

/// A session, with what its traces add up to.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub id: Box<str>,
    /// When its first trace was received.
    pub created_at: Instant,
    pub project_id: Box<str>,
    /// Environment of the trace that was received first.
    pub environment: Box<str>,
    /// Users of its traces, sorted; at most 100.
    pub user_ids: Vec<Box<str>>,
    pub user_count: u64,
    /// Turns: how many traces it has.
    pub trace_count: u64,
    pub observation_count: u64,
    /// Observations of level ERROR.
    pub error_count: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub total_tokens: u64,
    /// USD; null where no trace has a known cost.
    pub total_cost: Option<f64>,
    /// Beginning of the first trace.
    pub first_timestamp: Instant,
    /// Latest activity of any trace.
    pub last_timestamp: Instant,
}

/// A session with its turns and runs.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionDetail {
    #[serde(flatten)]
    pub session: Session,
    /// The turns of this page, in order of time.
    pub traces: Vec<Trace>,
    /// Where this page of turns stands among all.
    pub meta: PageMeta,
    /// Runs in order of their first activity.
    pub runs: Vec<Run>,
    /// True when there are more runs than one answer holds.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub runs_truncated: bool,
}

/// A run of an agent within a session.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub run_id: Box<str>,
    /// The latest state that was sent: a trace's counts as of the trace's last activity, an observation's as of
    /// its start. Null where none was sent.
    pub state: Option<Box<str>>,
    /// As of when the state holds.
    pub state_timestamp: Option<Instant>,
    /// Traces that name the run.
    pub trace_count: u64,
    /// Observations of those traces.
    pub observation_count: u64,
    /// Observations of level ERROR of those traces.
    pub error_count: u64,
    pub first_timestamp: Instant,
    pub last_timestamp: Instant,
}
