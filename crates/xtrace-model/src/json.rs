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

    pub fn to_value(&self) -> serde_json::Value {
        serde_json::from_str(&self.0).expect("only valid JSON becomes JsonText")
    }

    /// `null`, `""`, `{}` and `[]` say nothing: they never replace a payload (contracts/langfuse.md §3.3).
    pub fn is_empty(&self) -> bool {
        matches!(&*self.0, "null" | "\"\"") || {
            let inner = self.0.trim_start_matches(['{', '[']).trim_end_matches(['}', ']']);
            inner.trim().is_empty() && self.0.len() - inner.len() == 2
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
    fn keeps_the_text_as_sent() {
        let text = r#"{"b":1.50,"a":1e400,"c":"\u0000"}"#;
        assert_eq!(JsonText::parse(text).unwrap().as_str(), text);
        assert!(JsonText::parse("{").is_err());
    }
}
