//! Long traces: reads of a trace cost by its length, and the traces of a corpus are short.

use std::fmt::Write as _;

use xtrace_model::Timestamp;

use super::{Corpus, END_MICROS, SPREAD_MICROS};

/// From one observation of a long trace to the next.
const STEP_MICROS: i64 = 1_000;

/// A trace of so many observations, in the middle of the corpus' time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongTrace {
    pub observations: u64,
    /// With the payloads of the corpus.
    pub has_payloads: bool,
}

impl LongTrace {
    pub fn id(self) -> String {
        format!("long-{}", self.observations)
    }

    fn start_us(self, n: u64) -> i64 {
        let middle = END_MICROS - SPREAD_MICROS / 2;
        middle + i64::try_from(n).unwrap_or(i64::MAX / STEP_MICROS) * STEP_MICROS
    }
}

impl Corpus {
    /// A body of `POST /v1/l/batch` with the observations `from..from + count` of a long trace.
    pub fn long_batch(&self, trace: LongTrace, from: u64, count: u64) -> String {
        let (id, at) = (trace.id(), Timestamp::from_micros(trace.start_us(0)));
        let mut body = format!(
            r#"[{{"trace":{{"id":"{id}","timestamp":"{at}","name":"long"}},"observations":["#
        );
        for n in from..from + count {
            if n > from {
                body.push(',');
            }
            let mut observation = self.observation(n);
            let lasted = observation.end_us - observation.start_us;
            observation.start_us = trace.start_us(n);
            observation.end_us = observation.start_us + lasted;
            observation.trace_id.clone_from(&id);
            observation.id.clear();
            _ = write!(observation.id, "{n:016x}");
            if !trace.has_payloads {
                observation.input.clear();
                observation.output.clear();
            }
            observation.write(&mut body, false);
        }
        body.push_str("]}]");
        body
    }
}
