//! Rows from states: what is derived, by which rule, with its provenance.

use serde::{Deserialize, Serialize};

use crate::ids::{ObservationKey, TraceId};
use crate::merge::Real;
use crate::money::Usd;
use crate::observation::{ObservationFacts, ObservationRow, ObservationType};
use crate::pricing::{PriceBook, PriceRequest};
use crate::steps::StepRow;
use crate::summary::TraceSummary;
use crate::time::Timestamp;
use crate::trace::{TraceFacts, TraceRow};
use crate::usage::{Cost, Provenance};

/// The environment of whatever names none.
pub const DEFAULT_ENVIRONMENT: &str = "default";

/// Derives an observation's row: end never before start, latency and time to first token from
/// times where not sent (contracts/langfuse.md §3.3).
pub fn observation_row(
    key: ObservationKey,
    facts: &ObservationFacts,
    costing: &Costing,
) -> ObservationRow {
    let created_at = facts.created_at.unwrap_or_default();
    let start_time = facts.start_time.get().copied().unwrap_or(created_at);
    let end_time = facts.end_time.get().map(|end| (*end).max(start_time));
    let first_token = facts.completion_start_time.get().copied();
    let (latency_s, latency_source) = provided_or(facts.latency_s.get(), || {
        end_time.map(|end| end.seconds_since(start_time))
    });
    let (time_to_first_token_s, _) = provided_or(facts.time_to_first_token_s.get(), || {
        first_token.map(|first| first.max(start_time).seconds_since(start_time))
    });
    let usage = facts.known_usage();
    ObservationRow {
        key,
        kind: facts.kind.get().copied().unwrap_or(ObservationType::Span),
        name: facts.name.get().cloned(),
        start_time,
        end_time,
        completion_start_time: first_token,
        level: facts.level.get().copied().unwrap_or_default(),
        status_message: facts.status_message.get().cloned(),
        parent_observation_id: facts.parent_observation_id.get().cloned(),
        version: facts.version.get().cloned(),
        environment: environment(facts.environment.get().map(AsRef::as_ref)),
        session_id: facts.session_id.get().cloned(),
        model: facts.model.get().cloned(),
        model_id: costing.model_id.clone(),
        prompt_id: facts.prompt_id.get().cloned(),
        prompt_name: facts.prompt_name.get().cloned(),
        prompt_version: facts.prompt_version.get().cloned(),
        unit: facts.unit.get().cloned(),
        input_tokens: usage.input(),
        output_tokens: usage.output(),
        total_tokens: usage.total(),
        cache_read_tokens: usage.cache_read(),
        cache_write_tokens: usage.cache_write(),
        reasoning_tokens: usage.reasoning(),
        usage,
        input_cost: costing.cost.input(),
        output_cost: costing.cost.output(),
        total_cost: costing.cost.total(),
        cost: costing.cost.clone(),
        cost_source: costing.source,
        price_id: costing.price_id.clone(),
        input_price: costing.input_price,
        output_price: costing.output_price,
        total_price: costing.total_price,
        latency_s,
        latency_source,
        time_to_first_token_s,
        steps: facts.steps.to_row(),
        created_at,
        updated_at: facts.updated_at.unwrap_or(created_at),
    }
}

/// Derives a trace's row from its own state and the summary of its observations.
pub fn trace_row(id: TraceId, facts: &TraceFacts, summary: TraceSummary) -> TraceRow {
    let created_at = facts.created_at.unwrap_or_default();
    let timestamp = facts
        .timestamp
        .get()
        .copied()
        .or(summary.first_time)
        .unwrap_or(created_at);
    let (latency_s, latency_source) = provided_or(facts.latency_s.get(), || summary.latency_s());
    let observed = (summary.costed_count > 0).then_some(summary.total_cost);
    let sent = facts.total_cost.get().copied();
    let cost_source = match (sent, observed) {
        (Some(_), _) => Some(Provenance::Provided),
        (None, Some(_)) => Some(Provenance::Computed),
        (None, None) => None,
    };
    TraceRow {
        id,
        timestamp,
        name: facts.name.get().cloned(),
        user_id: facts.user_id.get().cloned(),
        session_id: facts.session_id.get().cloned(),
        release: facts.release.get().cloned(),
        version: facts.version.get().cloned(),
        environment: environment(facts.environment.get().map(AsRef::as_ref)),
        external_id: facts.external_id.get().cloned(),
        public: facts.public.get().copied().unwrap_or(false),
        bookmarked: facts.bookmarked.get().copied().unwrap_or(false),
        tags: facts.tags.clone(),
        steps: StepRow {
            step_id: None,
            parent_step_id: None,
            step_type: None,
            step_index: None,
            attempt: None,
            ..facts.steps.to_row()
        },
        latency_s,
        latency_source,
        total_cost: sent.or(observed),
        cost_source,
        level: summary.level(),
        summary,
        created_at,
        updated_at: facts.updated_at.unwrap_or(created_at),
    }
}

fn environment(sent: Option<&str>) -> Box<str> {
    sent.map(Into::into)
        .unwrap_or_else(|| DEFAULT_ENVIRONMENT.into())
}

fn provided_or(
    sent: Option<&Real>,
    compute: impl FnOnce() -> Option<f64>,
) -> (Option<f64>, Option<Provenance>) {
    match sent {
        Some(Real(value)) => (Some(*value), Some(Provenance::Provided)),
        None => {
            let computed = compute();
            (computed, computed.map(|_| Provenance::Computed))
        }
    }
}

/// What an observation costs, and by which prices. Engines keep it with the facts, so that a later
/// price list changes no number that was already shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costing {
    pub cost: Cost,
    pub source: Option<Provenance>,
    /// `definition/tier`; only where the cost was computed.
    pub price_id: Option<Box<str>>,
    /// The price definition that matched the model, where the client named none.
    pub model_id: Option<Box<str>>,
    pub input_price: Option<Usd>,
    pub output_price: Option<Usd>,
    pub total_price: Option<Usd>,
}

impl Costing {
    /// Any cost the client sent stands alone; otherwise units × price (contracts/langfuse.md §3.4).
    pub fn of(facts: &ObservationFacts, prices: &PriceBook) -> Self {
        let usage = facts.known_usage();
        let request = facts.model.get().map(|model| PriceRequest {
            model,
            usage: &usage,
            attributes: facts.price_attributes.get(),
        });
        let priced = request
            .and_then(|request| prices.price(&request))
            .unwrap_or_default();
        let sent = facts.cost.get().filter(|cost| !cost.is_empty());
        let is_computed = sent.is_none() && !priced.cost.is_empty();
        let source = match sent {
            Some(_) => Some(Provenance::Provided),
            None => is_computed.then_some(Provenance::Computed),
        };
        Self {
            source,
            price_id: if is_computed { priced.price_id() } else { None },
            cost: sent.cloned().unwrap_or(priced.cost),
            model_id: facts.model_id.get().cloned().or(priced.definition_id),
            input_price: facts.input_price.get().copied().or(priced.input_price),
            output_price: facts.output_price.get().copied().or(priced.output_price),
            total_price: facts.total_price.get().copied().or(priced.total_price),
        }
    }
}

/// When a trace was last active: for retention.
pub fn last_activity(row: &TraceRow) -> Timestamp {
    row.summary
        .last_time
        .unwrap_or(row.timestamp)
        .max(row.timestamp)
}
