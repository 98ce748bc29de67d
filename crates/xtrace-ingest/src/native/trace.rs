//! A trace item to its patch.

use std::collections::BTreeSet;

use serde_json::value::RawValue;
use xtrace_model::json::Shape;
use xtrace_model::limits::{DIMENSION_BYTES_MAX, METADATA_KEYS_MAX, TAG_BYTES_MAX, TAGS_MAX};
use xtrace_model::trace::{TraceContent, TraceFacts};
use xtrace_model::{First, JsonText, Latest, Metadata, Stamp, TraceId, TraceState};

use super::fields::{Fields, Key};
use super::steps::Placement;
use super::{Fault, ItemError, Patch, scalars};

/// Decodes one trace as an event of `stamp`.
pub(super) fn decode(fields: &Fields<'_>, stamp: Stamp) -> Result<Patch, ItemError> {
    let id = required(fields, Key::Id)?;
    let id = scalars::id(Key::Id.name(), id, TraceId::new)?;
    let metadata = metadata(fields, stamp)?;
    let facts = facts(fields, &metadata, stamp)?;
    let content = TraceContent {
        input: content(fields, Key::Input, stamp)?,
        output: content(fields, Key::Output, stamp)?,
        metadata,
    };
    Ok(Patch::Trace {
        id,
        patch: Box::new(TraceState { facts, content }),
    })
}

fn facts(fields: &Fields<'_>, metadata: &Metadata, stamp: Stamp) -> Result<TraceFacts, ItemError> {
    let placement = Placement {
        fields,
        metadata,
        stamp,
    };
    Ok(TraceFacts {
        timestamp: First::maybe(stamp, optional(fields, Key::Timestamp, scalars::time)?),
        name: Latest::maybe(stamp, text(fields, Key::Name)?),
        user_id: Latest::maybe(stamp, reference(fields, Key::UserId)?),
        session_id: placement.text(Key::SessionId)?,
        release: Latest::maybe(stamp, text(fields, Key::Release)?),
        version: Latest::maybe(stamp, text(fields, Key::Version)?),
        environment: First::maybe(stamp, reference(fields, Key::Environment)?),
        external_id: Latest::maybe(stamp, reference(fields, Key::ExternalId)?),
        public: Latest::maybe(stamp, optional(fields, Key::Public, scalars::flag)?),
        bookmarked: Latest::maybe(stamp, optional(fields, Key::Bookmarked, scalars::flag)?),
        latency_s: Latest::maybe(stamp, optional(fields, Key::Latency, scalars::seconds)?),
        total_cost: Latest::maybe(stamp, optional(fields, Key::TotalCost, scalars::amount)?),
        tags: fields
            .get(Key::Tags)
            .map(tags)
            .transpose()?
            .unwrap_or_default(),
        steps: placement.steps()?,
        created_at: Some(stamp.time),
        updated_at: Some(stamp.time),
    })
}

pub(super) fn required<'a>(fields: &Fields<'a>, key: Key) -> Result<&'a str, ItemError> {
    fields
        .get(key)
        .ok_or_else(|| ItemError::new(Fault::Missing, key.name(), "is missing"))
}

pub(super) fn optional<T>(
    fields: &Fields<'_>,
    key: Key,
    read: impl FnOnce(&str, &str) -> Result<T, ItemError>,
) -> Result<Option<T>, ItemError> {
    fields
        .get(key)
        .map(|json| read(key.name(), json))
        .transpose()
}

/// A short text, kept even when it is empty.
pub(super) fn text(fields: &Fields<'_>, key: Key) -> Result<Option<Box<str>>, ItemError> {
    optional(fields, key, |field, json| {
        scalars::text(field, json, DIMENSION_BYTES_MAX)
    })
}

/// A short text that points at something; an empty one points at nothing.
pub(super) fn reference(fields: &Fields<'_>, key: Key) -> Result<Option<Box<str>>, ItemError> {
    Ok(text(fields, key)?.filter(|text| !text.is_empty()))
}

/// A payload. One that says nothing (`""`, `{}`, `[]`) stands only until any other is sent.
pub(super) fn content(
    fields: &Fields<'_>,
    key: Key,
    stamp: Stamp,
) -> Result<Latest<JsonText>, ItemError> {
    let Some(raw) = fields.raw(key) else {
        return Ok(Latest::default());
    };
    let json = JsonText::from_raw(scalars::payload(key.name(), raw)?);
    let stamp = if json.is_empty() {
        Stamp::EARLIEST
    } else {
        stamp
    };
    Ok(Latest::set(stamp, json))
}

pub(super) fn metadata(fields: &Fields<'_>, stamp: Stamp) -> Result<Metadata, ItemError> {
    let Some(raw) = fields.raw(Key::Metadata) else {
        return Ok(Metadata::default());
    };
    let raw = scalars::payload(Key::Metadata.name(), raw)?;
    let keys = Shape::of(raw.get()).keys;
    if keys > METADATA_KEYS_MAX {
        let reason = format!("has {keys} keys; the limit is {METADATA_KEYS_MAX}");
        return Err(ItemError::new(Fault::TooMany, Key::Metadata.name(), reason));
    }
    Ok(Metadata::sent(stamp, raw))
}

/// A list of texts, or one text. Nulls and empty tags are none.
fn tags(json: &str) -> Result<BTreeSet<Box<str>>, ItemError> {
    let field = Key::Tags.name();
    if !json.starts_with('[') {
        let tag = scalars::text(field, json, TAG_BYTES_MAX)?;
        return Ok(BTreeSet::from([tag])
            .into_iter()
            .filter(|tag| !tag.is_empty())
            .collect());
    }
    let list: Result<Vec<&RawValue>, _> = serde_json::from_str(json);
    let list = list.map_err(|error| ItemError::new(Fault::Unreadable, field, error.to_string()))?;
    if list.len() > TAGS_MAX {
        let reason = format!("has {} tags; the limit is {TAGS_MAX}", list.len());
        return Err(ItemError::new(Fault::TooMany, field, reason));
    }
    let mut tags = BTreeSet::new();
    for (index, tag) in list
        .iter()
        .enumerate()
        .filter(|(_, tag)| tag.get() != "null")
    {
        let tag = scalars::text(&format!("{field}[{index}]"), tag.get(), TAG_BYTES_MAX)?;
        if !tag.is_empty() {
            tags.insert(tag);
        }
    }
    Ok(tags)
}
