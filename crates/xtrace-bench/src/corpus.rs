//! Seeded corpora: what is sent to the server and written into the bare engines.
//!
//! Everything is numbered and computed from its number, the seed and the size of the corpus: the n-th observation
//! is the same in every run, at whatever speed and by however many senders it is asked for. Texts are made of a
//! skewed vocabulary, so that they compress about as well as prose does, and no text is used twice unless its
//! corpus repeats it on purpose: what a store saves by finding repetition is then what it would save on such data.
//! Time is numbered as well: it ends on a fixed day, and observations beyond the size follow after it.
//!
//! It deliberately has no payloads of people: nothing here was ever sent to anybody.

mod agents;
mod body;
mod conversations;
mod long;
mod place;
mod points;
mod text;

use serde::Serialize;
use xtrace_model::Timestamp;

pub use self::long::LongTrace;
use self::place::{Place, Shape};
use self::text::{Numbers, Vocabulary};

/// When the last observation starts: 2026-01-01T00:00:00Z, past for every run, so that what comes after it is too.
const END_MICROS: i64 = 1_767_225_600_000_000;
/// Time over which the corpus is spread, up to its end.
const SPREAD_MICROS: i64 = 60 * 24 * 3600 * 1_000_000;
/// From one observation to the next after the end.
const STEP_MICROS: i64 = 5_000_000;
const MODELS: [&str; 5] = [
    "gpt-4o",
    "gpt-5-mini",
    "claude-sonnet-4-5-20250929",
    "gemini-2.5-flash",
    "qwen3-32b",
];
/// Bytes of the texts of a `unique` observation.
const UNIQUE_INPUT_BYTES: usize = 20_000;
const UNIQUE_OUTPUT_BYTES: usize = 4_500;

/// What observations look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum CorpusKind {
    /// Agents that call models and tools: about 2 KB each; a model is sent the end of the history
    Agents,
    /// Conversations of 20 turns of which each call is sent the whole history: about 22 KB each
    Conversations,
    /// About 25 KB each, and no text ever comes again
    Unique,
    /// Skeleton spans without payload: about 500 bytes each
    Spans,
}

/// A corpus of `total` observations, and of as many more as are asked for.
pub struct Corpus {
    kind: CorpusKind,
    seed: u64,
    words: Vocabulary,
    total: u64,
}

/// An observation: its facts, and its payloads as JSON texts. What it does not have is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    pub trace_id: String,
    pub id: String,
    pub name: &'static str,
    pub kind: &'static str,
    pub start_us: i64,
    pub end_us: i64,
    pub model: &'static str,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub metadata: String,
    pub input: String,
    pub output: String,
}

/// What a corpus decides about an observation.
struct Content {
    name: &'static str,
    kind: &'static str,
    metadata: String,
    input: String,
    output: String,
}

impl CorpusKind {
    pub const ALL: [Self; 4] = [Self::Agents, Self::Conversations, Self::Unique, Self::Spans];

    pub fn name(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Conversations => "conversations",
            Self::Unique => "unique",
            Self::Spans => "spans",
        }
    }

    /// Observations that make some two gigabytes.
    pub fn observations_by_default(self) -> u64 {
        match self {
            Self::Agents => 1_000_000,
            Self::Conversations | Self::Unique => 80_000,
            Self::Spans => 2_000_000,
        }
    }

    /// Observations of one trace.
    pub fn observations_per_trace(self) -> u64 {
        self.shape().steps
    }

    fn shape(self) -> Shape {
        match self {
            Self::Agents => agents::SHAPE,
            Self::Conversations => conversations::SHAPE,
            Self::Unique | Self::Spans => place::PLAIN,
        }
    }
}

impl Corpus {
    /// `total` observations over the 60 days before its end.
    pub fn new(kind: CorpusKind, seed: u64, total: u64) -> Self {
        Self {
            kind,
            seed,
            words: Vocabulary::new(seed),
            total: total.max(1),
        }
    }

    pub fn kind(&self) -> CorpusKind {
        self.kind
    }

    /// Observations up to [`Self::end`].
    pub fn total(&self) -> u64 {
        self.total
    }

    /// When the last observation starts.
    pub fn end(&self) -> Timestamp {
        Timestamp::from_micros(END_MICROS)
    }

    /// When the first observation starts.
    pub fn start(&self) -> Timestamp {
        Timestamp::from_micros(END_MICROS - SPREAD_MICROS)
    }

    pub fn trace_id(&self, n: u64) -> String {
        let number = self.kind.shape().place(n).trace;
        format!("{:016x}{:016x}", self.seed, mix(number))
    }

    pub fn observation(&self, n: u64) -> Observation {
        let place = self.kind.shape().place(n);
        let content = self.content(&place, n);
        let spread = mix(n);
        let start_us = self.start_us(n);
        let is_generation = content.kind == "GENERATION";
        let model = MODELS[(mix(place.session) % 5) as usize];
        let tokens = |text: &str| {
            // About four bytes each.
            let bytes = if is_generation { text.len() } else { 0 };
            i64::try_from(bytes / 4).unwrap_or(i64::MAX)
        };
        Observation {
            trace_id: self.trace_id(n),
            id: format!("{spread:016x}"),
            name: content.name,
            kind: content.kind,
            start_us,
            end_us: start_us + 80_000 + (spread % 4_000_000).cast_signed(),
            model: if is_generation { model } else { "" },
            input_tokens: tokens(&content.input),
            output_tokens: tokens(&content.output),
            metadata: content.metadata,
            input: content.input,
            output: content.output,
        }
    }

    fn start_us(&self, n: u64) -> i64 {
        if n >= self.total {
            let steps = i64::try_from(n - self.total).unwrap_or(i64::MAX);
            return END_MICROS.saturating_add(steps.saturating_mul(STEP_MICROS));
        }
        let back = i128::from(SPREAD_MICROS) * i128::from(self.total - n) / i128::from(self.total);
        END_MICROS - i64::try_from(back).unwrap_or(SPREAD_MICROS)
    }

    fn content(&self, place: &Place, n: u64) -> Content {
        match self.kind {
            CorpusKind::Agents => agents::content(self, place),
            CorpusKind::Conversations => conversations::content(self, place),
            CorpusKind::Unique => self.unique(place, n),
            CorpusKind::Spans => self.span(place, n),
        }
    }

    fn unique(&self, place: &Place, n: u64) -> Content {
        let mut input = String::with_capacity(UNIQUE_INPUT_BYTES + 64);
        let (asked, answered) = (self.number(&[n, 0]), self.number(&[n, 1]));
        input.push_str(r#"[{"role":"user","content":""#);
        self.words.write(&mut input, asked, UNIQUE_INPUT_BYTES);
        input.push_str(r#""}]"#);
        let mut output = String::with_capacity(UNIQUE_OUTPUT_BYTES + 64);
        output.push('"');
        self.words.write(&mut output, answered, UNIQUE_OUTPUT_BYTES);
        output.push('"');
        Content {
            name: "chat.generation",
            kind: "GENERATION",
            metadata: step_metadata(place, "llm_call"),
            input,
            output,
        }
    }

    fn span(&self, place: &Place, n: u64) -> Content {
        const NAMES: [&str; 5] = [
            "http.request",
            "db.query",
            "queue.publish",
            "cache.lookup",
            "vector.search",
        ];
        let mut numbers = Numbers::new(self.number(&[n]));
        let name = NAMES[(numbers.draw() % 5) as usize];
        let (service, pod) = (numbers.draw() % 20, numbers.draw());
        let metadata = format!(
            r#"{{"step_id":"step-{}","step_type":"call","service.name":"service-{service}","k8s.pod.name":"service-{service}-{:08x}-{:04x}","deployment.environment":"production","host.name":"node-{}","thread.name":"tokio-runtime-worker","thread.id":{},"url.scheme":"https","server.address":"10.0.{}.{}:8080"}}"#,
            place.step,
            pod >> 32,
            pod & 0xffff,
            numbers.draw() % 200,
            numbers.draw() % 1000,
            numbers.draw() % 256,
            numbers.draw() % 256,
        );
        Content {
            name,
            kind: "SPAN",
            metadata,
            input: String::new(),
            output: String::new(),
        }
    }

    /// One number for several, different for each seed.
    fn number(&self, parts: &[u64]) -> u64 {
        parts
            .iter()
            .fold(mix(self.seed), |number, part| mix(number ^ mix(*part)))
    }
}

fn step_metadata(place: &Place, step_type: &str) -> String {
    format!(
        r#"{{"step_id":"step-{}","step_type":"{step_type}"}}"#,
        place.step
    )
}

/// Scatters numbers over 64 bits, the same way in every run.
fn mix(n: u64) -> u64 {
    let mut x = n.wrapping_add(text::GAMMA);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests;
