//! Scalars as they look on the wire.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use xtrace_model::{JsonText, Timestamp};

/// RFC 3339 in UTC with `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Instant(pub Timestamp);

/// RFC 3339 in UTC with `+00:00`, the form of the time-series routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct MetricInstant(pub Timestamp);

/// Any JSON, exactly as it was sent; null where nothing was.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
#[schema(value_type = serde_json::Value)]
pub struct Payload(pub Option<JsonText>);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for MetricInstant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.to_string();
        let local = text.strip_suffix('Z').unwrap_or(&text);
        serializer.serialize_str(&format!("{local}+00:00"))
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(text) = &self.0 else {
            return serializer.serialize_none();
        };
        let raw: &RawValue = serde_json::from_str(text.as_str()).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_z_or_a_zero_offset() {
        let time = Timestamp::parse("2026-01-01T08:00:00.25+08:00").unwrap();
        let json = serde_json::to_string(&(Instant(time), MetricInstant(time))).unwrap();
        assert_eq!(
            json,
            r#"["2026-01-01T00:00:00.25Z","2026-01-01T00:00:00.25+00:00"]"#
        );
    }

    #[test]
    fn payloads_come_back_letter_by_letter() {
        let text = r#"{"b": 1.50, "a":[1e400]}"#;
        let payload = Payload(JsonText::parse(text).ok());
        assert_eq!(serde_json::to_string(&payload).unwrap(), text);
        assert_eq!(serde_json::to_string(&Payload(None)).unwrap(), "null");
    }
}
