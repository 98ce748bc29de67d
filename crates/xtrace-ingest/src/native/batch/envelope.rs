//! The documented body, read in one pass: its items stay text, however deep they are.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use xtrace_model::limits::BATCH_POINTS_MAX;

use crate::native::scalars;

/// `{"trace": …, "observations": […]}`; other keys are ignored, and of one key twice the last counts.
pub(super) struct Envelope<'a, O = Observations<'a>> {
    pub(super) trace: Option<&'a RawValue>,
    pub(super) observations: O,
}

impl<'a> Envelope<'a> {
    pub(super) fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).or_else(|error| Self::parse_unread(json).ok_or(error))
    }

    /// The body where something else than a list stands under `observations` that is JSON and cannot be read all the
    /// same: a number that no float holds.
    fn parse_unread(json: &'a str) -> Option<Self> {
        let unread: Envelope<'_, Option<&RawValue>> = serde_json::from_str(json).ok()?;
        let other = unread.observations?.get();
        (!other.starts_with('[')).then(|| Self {
            trace: unread.trace,
            observations: Observations::Other(scalars::kind_of(other)),
        })
    }
}

/// What stands under `observations`.
#[derive(Default)]
pub(super) enum Observations<'a> {
    #[default]
    Absent,
    List(List<'a>),
    /// Something else, and what it is.
    Other(&'static str),
}

/// A list of values that are still text; past the highest limit they are counted but not kept.
pub(in crate::native) struct List<'a> {
    pub(in crate::native) items: Vec<&'a RawValue>,
    pub(in crate::native) count: usize,
}

impl<'a> List<'a> {
    fn read<A: SeqAccess<'a>>(mut seq: A) -> Result<Self, A::Error> {
        let mut items = Vec::new();
        while items.len() < BATCH_POINTS_MAX {
            let Some(item) = seq.next_element()? else {
                break;
            };
            items.push(item);
        }
        let mut count = items.len();
        while seq.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Self { items, count })
    }
}

impl<'de> Deserialize<'de> for List<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor;
        impl<'de> Visitor<'de> for ListVisitor {
            type Value = List<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                List::read(seq)
            }
        }
        deserializer.deserialize_seq(ListVisitor)
    }
}

impl<'de> Deserialize<'de> for Observations<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObservationsVisitor)
    }
}

struct ObservationsVisitor;

impl<'de> Visitor<'de> for ObservationsVisitor {
    type Value = Observations<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        List::read(seq).map(Observations::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Observations::Other("an object"))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Observations::Absent)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Observations::Other("true or false"))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Observations::Other("a text"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Observations::Other("a number"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Observations::Other("a number"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Observations::Other("a number"))
    }
}

#[derive(Deserialize)]
struct KeyText<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de, O: Deserialize<'de> + Default> Deserialize<'de> for Envelope<'de, O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor(PhantomData))
    }
}

struct EnvelopeVisitor<O>(PhantomData<O>);

impl<'de, O: Deserialize<'de> + Default> Visitor<'de> for EnvelopeVisitor<O> {
    type Value = Envelope<'de, O>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut envelope = Envelope {
            trace: None,
            observations: O::default(),
        };
        while let Some(KeyText(key)) = map.next_key()? {
            match &*key {
                "trace" => envelope.trace = map.next_value()?,
                "observations" => envelope.observations = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(envelope)
    }
}
