//! Bodies of `POST /v1/l/batch`.

use std::fmt::Write as _;

use xtrace_model::Timestamp;

use super::{Corpus, Observation, mix};

impl Corpus {
    /// A body with the observations `from..from + count`, each trace's header with its first observation.
    pub fn batch(&self, from: u64, count: u64) -> String {
        let steps = self.kind.observations_per_trace();
        let mut body = String::from("[");
        let mut n = from;
        while n < from + count {
            if n > from {
                body.push(',');
            }
            let end = ((n / steps + 1) * steps).min(from + count);
            self.write_trace(&mut body, n, end);
            n = end;
        }
        body.push(']');
        body
    }

    fn write_trace(&self, body: &mut String, from: u64, to: u64) {
        body.push('{');
        let place = self.kind.shape().place(from);
        if place.step == 0 {
            let at = Timestamp::from_micros(self.start_us(from));
            _ = write!(
                body,
                r#""trace":{{"id":"{}","timestamp":"{at}","name":"chat.turn","userId":"user-{}","sessionId":"session-{}","tags":["bench","{}"],"metadata":{{"turn_id":"turn-{}"}}}},"#,
                self.trace_id(from),
                mix(place.session) % 2000,
                place.session,
                ["alpha", "beta", "gamma"][(place.trace % 3) as usize],
                place.turn,
            );
        }
        body.push_str(r#""observations":["#);
        for n in from..to {
            if n > from {
                body.push(',');
            }
            self.observation(n).write(body, n % 200 == 7);
        }
        body.push_str("]}");
    }
}

impl Observation {
    pub(super) fn write(&self, body: &mut String, has_failed: bool) {
        let start = Timestamp::from_micros(self.start_us);
        let end = Timestamp::from_micros(self.end_us);
        _ = write!(
            body,
            r#"{{"id":"{}","traceId":"{}","type":"{}","name":"{}","startTime":"{start}","endTime":"{end}","metadata":{}"#,
            self.id, self.trace_id, self.kind, self.name, self.metadata,
        );
        for (key, payload) in [("input", &self.input), ("output", &self.output)] {
            if !payload.is_empty() {
                _ = write!(body, r#","{key}":{payload}"#);
            }
        }
        if !self.model.is_empty() {
            _ = write!(
                body,
                r#","model":"{}","usage":{{"input":{},"output":{}}}"#,
                self.model, self.input_tokens, self.output_tokens
            );
        }
        if has_failed {
            body.push_str(r#","level":"ERROR","statusMessage":"upstream timed out""#);
        }
        body.push('}');
    }
}
