//! A seeded corpus: observations of about 2 KB in multi-turn agent sessions, and GPU metrics.
//!
//! Texts are drawn from a fixed vocabulary by a skewed distribution, so that they compress about as well as
//! prose does. Everything is numbered: the n-th observation is the same in every run.

use std::fmt::Write as _;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use xtrace_model::Timestamp;

/// Observations of one trace.
pub const OBSERVATIONS_PER_TRACE: u64 = 10;
/// Traces of one session.
const TRACES_PER_SESSION: u64 = 8;
/// Different texts; each observation takes one for its input and one for its output.
const TEXTS: usize = 4096;
/// Days over which the corpus is spread, up to its end.
const DAYS: i64 = 60;
const MODELS: [&str; 5] = [
    "gpt-4o",
    "gpt-5-mini",
    "claude-sonnet-4-5-20250929",
    "gemini-2.5-flash",
    "qwen3-32b",
];

pub struct Corpus {
    texts: Vec<String>,
    end: Timestamp,
    total: u64,
}

/// The facts of an observation, for the bare engines.
pub struct Row {
    pub trace_id: String,
    pub id: String,
    pub name: &'static str,
    pub kind: &'static str,
    pub start_us: i64,
    pub end_us: i64,
    pub model: &'static str,
    pub input_tokens: i64,
    pub output_tokens: i64,
}

impl Corpus {
    /// `total` observations over the 60 days before `end`.
    pub fn new(seed: u64, end: Timestamp, total: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let words: Vec<String> = (0..3000).map(|_| word(&mut random)).collect();
        let texts = (0..TEXTS).map(|_| text(&mut random, &words)).collect();
        Self {
            texts,
            end,
            total: total.max(1),
        }
    }

    /// When the last observation starts.
    pub fn end(&self) -> Timestamp {
        self.end
    }

    /// When the first observation starts.
    pub fn start(&self) -> Timestamp {
        self.end
            .saturating_add_micros(-DAYS * 24 * 3600 * 1_000_000)
    }

    pub fn row(&self, n: u64) -> Row {
        let micros = DAYS * 24 * 3600 * 1_000_000;
        let back = i128::from(micros) * i128::from(self.total.saturating_sub(n % self.total))
            / i128::from(self.total);
        let start_us = self.end.as_micros() - i64::try_from(back).unwrap_or(micros);
        let in_trace = n % OBSERVATIONS_PER_TRACE;
        let (kind, name) = match in_trace {
            0 => ("AGENT", "agent.run"),
            1 | 4 | 7 => ("TOOL", "tool.call"),
            3 => ("RETRIEVER", "search.documents"),
            _ => ("GENERATION", "chat.generation"),
        };
        let spread = mix(n);
        let is_generation = kind == "GENERATION";
        Row {
            trace_id: format!("{:032x}", mix(n / OBSERVATIONS_PER_TRACE)),
            id: format!("{spread:016x}"),
            name,
            kind,
            start_us,
            end_us: start_us + 80_000 + (spread % 4_000_000).cast_signed(),
            model: if is_generation {
                MODELS[(spread % 5) as usize]
            } else {
                ""
            },
            input_tokens: if is_generation {
                200 + (spread % 3000).cast_signed()
            } else {
                0
            },
            output_tokens: if is_generation {
                20 + (spread % 600).cast_signed()
            } else {
                0
            },
        }
    }

    pub fn input(&self, n: u64) -> &str {
        &self.texts[(mix(n) % TEXTS as u64) as usize]
    }

    /// A third of the text that stands elsewhere as an input.
    pub fn output(&self, n: u64) -> &str {
        let text = &self.texts[(mix(n ^ 0x5555) % TEXTS as u64) as usize];
        &text[..text.len() / 3]
    }

    /// A body of `POST /v1/l/batch` with observations `from..from + count`, each trace's header with its first.
    pub fn batch(&self, from: u64, count: u64) -> String {
        let mut body = String::with_capacity(usize::try_from(count).unwrap_or(0) * 2300);
        body.push('[');
        let mut n = from;
        while n < from + count {
            if n > from {
                body.push(',');
            }
            let end = ((n / OBSERVATIONS_PER_TRACE + 1) * OBSERVATIONS_PER_TRACE).min(from + count);
            self.trace(&mut body, n, end);
            n = end;
        }
        body.push(']');
        body
    }

    fn trace(&self, body: &mut String, from: u64, to: u64) {
        let number = from / OBSERVATIONS_PER_TRACE;
        let row = self.row(number * OBSERVATIONS_PER_TRACE);
        body.push('{');
        if from.is_multiple_of(OBSERVATIONS_PER_TRACE) {
            let session = number / TRACES_PER_SESSION;
            let at = Timestamp::from_micros(row.start_us);
            _ = write!(
                body,
                r#""trace":{{"id":"{}","timestamp":"{at}","name":"chat.turn","userId":"user-{}","sessionId":"session-{session}","tags":["bench","{}"],"metadata":{{"turn_id":"turn-{}"}}}},"#,
                row.trace_id,
                mix(session) % 2000,
                ["alpha", "beta", "gamma"][(number % 3) as usize],
                number % TRACES_PER_SESSION,
            );
        }
        body.push_str(r#""observations":["#);
        for n in from..to {
            if n > from {
                body.push(',');
            }
            self.observation(body, n);
        }
        body.push_str("]}");
    }

    fn observation(&self, body: &mut String, n: u64) {
        let row = self.row(n);
        let start = Timestamp::from_micros(row.start_us);
        let end = Timestamp::from_micros(row.end_us);
        _ = write!(
            body,
            r#"{{"id":"{}","traceId":"{}","type":"{}","name":"{}","startTime":"{start}","endTime":"{end}","input":[{{"role":"user","content":"{}"}}],"output":"{}","metadata":{{"step_id":"step-{}","step_type":"llm_call"}}"#,
            row.id,
            row.trace_id,
            row.kind,
            row.name,
            self.input(n),
            self.output(n),
            n % OBSERVATIONS_PER_TRACE,
        );
        if !row.model.is_empty() {
            _ = write!(
                body,
                r#","model":"{}","usage":{{"input":{},"output":{}}}"#,
                row.model, row.input_tokens, row.output_tokens
            );
        }
        if n % 200 == 7 {
            body.push_str(r#","level":"ERROR","statusMessage":"upstream timed out""#);
        }
        body.push('}');
    }

    /// A body of `POST /v1/metrics/batch`: points `from..from + count` of 400 series, one point each 15 s.
    pub fn points(&self, from: u64, count: u64, total: u64) -> String {
        const SERIES: u64 = 400;
        let mut body = String::from(r#"{"metrics":["#);
        for n in from..from + count {
            if n > from {
                body.push(',');
            }
            let series = n % SERIES;
            let back = (total / SERIES).saturating_sub(n / SERIES).cast_signed() * 15_000_000;
            let at = Timestamp::from_micros(self.end.as_micros() - back);
            _ = write!(
                body,
                r#"{{"name":"gpu_utilization","labels":{{"node_id":"node-{}","gpu_index":"{}"}},"value":{},"timestamp":"{at}"}}"#,
                series / 8,
                series % 8,
                (mix(n) % 10_000) as f64 / 100.0,
            );
        }
        body.push_str("]}");
        body
    }
}

/// Scatters numbers over 64 bits, the same way in every run.
pub fn mix(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn word(random: &mut StdRng) -> String {
    let length = random.random_range(2..11);
    (0..length)
        .map(|_| char::from(b'a' + random.random_range(0..26u8)))
        .collect()
}

/// 800 to 2,000 bytes of words, frequent ones far more often than rare ones.
fn text(random: &mut StdRng, words: &[String]) -> String {
    let length = random.random_range(800..2000);
    let mut text = String::with_capacity(length + 16);
    while text.len() < length {
        let skewed: f64 = random.random::<f64>().powi(3);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index below the length"
        )]
        let index = (skewed * words.len() as f64) as usize;
        text.push_str(&words[index]);
        text.push(' ');
    }
    text
}
