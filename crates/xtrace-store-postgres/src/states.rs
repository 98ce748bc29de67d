//! How the mergeable states are kept: texts in columns of their own, all that merging needs beside them in one binary
//! value that begins with the version of its format.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xtrace_model::observation::ObservationContent;
use xtrace_model::trace::TraceContent;
use xtrace_model::{
    Costing, JsonText, Latest, Metadata, ObservationFacts, Stamp, SummaryWithoutCalls, TraceFacts,
    TraceSummary,
};
use xtrace_store::{BoxError, ErrorKind, StoreError};

const FORMAT: u8 = 1;
/// Of [`TraceKept`] since summaries have model calls.
const TRACE_FORMAT: u8 = 2;

/// In the row of a trace: it changes with every observation, the payload does not.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct TraceKept {
    pub facts: TraceFacts,
    pub summary: TraceSummary,
    /// The summary is of before there were model calls: to be made anew before anything is made of it that is kept.
    #[serde(skip)]
    pub lacks_calls: bool,
}

/// Beside the texts of a trace's payload.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct TraceContentKept {
    input: Option<Stamp>,
    output: Option<Stamp>,
    pub metadata: Metadata,
}

/// Beside the texts of an observation's payload.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ObservationKept {
    pub facts: ObservationFacts,
    pub costing: Costing,
    input: Option<Stamp>,
    output: Option<Stamp>,
    model_parameters: Option<Stamp>,
    pub metadata: Metadata,
}

impl TraceKept {
    pub fn encode(&self) -> Vec<u8> {
        encode_as(TRACE_FORMAT, self)
    }

    pub fn decode(bytes: &[u8], op: &'static str) -> Result<Self, StoreError> {
        if bytes.first() != Some(&FORMAT) {
            return decode_as(TRACE_FORMAT, bytes, op);
        }
        let (facts, summary): (TraceFacts, SummaryWithoutCalls) = decode(bytes, op)?;
        Ok(Self {
            facts,
            summary: summary.into(),
            lacks_calls: true,
        })
    }
}

impl TraceContentKept {
    pub fn of(content: &TraceContent) -> Self {
        Self {
            input: content.input.stamp(),
            output: content.output.stamp(),
            metadata: content.metadata.clone(),
        }
    }

    /// When input and output were sent.
    pub fn stamps(&self) -> [Option<Stamp>; 2] {
        [self.input, self.output]
    }

    pub fn with_texts(self, [input, output]: [Option<JsonText>; 2]) -> TraceContent {
        TraceContent {
            input: register(self.input, input),
            output: register(self.output, output),
            metadata: self.metadata,
        }
    }
}

impl ObservationKept {
    pub fn of(facts: &ObservationFacts, costing: &Costing, content: &ObservationContent) -> Self {
        Self {
            facts: facts.clone(),
            costing: costing.clone(),
            input: content.input.stamp(),
            output: content.output.stamp(),
            model_parameters: content.model_parameters.stamp(),
            metadata: content.metadata.clone(),
        }
    }

    /// When input and output were sent.
    pub fn stamps(&self) -> [Option<Stamp>; 2] {
        [self.input, self.output]
    }

    pub fn with_texts(
        self,
        [input, output]: [Option<JsonText>; 2],
        model_parameters: Option<JsonText>,
    ) -> (ObservationFacts, Costing, ObservationContent) {
        let content = ObservationContent {
            input: register(self.input, input),
            output: register(self.output, output),
            model_parameters: register(self.model_parameters, model_parameters),
            metadata: self.metadata,
        };
        (self.facts, self.costing, content)
    }
}

fn register(stamp: Option<Stamp>, text: Option<JsonText>) -> Latest<JsonText> {
    match (stamp, text) {
        (None, _) => Latest::default(),
        (Some(stamp), None) => Latest::cleared(stamp),
        (Some(stamp), Some(text)) => Latest::set(stamp, text),
    }
}

/// The binary value.
pub fn encode(state: &impl Serialize) -> Vec<u8> {
    encode_as(FORMAT, state)
}

fn encode_as(format: u8, state: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(state, vec![format])
        .expect("maps, texts and numbers in memory can always be encoded")
}

/// What the binary value says.
pub fn decode<T: DeserializeOwned>(bytes: &[u8], op: &'static str) -> Result<T, StoreError> {
    decode_as(FORMAT, bytes, op)
}

fn decode_as<T: DeserializeOwned>(
    expected: u8,
    bytes: &[u8],
    op: &'static str,
) -> Result<T, StoreError> {
    let corrupt = |why: BoxError| StoreError::new(ErrorKind::Corrupt, op, why);
    match bytes.split_first() {
        Some((format, rest)) if *format == expected => {
            postcard::from_bytes(rest).map_err(|error| corrupt(Box::new(error)))
        }
        Some((format, _)) => Err(corrupt(
            format!("a state of format {format}; this version reads {expected}").into(),
        )),
        None => Err(corrupt("an empty state".into())),
    }
}
