//! Native bodies to patches: pure, item by item, payloads never parsed into trees.
//!
//! A body is first split into items, each still text (this needs no stack, however deep a payload is);
//! then every item is decoded on its own. So one bad item costs nothing but itself, and says which field
//! and which limit. Accepted beyond the documented shape: an array of bodies, snake_case keys (the
//! camelCase one wins where both have a value), null for any absent field, numbers where a text is
//! expected, numeric texts where a number is. An unknown `type` is stored as SPAN and an unknown `level`
//! as DEFAULT; what was sent stays in the metadata under the same key. What it deliberately does not do:
//! store, price, or choose the tenant (`projectId` is ignored).
//!
//! ```
//! use xtrace_ingest::native::{Patch, decode_batch};
//! use xtrace_model::Timestamp;
//!
//! let body = br#"{"trace": {"id": "t1", "name": "chat"}, "observations": [{"id": "o1"}]}"#;
//! let decoded = decode_batch(body, Timestamp::from_micros(0)).unwrap();
//! assert!(matches!(decoded.items[0].result, Ok(Patch::Trace { .. })));
//! let error = decoded.items[1].result.as_ref().unwrap_err();
//! assert_eq!(error.to_string(), "traceId is missing");
//! ```

use std::fmt;

use xtrace_model::{ObservationKey, ObservationState, TraceId, TraceState};

mod batch;
mod fields;
mod observation;
mod points;
mod scalars;
mod steps;
mod trace;

pub use batch::decode_batch;
pub use fields::field_names;
pub use points::{
    DecodedPoints, LabelLimits, LabelPolicy, RejectedPoint, SeriesPoints, decode_points,
};

/// All items of one body, in order.
#[derive(Debug, Default)]
pub struct Decoded {
    pub items: Vec<DecodedItem>,
}

/// One item: what became of it.
#[derive(Debug)]
pub struct DecodedItem {
    /// Position among all items of the request.
    pub index: u32,
    /// Where in the body it stood.
    pub place: Place,
    /// As sent, as far as it could be read.
    pub id: Option<Box<str>>,
    pub result: Result<Patch, ItemError>,
    /// What was left out of an accepted item, and why.
    pub notes: Vec<ItemError>,
}

/// What an item says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patch {
    Trace {
        id: TraceId,
        patch: Box<TraceState>,
    },
    Observation {
        key: ObservationKey,
        patch: Box<ObservationState>,
    },
}

/// Where an item stood: `trace`, `observations[3]`, or `[1].observations[3]` in an array of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which body, where there are several.
    pub body: Option<u32>,
    pub part: Part,
}

/// The part of a body that an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Trace,
    Observation(u32),
    /// The list itself, when it is none.
    Observations,
    /// A whole body that is no object.
    Body,
}

impl Part {
    /// `trace`, `observation` or `body`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Observation(_) | Self::Observations => "observation",
            Self::Body => "body",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(body) = self.body {
            write!(f, "[{body}]")?;
        }
        let dot = if self.body.is_some() { "." } else { "" };
        match self.part {
            Part::Trace => write!(f, "{dot}trace"),
            Part::Observation(index) => write!(f, "{dot}observations[{index}]"),
            Part::Observations => write!(f, "{dot}observations"),
            Part::Body if self.body.is_none() => f.write_str("body"),
            Part::Body => Ok(()),
        }
    }
}

/// Why an item, or an entry of one, was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct ItemError {
    pub fault: Fault,
    /// The field, in the spelling of the documentation.
    pub field: Box<str>,
    /// Continues a sentence that begins with the field.
    pub reason: String,
}

/// The categories of [`ItemError`], for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    Missing,
    WrongType,
    TooLong,
    TooDeep,
    TooMany,
    BadTime,
    OutOfRange,
    Unreadable,
}

impl Fault {
    pub const ALL: [Self; 8] = [
        Self::Missing,
        Self::WrongType,
        Self::TooLong,
        Self::TooDeep,
        Self::TooMany,
        Self::BadTime,
        Self::OutOfRange,
        Self::Unreadable,
    ];

    /// A stable code in snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::WrongType => "wrong_type",
            Self::TooLong => "too_long",
            Self::TooDeep => "too_deep",
            Self::TooMany => "too_many",
            Self::BadTime => "bad_time",
            Self::OutOfRange => "out_of_range",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Why a body as a whole could not be split into items.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("body is not UTF-8 from byte {0} on")]
    NotUtf8(usize),
    #[error("body is not JSON: {0}")]
    NotJson(String),
    #[error("body is {found}; expected {expected}")]
    WrongShape {
        found: &'static str,
        expected: &'static str,
    },
    #[error("body has {found} {what}; the limit is {max}")]
    TooMany {
        found: usize,
        what: &'static str,
        max: usize,
    },
    /// By policy one bad point rejects them all.
    #[error("batch is rejected by the label policy: metrics[{index}] {error}")]
    Refused { index: u32, error: ItemError },
}

impl ItemError {
    pub(crate) fn new(fault: Fault, field: &str, reason: impl Into<String>) -> Self {
        Self {
            fault,
            field: field.into(),
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests;
