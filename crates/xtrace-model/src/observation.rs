//! An observation: its mergeable state, and the row that is derived from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{ObservationId, ObservationKey};
use crate::json::JsonText;
use crate::merge::{Change, First, Latest, Real};
use crate::metadata::Metadata;
use crate::money::Usd;
use crate::steps::StepIds;
use crate::time::Timestamp;
use crate::usage::{Cost, Provenance, TokenCounts, Usage};

/// What an observation is (design §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ObservationType {
    Span,
    Generation,
    Event,
    Agent,
    Tool,
    Chain,
    Retriever,
    Evaluator,
    Embedding,
    Guardrail,
}

impl ObservationType {
    pub const ALL: [Self; 10] = [
        Self::Span,
        Self::Generation,
        Self::Event,
        Self::Agent,
        Self::Tool,
        Self::Chain,
        Self::Retriever,
        Self::Evaluator,
        Self::Embedding,
        Self::Guardrail,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Span => "SPAN",
            Self::Generation => "GENERATION",
            Self::Event => "EVENT",
            Self::Agent => "AGENT",
            Self::Tool => "TOOL",
            Self::Chain => "CHAIN",
            Self::Retriever => "RETRIEVER",
            Self::Evaluator => "EVALUATOR",
            Self::Embedding => "EMBEDDING",
            Self::Guardrail => "GUARDRAIL",
        }
    }

    /// Any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }
}

/// Severity, in ascending order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Level {
    Debug,
    #[default]
    Default,
    Warning,
    Error,
}

impl Level {
    pub const ALL: [Self; 4] = [Self::Debug, Self::Default, Self::Warning, Self::Error];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Default => "DEFAULT",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }

    /// Any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|level| level.as_str().eq_ignore_ascii_case(text))
    }
}

/// The narrow part of an observation's state: everything but payloads. A patch is a state, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservationFacts {
    pub kind: Latest<ObservationType>,
    pub name: Latest<Box<str>>,
    pub start_time: First<Timestamp>,
    pub end_time: Latest<Timestamp>,
    pub completion_start_time: Latest<Timestamp>,
    pub level: Latest<Level>,
    pub status_message: Latest<Box<str>>,
    pub parent_observation_id: Latest<ObservationId>,
    pub version: Latest<Box<str>>,
    pub environment: First<Box<str>>,
    pub session_id: Latest<Box<str>>,
    pub model: Latest<Box<str>>,
    pub model_id: Latest<Box<str>>,
    pub prompt_id: Latest<Box<str>>,
    pub prompt_name: Latest<Box<str>>,
    pub prompt_version: Latest<Box<str>>,
    pub unit: Latest<Box<str>>,
    pub usage: Latest<Usage>,
    pub tokens: TokenCounts,
    pub cost: Latest<Cost>,
    pub input_price: Latest<Usd>,
    pub output_price: Latest<Usd>,
    pub total_price: Latest<Usd>,
    pub latency_s: Latest<Real>,
    pub time_to_first_token_s: Latest<Real>,
    /// Model parameters that price tiers ask for (`service_tier`, `speed`).
    pub price_attributes: Latest<BTreeMap<Box<str>, Box<str>>>,
    pub steps: StepIds,
    /// Earliest and latest receipt by this server.
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

/// The payloads of an observation's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservationContent {
    pub input: Latest<JsonText>,
    pub output: Latest<JsonText>,
    pub model_parameters: Latest<JsonText>,
    pub metadata: Metadata,
}

/// An observation's whole state; a patch is a state whose set fields carry the event's stamp.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservationState {
    pub facts: ObservationFacts,
    pub content: ObservationContent,
}

impl ObservationFacts {
    /// The usage object, completed from token counts that were sent apart.
    pub fn known_usage(&self) -> Usage {
        self.tokens
            .complete(self.usage.get().cloned().unwrap_or_default())
    }

    /// Joins all fields; `updated_at` moves only when a reader can tell.
    pub fn join(&mut self, other: Self) -> Change {
        let change = self
            .kind
            .join(other.kind)
            .and(self.name.join(other.name))
            .and(self.start_time.join(other.start_time))
            .and(self.end_time.join(other.end_time))
            .and(self.completion_start_time.join(other.completion_start_time))
            .and(self.level.join(other.level))
            .and(self.status_message.join(other.status_message))
            .and(self.parent_observation_id.join(other.parent_observation_id))
            .and(self.version.join(other.version))
            .and(self.environment.join(other.environment))
            .and(self.session_id.join(other.session_id))
            .and(self.model.join(other.model))
            .and(self.model_id.join(other.model_id))
            .and(self.prompt_id.join(other.prompt_id))
            .and(self.prompt_name.join(other.prompt_name))
            .and(self.prompt_version.join(other.prompt_version))
            .and(self.unit.join(other.unit))
            .and(self.usage.join(other.usage))
            .and(self.tokens.join(other.tokens))
            .and(self.cost.join(other.cost))
            .and(self.input_price.join(other.input_price))
            .and(self.output_price.join(other.output_price))
            .and(self.total_price.join(other.total_price))
            .and(self.latency_s.join(other.latency_s))
            .and(self.time_to_first_token_s.join(other.time_to_first_token_s))
            .and(self.price_attributes.join(other.price_attributes))
            .and(self.steps.join(other.steps));
        self.created_at = earliest(self.created_at, other.created_at);
        if self.updated_at.is_none() || change == Change::Changed {
            self.updated_at = self.updated_at.max(other.updated_at);
        }
        change
    }
}

/// The smaller of what is there.
pub(crate) fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl ObservationContent {
    pub fn join(&mut self, other: Self) -> Change {
        self.input
            .join(other.input)
            .and(self.output.join(other.output))
            .and(self.model_parameters.join(other.model_parameters))
            .and(self.metadata.join(other.metadata))
    }

    pub fn is_absent(&self) -> bool {
        self.input.is_absent()
            && self.output.is_absent()
            && self.model_parameters.is_absent()
            && self.metadata.is_empty()
    }
}

impl ObservationState {
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

/// The narrow row that lists and aggregates read, derived by [`crate::derive::observation_row`].
#[derive(Clone, Debug, PartialEq)]
pub struct ObservationRow {
    pub key: ObservationKey,
    pub kind: ObservationType,
    pub name: Option<Box<str>>,
    /// As sent, else the first receipt.
    pub start_time: Timestamp,
    /// Never before `start_time`.
    pub end_time: Option<Timestamp>,
    pub completion_start_time: Option<Timestamp>,
    pub level: Level,
    pub status_message: Option<Box<str>>,
    pub parent_observation_id: Option<ObservationId>,
    pub version: Option<Box<str>>,
    pub environment: Box<str>,
    pub session_id: Option<Box<str>>,
    pub model: Option<Box<str>>,
    pub model_id: Option<Box<str>>,
    pub prompt_id: Option<Box<str>>,
    pub prompt_name: Option<Box<str>>,
    pub prompt_version: Option<Box<str>>,
    pub unit: Option<Box<str>>,
    pub usage: Usage,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub total_tokens: u64,
    pub cache_read_tokens: u64,
    pub cache_write_tokens: u64,
    pub reasoning_tokens: u64,
    pub cost: Cost,
    pub input_cost: Option<Usd>,
    pub output_cost: Option<Usd>,
    pub total_cost: Option<Usd>,
    pub cost_source: Option<Provenance>,
    /// Which price definition and tier, as `definition/tier`; only where the cost was computed.
    pub price_id: Option<Box<str>>,
    pub input_price: Option<Usd>,
    pub output_price: Option<Usd>,
    pub total_price: Option<Usd>,
    /// Seconds.
    pub latency_s: Option<f64>,
    pub latency_source: Option<Provenance>,
    /// Seconds.
    pub time_to_first_token_s: Option<f64>,
    pub steps: StepRow,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl ObservationRow {
    /// Whether it counts where usage is shown by model: a generation, an embedding, or whatever has a known cost, so
    /// that the models' costs add up to the cost of all observations.
    pub fn is_model_call(&self) -> bool {
        let is_model_kind = matches!(
            self.kind,
            ObservationType::Generation | ObservationType::Embedding
        );
        is_model_kind || self.total_cost.is_some()
    }
}

pub use crate::steps::StepRow;
