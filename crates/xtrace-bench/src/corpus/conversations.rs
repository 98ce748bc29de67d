//! Conversations of 20 turns: a person says something, a model is sent all that was said so far and answers. The
//! texts of a conversation of k turns are sent k (k + 1) / 2 times in all.

use std::fmt::Write as _;

use super::place::{Place, Shape};
use super::{Content, Corpus, step_metadata};

pub const SHAPE: Shape = Shape {
    lanes: 25,
    turns: 20,
    steps: 1,
};
/// Bytes of one message, about 1 KB on average.
const MESSAGE_BYTES_MIN: u64 = 600;
const MESSAGE_BYTES_MORE: u64 = 800;

/// The call of this turn: the history as list of messages, the answer as message.
pub fn content(corpus: &Corpus, place: &Place) -> Content {
    let history = 2 * place.turn + 1;
    let mut input = String::from("[");
    for number in 0..history {
        if number > 0 {
            input.push(',');
        }
        message(corpus, &mut input, place.session, number);
    }
    input.push(']');
    let mut output = String::new();
    message(corpus, &mut output, place.session, history);
    Content {
        name: "chat.generation",
        kind: "GENERATION",
        metadata: step_metadata(place, "llm_call"),
        input,
        output,
    }
}

/// The message of this number: what a person says is even, what a model answers is odd.
fn message(corpus: &Corpus, text: &mut String, session: u64, number: u64) {
    let role = ["user", "assistant"][(number % 2) as usize];
    let id = corpus.number(&[session, number]);
    let bytes = MESSAGE_BYTES_MIN + id % MESSAGE_BYTES_MORE;
    _ = write!(text, r#"{{"role":"{role}","content":""#);
    corpus.words.write(text, id, bytes as usize);
    text.push_str(r#""}"#);
}
