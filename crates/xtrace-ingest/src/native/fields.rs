//! The known fields of an item, each still text.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A field of a trace or an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Attempt,
    AttemptIndex,
    Bookmarked,
    CalculatedInputCost,
    CalculatedOutputCost,
    CalculatedTotalCost,
    CompletionStartTime,
    CompletionTokens,
    CostDetails,
    EndTime,
    Environment,
    ExternalId,
    Id,
    Input,
    InputPrice,
    Latency,
    Level,
    Metadata,
    Model,
    ModelId,
    ModelParameters,
    Name,
    Output,
    OutputPrice,
    ParentObservationId,
    ParentStepId,
    PromptId,
    PromptName,
    PromptTokens,
    PromptVersion,
    Public,
    Release,
    RunId,
    RunState,
    SessionId,
    StartTime,
    StatusMessage,
    StepId,
    StepIndex,
    StepType,
    Tags,
    TimeToFirstToken,
    Timestamp,
    TotalCost,
    TotalPrice,
    TotalTokens,
    TraceId,
    TurnId,
    Type,
    Unit,
    Usage,
    UsageDetails,
    UserId,
    Version,
}

const KEYS: usize = Key::Version as usize + 1;

/// Documented spelling and the other one that is understood.
#[rustfmt::skip]
const SPELLINGS: [(Key, &str, &str); KEYS] = [
    (Key::Attempt, "attempt", "attempt"),
    (Key::AttemptIndex, "attemptIndex", "attempt_index"),
    (Key::Bookmarked, "bookmarked", "bookmarked"),
    (Key::CalculatedInputCost, "calculatedInputCost", "calculated_input_cost"),
    (Key::CalculatedOutputCost, "calculatedOutputCost", "calculated_output_cost"),
    (Key::CalculatedTotalCost, "calculatedTotalCost", "calculated_total_cost"),
    (Key::CompletionStartTime, "completionStartTime", "completion_start_time"),
    (Key::CompletionTokens, "completionTokens", "completion_tokens"),
    (Key::CostDetails, "costDetails", "cost_details"),
    (Key::EndTime, "endTime", "end_time"),
    (Key::Environment, "environment", "environment"),
    (Key::ExternalId, "externalId", "external_id"),
    (Key::Id, "id", "id"),
    (Key::Input, "input", "input"),
    (Key::InputPrice, "inputPrice", "input_price"),
    (Key::Latency, "latency", "latency"),
    (Key::Level, "level", "level"),
    (Key::Metadata, "metadata", "metadata"),
    (Key::Model, "model", "model"),
    (Key::ModelId, "modelId", "model_id"),
    (Key::ModelParameters, "modelParameters", "model_parameters"),
    (Key::Name, "name", "name"),
    (Key::Output, "output", "output"),
    (Key::OutputPrice, "outputPrice", "output_price"),
    (Key::ParentObservationId, "parentObservationId", "parent_observation_id"),
    (Key::ParentStepId, "parentStepId", "parent_step_id"),
    (Key::PromptId, "promptId", "prompt_id"),
    (Key::PromptName, "promptName", "prompt_name"),
    (Key::PromptTokens, "promptTokens", "prompt_tokens"),
    (Key::PromptVersion, "promptVersion", "prompt_version"),
    (Key::Public, "public", "public"),
    (Key::Release, "release", "release"),
    (Key::RunId, "runId", "run_id"),
    (Key::RunState, "runState", "run_state"),
    (Key::SessionId, "sessionId", "session_id"),
    (Key::StartTime, "startTime", "start_time"),
    (Key::StatusMessage, "statusMessage", "status_message"),
    (Key::StepId, "stepId", "step_id"),
    (Key::StepIndex, "stepIndex", "step_index"),
    (Key::StepType, "stepType", "step_type"),
    (Key::Tags, "tags", "tags"),
    (Key::TimeToFirstToken, "timeToFirstToken", "time_to_first_token"),
    (Key::Timestamp, "timestamp", "timestamp"),
    (Key::TotalCost, "totalCost", "total_cost"),
    (Key::TotalPrice, "totalPrice", "total_price"),
    (Key::TotalTokens, "totalTokens", "total_tokens"),
    (Key::TraceId, "traceId", "trace_id"),
    (Key::TurnId, "turnId", "turn_id"),
    (Key::Type, "type", "type"),
    (Key::Unit, "unit", "unit"),
    (Key::Usage, "usage", "usage"),
    (Key::UsageDetails, "usageDetails", "usage_details"),
    (Key::UserId, "userId", "user_id"),
    (Key::Version, "version", "version"),
];

/// Every field of traces and observations that is read, in its documented spelling: what descriptions of the body
/// must have.
pub fn field_names() -> impl Iterator<Item = &'static str> {
    SPELLINGS.iter().map(|(_, camel, _)| *camel)
}

impl Key {
    /// Both columns are in the order of their bytes.
    fn parse(text: &str) -> Option<Self> {
        let camel = SPELLINGS.binary_search_by(|(_, camel, _)| (*camel).cmp(text));
        let found =
            camel.or_else(|_| SPELLINGS.binary_search_by(|(_, _, snake)| (*snake).cmp(text)));
        Some(SPELLINGS[found.ok()?].0)
    }

    /// The documented spelling.
    pub(super) fn name(self) -> &'static str {
        SPELLINGS[self as usize].1
    }

    pub(super) fn snake_name(self) -> &'static str {
        SPELLINGS[self as usize].2
    }
}

/// The fields of one item that have a value: a null is as if it were not there.
pub(super) struct Fields<'a>([Option<&'a RawValue>; KEYS]);

impl<'a> Fields<'a> {
    pub(super) fn parse(item: &'a RawValue) -> Result<Self, serde_json::Error> {
        serde_json::from_str(item.get())
    }

    pub(super) fn get(&self, key: Key) -> Option<&'a str> {
        self.0[key as usize].map(RawValue::get)
    }

    pub(super) fn raw(&self, key: Key) -> Option<&'a RawValue> {
        self.0[key as usize]
    }
}

#[derive(Deserialize)]
struct KeyText<'a>(#[serde(borrow)] Cow<'a, str>);

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields([None; KEYS]);
        let mut is_camel = [false; KEYS];
        while let Some(KeyText(text)) = map.next_key()? {
            let Some(key) = Key::parse(&text) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: &RawValue = map.next_value()?;
            let slot = key as usize;
            let is_documented = text == key.name();
            if value.get() != "null" && (is_documented || !is_camel[slot]) {
                fields.0[slot] = Some(value);
                is_camel[slot] = is_documented;
            }
        }
        Ok(fields)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

#[cfg(test)]
pub(super) fn documented_names() -> impl Iterator<Item = &'static str> {
    SPELLINGS.iter().map(|(_, camel, _)| *camel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_columns_of_spellings_are_sorted_and_in_the_order_of_keys() {
        assert!(SPELLINGS.is_sorted_by(|a, b| a.1 < b.1));
        assert!(SPELLINGS.is_sorted_by(|a, b| a.2 < b.2));
        assert!(
            SPELLINGS
                .iter()
                .enumerate()
                .all(|(index, (key, _, _))| *key as usize == index)
        );
        for (key, camel, snake) in SPELLINGS {
            assert_eq!(Key::parse(camel), Some(key));
            assert_eq!(Key::parse(snake), Some(key));
        }
        assert_eq!(Key::parse("projectId"), None);
    }
}
