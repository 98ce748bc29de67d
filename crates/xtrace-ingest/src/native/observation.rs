//! An observation item to its patch.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;
use xtrace_model::limits::STATUS_MESSAGE_BYTES_MAX;
use xtrace_model::observation::ObservationContent;
use xtrace_model::{
    Cost, First, Latest, Level, Metadata, ObservationFacts, ObservationId, ObservationKey,
    ObservationState, ObservationType, Stamp, TokenCounts, TraceId, Usage, UsageReading,
};

use super::fields::{Fields, Key};
use super::steps::Placement;
use super::trace::{content, metadata, optional, reference, required, text};
use super::{Fault, ItemError, Patch, scalars};

/// The unit of usage that names none.
const DEFAULT_UNIT: &str = "TOKENS";

/// Model parameters that price tiers ask for.
const PRICE_ATTRIBUTES: [(&str, &str); 3] = [
    ("service_tier", "service_tier"),
    ("serviceTier", "service_tier"),
    ("speed", "speed"),
];

/// Decodes one observation as an event of `stamp`; entries left out are added to `notes`.
pub(super) fn decode(
    fields: &Fields<'_>,
    stamp: Stamp,
    notes: &mut Vec<ItemError>,
) -> Result<Patch, ItemError> {
    let id = scalars::id(
        Key::Id.name(),
        required(fields, Key::Id)?,
        ObservationId::new,
    )?;
    let trace_id = scalars::id(
        Key::TraceId.name(),
        required(fields, Key::TraceId)?,
        TraceId::new,
    )?;
    let mut metadata = metadata(fields, stamp)?;
    let mut facts = ObservationFacts {
        kind: kind(fields, stamp, &mut metadata)?,
        level: level(fields, stamp, &mut metadata)?,
        created_at: Some(stamp.time),
        updated_at: Some(stamp.time),
        ..ObservationFacts::default()
    };
    read_dimensions(fields, &metadata, stamp, &mut facts)?;
    read_times(fields, stamp, &mut facts)?;
    read_usage(fields, stamp, &mut facts, notes)?;
    read_prices(fields, stamp, &mut facts)?;
    let content = ObservationContent {
        input: content(fields, Key::Input, stamp)?,
        output: content(fields, Key::Output, stamp)?,
        model_parameters: content(fields, Key::ModelParameters, stamp)?,
        metadata,
    };
    let key = ObservationKey { trace_id, id };
    Ok(Patch::Observation {
        key,
        patch: Box::new(ObservationState { facts, content }),
    })
}

/// What no event names is a GENERATION; a name that is not ours is a SPAN that keeps the name.
fn kind(
    fields: &Fields<'_>,
    stamp: Stamp,
    metadata: &mut Metadata,
) -> Result<Latest<ObservationType>, ItemError> {
    let Some(sent) = reference(fields, Key::Type)? else {
        return Ok(Latest::set(Stamp::EARLIEST, ObservationType::Generation));
    };
    let known = ObservationType::parse(sent.trim());
    if known.is_none() {
        keep_original(metadata, stamp, Key::Type, &sent);
    }
    Ok(Latest::set(stamp, known.unwrap_or(ObservationType::Span)))
}

fn level(
    fields: &Fields<'_>,
    stamp: Stamp,
    metadata: &mut Metadata,
) -> Result<Latest<Level>, ItemError> {
    let Some(sent) = reference(fields, Key::Level)? else {
        return Ok(Latest::default());
    };
    let known = Level::parse(sent.trim());
    if known.is_none() {
        keep_original(metadata, stamp, Key::Level, &sent);
    }
    Ok(Latest::set(stamp, known.unwrap_or_default()))
}

/// Adds a metadata entry, unless the sender has one of that name.
fn keep_original(metadata: &mut Metadata, stamp: Stamp, key: Key, sent: &str) {
    let has_own = metadata.top_level(key.name()).is_some();
    let object = serde_json::json!({ key.name(): sent });
    if let (false, Ok(raw)) = (has_own, serde_json::value::to_raw_value(&object)) {
        metadata.join(Metadata::sent(stamp, &raw));
    }
}

fn read_dimensions(
    fields: &Fields<'_>,
    metadata: &Metadata,
    stamp: Stamp,
    facts: &mut ObservationFacts,
) -> Result<(), ItemError> {
    let placement = Placement {
        fields,
        metadata,
        stamp,
    };
    let status = |field: &str, json: &str| scalars::text(field, json, STATUS_MESSAGE_BYTES_MAX);
    let parent = fields
        .get(Key::ParentObservationId)
        .filter(|json| *json != "\"\"");
    let parent =
        parent.map(|json| scalars::id(Key::ParentObservationId.name(), json, ObservationId::new));
    facts.name = Latest::maybe(stamp, text(fields, Key::Name)?);
    facts.status_message = Latest::maybe(stamp, optional(fields, Key::StatusMessage, status)?);
    facts.parent_observation_id = Latest::maybe(stamp, parent.transpose()?);
    facts.version = Latest::maybe(stamp, text(fields, Key::Version)?);
    facts.environment = First::maybe(stamp, reference(fields, Key::Environment)?);
    facts.session_id = placement.text(Key::SessionId)?;
    facts.model = Latest::maybe(stamp, reference(fields, Key::Model)?);
    facts.model_id = Latest::maybe(stamp, reference(fields, Key::ModelId)?);
    facts.prompt_id = Latest::maybe(stamp, reference(fields, Key::PromptId)?);
    facts.prompt_name = Latest::maybe(stamp, reference(fields, Key::PromptName)?);
    facts.prompt_version = Latest::maybe(stamp, reference(fields, Key::PromptVersion)?);
    facts.price_attributes = price_attributes(fields, stamp);
    facts.steps = placement.steps()?;
    Ok(())
}

fn read_times(
    fields: &Fields<'_>,
    stamp: Stamp,
    facts: &mut ObservationFacts,
) -> Result<(), ItemError> {
    let time = |key: Key| optional(fields, key, scalars::time);
    facts.start_time = First::maybe(stamp, time(Key::StartTime)?);
    facts.end_time = Latest::maybe(stamp, time(Key::EndTime)?);
    facts.completion_start_time = Latest::maybe(stamp, time(Key::CompletionStartTime)?);
    facts.latency_s = Latest::maybe(stamp, optional(fields, Key::Latency, scalars::seconds)?);
    facts.time_to_first_token_s = Latest::maybe(
        stamp,
        optional(fields, Key::TimeToFirstToken, scalars::seconds)?,
    );
    Ok(())
}

fn read_prices(
    fields: &Fields<'_>,
    stamp: Stamp,
    facts: &mut ObservationFacts,
) -> Result<(), ItemError> {
    let amount = |key: Key| optional(fields, key, scalars::amount);
    facts.input_price = Latest::maybe(stamp, amount(Key::InputPrice)?);
    facts.output_price = Latest::maybe(stamp, amount(Key::OutputPrice)?);
    facts.total_price = Latest::maybe(stamp, amount(Key::TotalPrice)?);
    Ok(())
}

fn read_usage(
    fields: &Fields<'_>,
    stamp: Stamp,
    facts: &mut ObservationFacts,
    notes: &mut Vec<ItemError>,
) -> Result<(), ItemError> {
    let details = reading(fields, Key::UsageDetails, notes);
    let legacy = reading(fields, Key::Usage, notes);
    let sent_unit = reference(fields, Key::Unit)?;
    facts.tokens = token_counts(fields, stamp, notes);
    let usage = if details.usage.is_empty() {
        legacy.usage
    } else {
        details.usage
    };
    let has_units = !usage.is_empty() || facts.tokens != TokenCounts::default();
    facts.unit = match sent_unit.or(details.unit).or(legacy.unit) {
        Some(unit) => Latest::set(stamp, unit),
        None => Latest::maybe(Stamp::EARLIEST, has_units.then(|| DEFAULT_UNIT.into())),
    };
    facts.usage = Latest::maybe(stamp, Some(usage).filter(|usage: &Usage| !usage.is_empty()));
    let by_bucket = if details.cost.is_empty() {
        legacy.cost
    } else {
        details.cost
    };
    let cost = cost(fields, by_bucket, notes)?;
    facts.cost = Latest::maybe(stamp, Some(cost).filter(|cost| !cost.is_empty()));
    Ok(())
}

fn reading(fields: &Fields<'_>, key: Key, notes: &mut Vec<ItemError>) -> UsageReading {
    let Some(json) = fields.get(key) else {
        return UsageReading::default();
    };
    let mut reading = UsageReading::of(json);
    note_dropped(key, std::mem::take(&mut reading.dropped), notes);
    reading
}

fn note_dropped(
    key: Key,
    dropped: Vec<xtrace_model::usage::DroppedEntry>,
    notes: &mut Vec<ItemError>,
) {
    for entry in dropped {
        let dot = if entry.key.is_empty() { "" } else { "." };
        let field = format!("{}{dot}{}", key.name(), entry.key);
        notes.push(ItemError::new(Fault::OutOfRange, &field, entry.reason));
    }
}

/// A count that is none (some clients send -1 for "unknown") is left out with a note.
fn token_counts(fields: &Fields<'_>, stamp: Stamp, notes: &mut Vec<ItemError>) -> TokenCounts {
    let mut count = |key: Key| match optional(fields, key, scalars::units) {
        Ok(count) => Latest::maybe(stamp, count),
        Err(error) => {
            notes.push(error);
            Latest::default()
        }
    };
    TokenCounts {
        input: count(Key::PromptTokens),
        output: count(Key::CompletionTokens),
        total: count(Key::TotalTokens),
    }
}

/// `costDetails`, else the three calculated costs, else those in the usage object. Whatever gives the
/// buckets, a total that was sent as a field of its own is kept beside them.
fn cost(
    fields: &Fields<'_>,
    from_usage: Cost,
    notes: &mut Vec<ItemError>,
) -> Result<Cost, ItemError> {
    let mut cost = Cost::default();
    if let Some(json) = fields.get(Key::CostDetails) {
        let (details, dropped) = UsageReading::costs_of(json);
        note_dropped(Key::CostDetails, dropped, notes);
        cost = details;
    }
    let has_details = !cost.is_empty();
    let calculated = [
        ("input", Key::CalculatedInputCost),
        ("output", Key::CalculatedOutputCost),
        ("total", Key::CalculatedTotalCost),
    ];
    for (bucket, key) in calculated {
        let amount = optional(fields, key, scalars::amount)?;
        if let (Some(amount), true) = (amount, bucket == "total" || !has_details) {
            cost.0.entry(bucket.into()).or_insert(amount);
        }
    }
    Ok(if cost.is_empty() { from_usage } else { cost })
}

/// Those of the model parameters that decide which price applies.
fn price_attributes(fields: &Fields<'_>, stamp: Stamp) -> Latest<BTreeMap<Box<str>, Box<str>>> {
    let Some(json) = fields.get(Key::ModelParameters) else {
        return Latest::default();
    };
    if !PRICE_ATTRIBUTES.iter().any(|(name, _)| json.contains(name)) {
        return Latest::default();
    }
    let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(json).unwrap_or_default();
    let mut attributes = BTreeMap::new();
    for (name, attribute) in PRICE_ATTRIBUTES {
        let value = members
            .get(name)
            .and_then(|raw| scalars::text(name, raw.get(), 64).ok());
        if let Some(value) = value {
            attributes.entry(attribute.into()).or_insert(value);
        }
    }
    Latest::maybe(
        stamp,
        Some(attributes).filter(|attributes| !attributes.is_empty()),
    )
}
