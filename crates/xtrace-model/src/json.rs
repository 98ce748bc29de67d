//! JSON kept as text: payloads come back exactly as they were sent.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The text of one valid JSON value; cloning shares it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JsonText(Arc<str>);

impl JsonText {
    /// Checks that `text` is one JSON value.
    ///
    /// # Errors
    /// As `serde_json` reports them.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let raw: &RawValue = serde_json::from_str(text)?;
        Ok(Self::from_raw(raw))
    }

    pub fn from_raw(raw: &RawValue) -> Self {
        Self(raw.get().into())
    }

    pub fn from_value(value: &serde_json::Value) -> Self {
        Self(value.to_string().into())
    }

    /// For text that an engine stored and hands back.
    pub fn from_stored(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn to_raw(&self) -> Box<RawValue> {
        RawValue::from_string(self.0.to_string()).expect("only valid JSON becomes JsonText")
    }

    /// The value as a tree; text nested deeper than parsers go becomes a string.
    pub fn to_value(&self) -> serde_json::Value {
        let parsed = serde_json::from_str(&self.0);
        parsed.unwrap_or_else(|_| serde_json::Value::String(self.0.to_string()))
    }

    /// `null`, `""`, `{}` and `[]` say nothing: they never replace a payload (contracts/langfuse.md §3.3).
    pub fn is_empty(&self) -> bool {
        matches!(&*self.0, "null" | "\"\"") || {
            let inner = self
                .0
                .trim_start_matches(['{', '['])
                .trim_end_matches(['}', ']']);
            inner.trim().is_empty() && self.0.len() - inner.len() == 2
        }
    }
}

/// How deep and how large a JSON text is, found without parsing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Levels of objects and arrays; a scalar has none.
    pub depth: usize,
    /// Keys of all objects at all levels.
    pub keys: usize,
}

impl Shape {
    /// Reads valid JSON byte by byte; needs no stack, however deep it is.
    pub fn of(text: &str) -> Self {
        let mut shape = Self::default();
        let mut depth = 0_usize;
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'{' | b'[' => {
                    depth += 1;
                    shape.depth = shape.depth.max(depth);
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                b':' => shape.keys += 1,
                b'"' => skip_string(&mut bytes),
                _ => {}
            }
        }
        shape
    }
}

/// Moves behind the closing quote of a string that has just been opened.
fn skip_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => return,
            _ => {}
        }
    }
}

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_which_values_say_nothing() {
        for empty in ["null", "\"\"", "{}", "[]", "{ }", "[\n]"] {
            assert!(JsonText::parse(empty).unwrap().is_empty(), "{empty}");
        }
        for full in ["0", "false", "\" \"", "[[]]", "{\"a\":null}", "[0]"] {
            assert!(!JsonText::parse(full).unwrap().is_empty(), "{full}");
        }
    }

    #[test]
    fn measures_depth_and_keys_outside_strings() {
        let check = |text: &str, depth: usize, keys: usize| {
            assert_eq!(Shape::of(text), Shape { depth, keys }, "{text}");
        };
        check("1", 0, 0);
        check("\"[[:\\\"{{\"", 0, 0);
        check("[[],[[]]]", 3, 0);
        check("{\"a\":{\"b:\":[1]},\"c\":\"\\\\\"}", 3, 3);
        check(&"[".repeat(100_000), 100_000, 0);
    }

    #[test]
    fn reads_deep_text_as_a_string_rather_than_failing() {
        let deep = "[".repeat(1_000) + &"]".repeat(1_000);
        assert!(JsonText::from_stored(deep).to_value().is_string());
    }

    #[test]
    fn keeps_the_text_as_sent() {
        let text = r#"{"b":1.50,"a":1e400,"c":"\u0000"}"#;
        assert_eq!(JsonText::parse(text).unwrap().as_str(), text);
        assert!(JsonText::parse("{").is_err());
    }
}
