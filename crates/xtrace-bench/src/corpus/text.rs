//! Texts of a skewed vocabulary, each made from its number.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// The odd number nearest to 2⁶⁴ divided by the golden ratio: its multiples are spread evenly.
pub const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
const WORDS: usize = 2000;
/// Bits that choose a word.
const CHOICE_BITS: u32 = 14;

/// Numbers that follow from a number.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        super::mix(self.0)
    }
}

/// Words, each followed by a space, and which of them is next, frequent ones far more often than rare ones.
pub struct Vocabulary {
    words: Vec<String>,
    choices: Vec<u16>,
}

impl Vocabulary {
    pub fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let words: Vec<String> = (0..WORDS).map(|_| word(&mut random)).collect();
        let choices = 1 << CHOICE_BITS;
        let choice = |n: usize| {
            let skewed = ((n as f64 + 0.5) / choices as f64).powi(3);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "an index below 2,000"
            )]
            let index = (skewed * WORDS as f64) as u16;
            index
        };
        Self {
            words,
            choices: (0..choices).map(choice).collect(),
        }
    }

    /// Appends the text of this number: `bytes` bytes of sentences and paragraphs, as they stand between the quotes
    /// of a JSON text.
    pub fn write(&self, text: &mut String, number: u64, bytes: usize) {
        let end = text.len() + bytes;
        let mut numbers = Numbers::new(number);
        while text.len() < end {
            let mut bits = numbers.draw();
            for _ in 0..4 {
                let choice = bits & ((1 << CHOICE_BITS) - 1);
                text.push_str(&self.words[usize::from(self.choices[choice as usize])]);
                bits >>= CHOICE_BITS;
            }
            // Eight bits are left: a sentence has some 12 words, a paragraph some 6 sentences.
            match bits & 0xff {
                0..14 => end_sentence(text, r".\n\n"),
                14..85 => end_sentence(text, ". "),
                _ => {}
            }
        }
        text.truncate(end);
        // Cut before, after or between the two characters of a line break.
        let slashes = text.len() - text.trim_end_matches('\\').len();
        if slashes % 2 == 1 {
            text.pop();
            text.push('.');
        }
    }
}

fn end_sentence(text: &mut String, mark: &str) {
    text.pop();
    text.push_str(mark);
}

fn word(random: &mut StdRng) -> String {
    let length = random.random_range(2..11);
    let letters = (0..length).map(|_| char::from(b'a' + random.random_range(0..26u8)));
    letters.chain([' ']).collect()
}
