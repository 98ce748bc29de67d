//! Recipes as bytes: what a payload, or a part of one, is put together from.
//!
//! A body is the version byte `1`, then items until its end. An item is a number (LEB128, shortest form) whose two
//! lowest bits say what it is and whose rest is how many bytes of *text* it stands for, never zero:
//!
//! | bits | item | followed by |
//! |---|---|---|
//! | 0 | literal | the text |
//! | 1 | message | the 16 bytes of a part's id |
//! | 2 | text | the 16 bytes of a part's id |
//! | 3 | group | the 16 bytes of a part's id |
//!
//! A reference says how long the text behind it is, so that the length of the whole is known, and can be refused,
//! before anything is fetched. The length follows from the part, so equal text still gives equal bytes.

use crate::{PartId, PayloadError};

pub(crate) const VERSION: u8 = 1;
const KIND_BITS: u32 = 2;
/// A number of 64 bits has at most so many groups of seven.
const NUMBER_BYTES_MAX: usize = 10;

/// What a part is in the payload that refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A message, or another element of an array: a tool definition, a document, a row.
    Message,
    /// A long string, with its quotes.
    Text,
    /// Several of the others with what stands between them: a stretch of a long array, or an element that holds
    /// messages.
    Group,
}

/// A part as a recipe names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    pub kind: Kind,
    pub id: PartId,
    /// Bytes of text that the part stands for, those of its own parts included.
    pub text_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    Literal(&'a [u8]),
    Part(Reference),
}

/// A body whose form has been checked. Whether its parts exist is another question.
#[derive(Clone, Copy, Debug)]
pub struct Recipe<'a> {
    items: &'a [u8],
    text_bytes: usize,
}

impl<'a> Recipe<'a> {
    /// Reads a recipe or the body of a part; takes time by the number of items, not by their length.
    ///
    /// # Errors
    /// [`PayloadError::Corrupt`] for bytes that do not follow the format.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, PayloadError> {
        let Some((&VERSION, items)) = bytes.split_first() else {
            return Err(PayloadError::Corrupt("unknown version"));
        };
        let mut rest = items;
        let mut text_bytes = 0_usize;
        while !rest.is_empty() {
            let (item, behind) = read_item(rest)?;
            let more = match item {
                Item::Literal(text) => text.len(),
                Item::Part(reference) => reference.text_bytes,
            };
            text_bytes = text_bytes
                .checked_add(more)
                .ok_or(PayloadError::Corrupt("lengths overflow"))?;
            rest = behind;
        }
        Ok(Self { items, text_bytes })
    }

    /// Bytes of text that it makes.
    pub fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    pub fn items(&self) -> Items<'a> {
        Items { rest: self.items }
    }

    /// The parts it names itself, in order, as often as it names them.
    pub fn references(&self) -> impl Iterator<Item = Reference> + use<'a> {
        self.items().filter_map(|item| match item {
            Item::Literal(_) => None,
            Item::Part(reference) => Some(reference),
        })
    }
}

/// The items of a [`Recipe`].
#[derive(Clone, Debug)]
pub struct Items<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        // The end, for what is malformed has been refused before.
        let (item, rest) = read_item(self.rest).ok()?;
        self.rest = rest;
        Some(item)
    }
}

pub(crate) fn begin(out: &mut Vec<u8>) {
    out.push(VERSION);
}

/// Nothing for empty text.
pub(crate) fn write_literal(out: &mut Vec<u8>, text: &[u8]) {
    if !text.is_empty() {
        write_number(out, (text.len() as u64) << KIND_BITS);
        out.extend_from_slice(text);
    }
}

pub(crate) fn write_reference(out: &mut Vec<u8>, reference: Reference) {
    let kind = match reference.kind {
        Kind::Message => 1,
        Kind::Text => 2,
        Kind::Group => 3,
    };
    write_number(out, (reference.text_bytes as u64) << KIND_BITS | kind);
    out.extend_from_slice(reference.id.as_bytes());
}

fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_item(bytes: &[u8]) -> Result<(Item<'_>, &[u8]), PayloadError> {
    let (number, rest) = read_number(bytes)?;
    let text_bytes = usize::try_from(number >> KIND_BITS)
        .ok()
        .filter(|&text_bytes| text_bytes > 0)
        .ok_or(PayloadError::Corrupt("impossible length"))?;
    let kind = match number & 3 {
        0 => {
            let (text, rest) = rest
                .split_at_checked(text_bytes)
                .ok_or(PayloadError::Corrupt("text ends early"))?;
            return Ok((Item::Literal(text), rest));
        }
        1 => Kind::Message,
        2 => Kind::Text,
        _ => Kind::Group,
    };
    let (id, rest) = rest
        .split_first_chunk()
        .ok_or(PayloadError::Corrupt("part id ends early"))?;
    let reference = Reference {
        kind,
        id: PartId::from_bytes(*id),
        text_bytes,
    };
    Ok((Item::Part(reference), rest))
}

fn read_number(bytes: &[u8]) -> Result<(u64, &[u8]), PayloadError> {
    let mut number = 0_u64;
    for (index, &byte) in bytes.iter().take(NUMBER_BYTES_MAX).enumerate() {
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * index as u32;
        if bits << shift >> shift != bits {
            return Err(PayloadError::Corrupt("number overflows"));
        }
        number |= bits << shift;
        if byte < 0x80 {
            let is_shortest = byte != 0 || index == 0;
            return if is_shortest {
                Ok((number, &bytes[index + 1..]))
            } else {
                Err(PayloadError::Corrupt("number is not in its shortest form"))
            };
        }
    }
    Err(PayloadError::Corrupt("number ends early"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_size_come_back() {
        for number in [
            0,
            1,
            127,
            128,
            16_383,
            16_384,
            u64::from(u32::MAX),
            u64::MAX,
        ] {
            let mut bytes = Vec::new();
            write_number(&mut bytes, number);
            assert_eq!(read_number(&bytes).unwrap(), (number, &[][..]));
        }
    }

    #[test]
    fn malformed_bodies_are_refused() {
        let mut too_long = vec![VERSION];
        too_long.extend([0xff; 11]);
        let cases: [&[u8]; 8] = [
            &[],
            &[9],
            &[VERSION, 0],
            &[VERSION, 4 << 2, b'a'],
            &[VERSION, 0x84, 0, b'a'],
            &[VERSION, 0x80],
            &[VERSION, 1 << 2 | 1, 0, 0],
            &too_long,
        ];
        for bytes in cases {
            assert!(Recipe::decode(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(Recipe::decode(&[VERSION]).unwrap().text_bytes(), 0);
    }
}
