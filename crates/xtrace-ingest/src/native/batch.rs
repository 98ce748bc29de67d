//! A body split into items, each decoded on its own.

use serde::Deserialize;
use serde_json::value::RawValue;
use xtrace_model::limits::BATCH_ITEMS_MAX;
use xtrace_model::{Stamp, Timestamp};

use super::fields::{Fields, Key};
use super::{
    BodyError, Decoded, DecodedItem, Fault, ItemError, Part, Place, observation, scalars, trace,
};

mod envelope;

pub(super) use envelope::List;
use envelope::{Envelope, Observations};

/// Longest id shown for an item that was rejected. Bytes.
const SHOWN_ID_BYTES: usize = 256;

/// Decodes the body of `POST /v1/l/batch`: one documented body, or a list of them.
///
/// `received` is the server's receipt time: later for every later request. Items of one request are
/// ordered by their position.
///
/// # Errors
/// The body as a whole is unreadable or has too many items. A bad item is no error: it is in the result.
pub fn decode_batch(body: &[u8], received: Timestamp) -> Result<Decoded, BodyError> {
    let text = body_text(body)?;
    let mut split = Split::default();
    if text.starts_with('[') {
        let bodies: List = parse(text)?;
        split.count_more(bodies.count)?;
        for (index, body) in bodies.items.into_iter().enumerate() {
            split.add_body(Some(index as u32), body.get())?;
        }
    } else if text.starts_with('{') {
        let envelope = Envelope::parse(text);
        split.add_envelope(None, envelope.map_err(|error| not_json(&error))?)?;
    } else {
        let whole: &RawValue = parse(text)?;
        let found = scalars::kind_of(whole.get());
        return Err(BodyError::WrongShape {
            found,
            expected: "an object or a list of objects",
        });
    }
    let items = split.items.into_iter().enumerate();
    let items = items
        .map(|(index, item)| decode_item(index as u32, item, received))
        .collect();
    Ok(Decoded { items })
}

/// The body as text, without byte order mark and surrounding space.
pub(super) fn body_text(body: &[u8]) -> Result<&str, BodyError> {
    let text =
        std::str::from_utf8(body).map_err(|error| BodyError::NotUtf8(error.valid_up_to()))?;
    Ok(text.trim_start_matches('\u{feff}').trim())
}

pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, BodyError> {
    serde_json::from_str(text).map_err(|error| not_json(&error))
}

fn not_json(error: &serde_json::Error) -> BodyError {
    BodyError::NotJson(error.to_string())
}

enum Found<'a> {
    Item(&'a RawValue),
    Bad(ItemError),
}

/// Items found so far.
#[derive(Default)]
struct Split<'a> {
    items: Vec<(Place, Found<'a>)>,
}

impl<'a> Split<'a> {
    fn count_more(&self, more: usize) -> Result<(), BodyError> {
        let found = self.items.len() + more;
        if found > BATCH_ITEMS_MAX {
            return Err(BodyError::TooMany {
                found,
                what: "items",
                max: BATCH_ITEMS_MAX,
            });
        }
        Ok(())
    }

    fn add_body(&mut self, body: Option<u32>, json: &'a str) -> Result<(), BodyError> {
        let place = |part| Place { body, part };
        if !json.starts_with('{') {
            let found = scalars::kind_of(json);
            return self.add_bad(place(Part::Body), "body", found, "an object");
        }
        match Envelope::parse(json) {
            Ok(envelope) => self.add_envelope(body, envelope),
            Err(error) => {
                let error = ItemError::new(Fault::Unreadable, "body", error.to_string());
                self.count_more(1)?;
                self.items.push((place(Part::Body), Found::Bad(error)));
                Ok(())
            }
        }
    }

    fn add_envelope(&mut self, body: Option<u32>, envelope: Envelope<'a>) -> Result<(), BodyError> {
        let place = |part| Place { body, part };
        if let Some(trace) = envelope.trace {
            self.count_more(1)?;
            self.items.push((place(Part::Trace), Found::Item(trace)));
        }
        let list = match envelope.observations {
            Observations::Absent => return Ok(()),
            Observations::Other(found) => {
                return self.add_bad(place(Part::Observations), "observations", found, "a list");
            }
            Observations::List(list) => list,
        };
        self.count_more(list.count)?;
        let items = list.items.into_iter().enumerate();
        self.items.extend(items.map(|(index, item)| {
            let place = place(Part::Observation(index as u32));
            (place, Found::Item(item))
        }));
        Ok(())
    }

    fn add_bad(
        &mut self,
        place: Place,
        field: &str,
        found: &str,
        expected: &str,
    ) -> Result<(), BodyError> {
        self.count_more(1)?;
        let reason = format!("is {found}; expected {expected}");
        self.items.push((
            place,
            Found::Bad(ItemError::new(Fault::WrongType, field, reason)),
        ));
        Ok(())
    }
}

fn decode_item(index: u32, (place, found): (Place, Found<'_>), received: Timestamp) -> DecodedItem {
    let mut item = DecodedItem {
        index,
        place,
        id: None,
        result: Err(unread()),
        notes: Vec::new(),
    };
    let raw = match found {
        Found::Item(raw) => raw,
        Found::Bad(error) => {
            return DecodedItem {
                result: Err(error),
                ..item
            };
        }
    };
    let field = place.part.kind();
    if !raw.get().starts_with('{') {
        let reason = format!("is {}; expected an object", scalars::kind_of(raw.get()));
        return DecodedItem {
            result: Err(ItemError::new(Fault::WrongType, field, reason)),
            ..item
        };
    }
    let fields = match Fields::parse(raw) {
        Ok(fields) => fields,
        Err(error) => {
            let error = ItemError::new(Fault::Unreadable, field, error.to_string());
            return DecodedItem {
                result: Err(error),
                ..item
            };
        }
    };
    item.id = fields.get(Key::Id).and_then(shown_id);
    let stamp = Stamp::new(received, index);
    item.result = match place.part {
        Part::Trace => trace::decode(&fields, stamp),
        _ => observation::decode(&fields, stamp, &mut item.notes),
    };
    item
}

fn unread() -> ItemError {
    ItemError::new(Fault::Unreadable, "item", "was not read")
}

/// The id as far as it can be shown in an answer.
fn shown_id(json: &str) -> Option<Box<str>> {
    let text = scalars::unquote(json).unwrap_or_else(|| json.to_owned());
    let end = text.floor_char_boundary(SHOWN_ID_BYTES);
    (!text.is_empty()).then(|| text[..end].into())
}
