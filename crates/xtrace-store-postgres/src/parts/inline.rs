//! Small parts inside what names them.
//!
//! Most messages are a few bytes around a long text: `{"role":"user","content":…}`. As a row of its own such a wrapper
//! takes five times its size. So it is kept, in place of its id, in each recipe or body that names it; the id is
//! made of it again when it is read. What is laid out so begins with the byte 2, then come in turns a stretch of
//! the body and a small part that is named there, each after its length; a body that names no small part stays as
//! it is (and begins with 1). Lengths are LEB128.

use std::collections::HashMap;

use xtrace_payload::{PartId, PayloadError, Recipe, Split};

const INLINED: u8 = 2;
/// What a small part may have beside the ids that it names. Bytes.
///
/// INVARIANT: this never changes. A writer that finds a body stored relies on those parts of it to be there, as rows, that
/// it would itself have added.
const OWN_BYTES_MAX: usize = 48;
/// Small parts within small parts; what is split stays far below it.
const NESTING_MAX: usize = 128;

/// A body, and the small parts that came with it.
pub struct Unfolded {
    pub body: Vec<u8>,
    pub small: Vec<(PartId, Vec<u8>)>,
}

/// The small parts of a text.
pub struct Small<'a>(HashMap<PartId, &'a [u8]>);

impl<'a> Small<'a> {
    pub fn of(split: &'a Split) -> Self {
        let small = split.parts().filter(|part| is_small(part.body));
        Self(small.map(|part| (part.id, part.body)).collect())
    }

    /// A body with the small parts in it.
    pub fn fold(&self, body: &[u8]) -> Vec<u8> {
        let mut folded = Vec::with_capacity(body.len() + 64);
        self.fold_into(body, &mut folded);
        folded
    }

    fn fold_into(&self, body: &[u8], out: &mut Vec<u8>) {
        let recipe = Recipe::decode(body).expect("a body that was just made is well formed");
        let mut rest = body;
        for reference in recipe.references() {
            let Some(small) = self.0.get(&reference.id) else {
                continue;
            };
            // Found where it stands, or by chance before: either is put back as it was.
            let id = reference.id.as_bytes().as_slice();
            let at = rest.windows(id.len()).position(|window| window == id);
            let Some(at) = at else {
                continue;
            };
            if rest.len() == body.len() {
                out.push(INLINED);
            }
            write_bytes(out, &rest[..at]);
            rest = &rest[at + id.len()..];
            let mut inner = Vec::new();
            self.fold_into(small, &mut inner);
            write_bytes(out, &inner);
        }
        if rest.len() == body.len() {
            out.extend_from_slice(body);
        } else {
            write_bytes(out, rest);
        }
    }
}

/// A part with little but the ids of others.
pub fn is_small(body: &[u8]) -> bool {
    let references = Recipe::decode(body).map_or(0, |recipe| recipe.references().count());
    references > 0 && body.len() <= OWN_BYTES_MAX + references * PartId::BYTES
}

/// Whether a folded body, or what is folded in it, names parts that are rows of their own.
pub fn names_rows(folded: &[u8]) -> bool {
    // What is folded is there for the parts that it names.
    folded.first() == Some(&INLINED)
        || Recipe::decode(folded).is_ok_and(|recipe| recipe.references().next().is_some())
}

/// What was folded.
pub fn unfold(folded: Vec<u8>) -> Result<Unfolded, PayloadError> {
    if folded.first() != Some(&INLINED) {
        return Ok(Unfolded {
            body: folded,
            small: Vec::new(),
        });
    }
    let mut small = Vec::new();
    let body = unfold_into(&folded, 0, &mut small)?;
    Ok(Unfolded { body, small })
}

fn unfold_into(
    folded: &[u8],
    nesting: usize,
    small: &mut Vec<(PartId, Vec<u8>)>,
) -> Result<Vec<u8>, PayloadError> {
    let Some((&INLINED, mut rest)) = folded.split_first() else {
        return Ok(folded.to_vec());
    };
    if nesting > NESTING_MAX {
        return Err(PayloadError::Corrupt("small parts are nested too deep"));
    }
    let mut body = Vec::with_capacity(folded.len());
    loop {
        let (stretch, after) = read_bytes(rest)?;
        body.extend_from_slice(stretch);
        if after.is_empty() {
            return Ok(body);
        }
        let (inner, after) = read_bytes(after)?;
        let inner = unfold_into(inner, nesting + 1, small)?;
        let id = PartId::of(&inner);
        body.extend_from_slice(id.as_bytes());
        small.push((id, inner));
        rest = after;
    }
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
}

fn read_bytes(bytes: &[u8]) -> Result<(&[u8], &[u8]), PayloadError> {
    const CORRUPT: PayloadError = PayloadError::Corrupt("a stretch ends early");
    let mut length = 0_usize;
    for (index, &byte) in bytes.iter().enumerate().take(8) {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return bytes[index + 1..].split_at_checked(length).ok_or(CORRUPT);
        }
    }
    Err(CORRUPT)
}

#[cfg(test)]
mod tests {
    use xtrace_payload::split;

    use super::{INLINED, Small, is_small, unfold};

    #[test]
    fn what_was_folded_comes_back_with_its_small_parts() {
        let long = "word ".repeat(100);
        let message = format!(r#"{{"role":"user","content":"{long}"}}"#);
        let other = format!(r#"{{"role":"tool","content":[{{"type":"text","text":"{long}!"}}]}}"#);
        for text in [
            format!("[{message}]"),
            message.clone(),
            format!("[{message},{other},{message},{{\"x\":\"{long}?\"}}]"),
            format!("[{}]", vec![message.as_str(); 90].join(",")),
            format!(
                "{}{message}{}",
                r#"{"role":"a","content":"#.repeat(60),
                "}".repeat(60)
            ),
            "[1,2]".to_owned(),
        ] {
            let split = split(&text);
            let small = Small::of(&split);
            let bodies = split.parts().map(|part| part.body);
            for body in bodies.chain([split.recipe()]) {
                let folded = small.fold(body);
                let unfolded = unfold(folded.clone()).unwrap();
                assert_eq!(unfolded.body, body);
                for (id, body) in unfolded.small {
                    assert!(small.0[&id] == body && is_small(&body));
                }
                assert!(
                    unfold(folded[..folded.len() - 1].to_vec()).is_err() || folded[0] != INLINED
                );
            }
        }
    }
}
