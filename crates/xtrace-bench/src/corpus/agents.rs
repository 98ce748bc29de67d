//! Agents in sessions of eight turns: a person asks, the agent calls tools and models, and answers. Each call of a
//! model is sent a fixed instruction and the end of the session's history, as much as fits.

use std::fmt::Write as _;

use super::place::{Place, Shape};
use super::{Content, Corpus, step_metadata};

pub const SHAPE: Shape = Shape {
    lanes: 25,
    turns: 8,
    steps: 10,
};
/// Bytes of history that a model is sent.
const WINDOW_BYTES: usize = 2_250;
const INSTRUCTION: &str = r#"{"role":"system","content":"You are an agent of the support desk. Look things up before you answer, and say where they stand."}"#;

/// Something that was said in a session. Its number counts from the start of the session: the one of a turn's first
/// step is what the person asked, that of any other step is the step's output.
struct Message<'a> {
    corpus: &'a Corpus,
    session: u64,
    number: u64,
}

pub fn content(corpus: &Corpus, place: &Place) -> Content {
    let said = |step: u64| Message {
        corpus,
        session: place.session,
        number: place.turn * SHAPE.steps + step,
    };
    let (kind, name, step_type) = match place.step {
        0 => ("AGENT", "agent.run", "agent"),
        1 | 4 | 7 => ("TOOL", "tool.call", "tool_call"),
        3 => ("RETRIEVER", "search.documents", "retrieval"),
        _ => ("GENERATION", "chat.generation", "llm_call"),
    };
    let (input, output) = match kind {
        // The last step's answer is the agent's.
        "AGENT" => (said(0).to_json(), said(SHAPE.steps - 1).to_json()),
        "GENERATION" => (said(place.step).history(), said(place.step).to_json()),
        _ => (said(place.step).arguments(), said(place.step).to_quoted()),
    };
    Content {
        name,
        kind,
        metadata: step_metadata(place, step_type),
        input,
        output,
    }
}

impl Message<'_> {
    fn role(&self) -> &'static str {
        match self.number % SHAPE.steps {
            0 => "user",
            1 | 3 | 4 | 7 => "tool",
            _ => "assistant",
        }
    }

    fn id(&self) -> u64 {
        self.corpus.number(&[self.session, self.number])
    }

    fn text_bytes(&self) -> usize {
        let spread = self.id() % 300;
        let bytes = match self.number % SHAPE.steps {
            0 => 100 + spread,
            3 => 500 + spread,
            1 | 4 | 7 => 300 + spread,
            _ => 250 + spread,
        };
        bytes as usize
    }

    fn to_quoted(&self) -> String {
        let mut text = String::from("\"");
        self.corpus
            .words
            .write(&mut text, self.id(), self.text_bytes());
        text.push('"');
        text
    }

    fn to_json(&self) -> String {
        let mut text = String::new();
        self.write_json(&mut text);
        text
    }

    fn write_json(&self, text: &mut String) {
        _ = write!(text, r#"{{"role":"{}","content":""#, self.role());
        self.corpus.words.write(text, self.id(), self.text_bytes());
        text.push_str(r#""}"#);
    }

    /// What a tool is called with.
    fn arguments(&self) -> String {
        let mut text = String::from(r#"{"query":""#);
        let id = self.corpus.number(&[self.session, self.number, 1]);
        self.corpus.words.write(&mut text, id, 120);
        text.push_str(r#"","limit":5}"#);
        text
    }

    /// The instruction and the last messages before this one that fit, the first of them in any case.
    fn history(&self) -> String {
        let at = |number| Message { number, ..*self };
        let mut bytes = 0;
        let mut first = self.number;
        while first > 0 {
            bytes += at(first - 1).text_bytes();
            if bytes > WINDOW_BYTES && first < self.number {
                break;
            }
            first -= 1;
        }
        let mut text = String::from("[");
        text.push_str(INSTRUCTION);
        for number in first..self.number {
            text.push(',');
            at(number).write_json(&mut text);
        }
        text.push(']');
        text
    }
}
