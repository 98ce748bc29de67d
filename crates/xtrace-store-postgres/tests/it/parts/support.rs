//! Texts that share messages, and a look at all parts of a database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use xtrace_payload::{Codec, Dictionary, PartId, Recipe};
use xtrace_store::{Expiry, TelemetryReader, TraceWindow, Upkeep};
use xtrace_store_postgres::PostgresEngine;
use xtrace_store_tests::builders::{PROJECT, project, trace_id};

use crate::support::{Numbers, psql};

/// So many bytes of words, the same for the same number.
pub fn prose(number: u64, bytes: usize) -> String {
    let mut numbers = Numbers(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut text = String::new();
    while text.len() < bytes {
        let word = numbers.below(4_000);
        write!(text, "{:x} ", word * 7919 % 65_521).unwrap();
    }
    text
}

pub fn message(number: u64) -> String {
    let role = if number.is_multiple_of(2) {
        "user"
    } else {
        "assistant"
    };
    format!(
        "{{\"role\":\"{role}\",\"content\":\"{}\"}}",
        prose(number, 1_000)
    )
}

pub fn conversation(messages: impl IntoIterator<Item = u64>) -> String {
    let messages: Vec<String> = messages.into_iter().map(message).collect();
    format!("[{}]", messages.join(","))
}

/// Retention that takes nothing away but parts that nothing names.
pub async fn sweep(engine: &PostgresEngine) {
    engine.expire(Expiry::default()).await.unwrap();
}

pub const WHOLE: TraceWindow = TraceWindow {
    payloads: true,
    limit: 1_000,
    offset: 0,
};

pub async fn trace_input(engine: &PostgresEngine, id: &str) -> Option<String> {
    let trace = engine
        .trace(&project(PROJECT), &trace_id(id))
        .await
        .unwrap();
    trace?.payload.input.map(|text| text.to_string())
}

/// All parts of the database with what they name, and what payloads name.
pub struct Stored {
    parts: BTreeMap<PartId, Vec<PartId>>,
    roots: Vec<PartId>,
}

impl Stored {
    pub fn of(database: &str) -> Self {
        let mut codec = Codec::new(3).unwrap();
        let dictionaries = "SELECT number, encode(bytes, 'hex') FROM payload_dictionaries";
        for row in psql(database, dictionaries).lines() {
            let (number, bytes) = row.split_once('|').unwrap();
            let dictionary = Dictionary::new(number.parse().unwrap(), from_hex(bytes));
            codec.add(Arc::new(dictionary));
        }
        let mut named = |hex: &str| -> Vec<PartId> {
            let body = codec.decode(&from_hex(hex), 1 << 30).unwrap();
            let mut named = Vec::new();
            unfold(&body, &mut named);
            named
        };
        let rows = psql(
            database,
            "SELECT encode(id, 'hex'), encode(body, 'hex') FROM payload_parts",
        );
        let mut parts = BTreeMap::new();
        for row in rows.lines() {
            let (id, body) = row.split_once('|').unwrap();
            let id = PartId::from_bytes(from_hex(id).try_into().unwrap());
            parts.insert(id, named(body));
        }
        let recipes = psql(
            database,
            "SELECT encode(recipe, 'hex') FROM (
                 SELECT input_recipe AS recipe FROM trace_payloads UNION ALL SELECT output_recipe FROM trace_payloads
                 UNION ALL SELECT input_recipe FROM observation_payloads
                 UNION ALL SELECT output_recipe FROM observation_payloads) AS r WHERE recipe IS NOT NULL",
        );
        let roots = recipes.lines().flat_map(named).collect();
        Self { parts, roots }
    }

    fn reachable(&self) -> BTreeSet<PartId> {
        let mut reached = BTreeSet::new();
        let mut open = self.roots.clone();
        while let Some(id) = open.pop() {
            let named = self.parts.get(&id).expect("a part that is named is there");
            if reached.insert(id) {
                open.extend(named);
            }
        }
        reached
    }

    pub fn assert_nothing_is_missing(&self) {
        self.reachable();
    }

    pub fn assert_nothing_is_left(&self) {
        let left: Vec<&PartId> = self
            .parts
            .keys()
            .filter(|id| !self.reachable().contains(id))
            .collect();
        assert!(left.is_empty(), "named by nobody: {left:?}");
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Notes the parts that a stored body names and that are rows of their own; the answer is the body without small parts
/// in it. Written a second time, from the format's description.
fn unfold(stored: &[u8], named: &mut Vec<PartId>) -> Vec<u8> {
    let mut body = Vec::new();
    let mut small = Vec::new();
    if stored[0] == 2 {
        let mut rest = &stored[1..];
        let mut is_small = false;
        while !rest.is_empty() {
            let bytes = rest.iter().position(|byte| *byte < 0x80).unwrap() + 1;
            let length = rest[..bytes].iter().rev();
            let length = length.fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
            let stretch = &rest[bytes..bytes + length];
            rest = &rest[bytes + length..];
            if is_small {
                small.push(PartId::of(&unfold(stretch, named)));
                body.extend_from_slice(small[small.len() - 1].as_bytes());
            } else {
                body.extend_from_slice(stretch);
            }
            is_small = !is_small;
        }
    } else {
        body.extend_from_slice(stored);
    }
    let recipe = Recipe::decode(&body).unwrap();
    let ids = recipe.references().map(|reference| reference.id);
    named.extend(ids.filter(|id| !small.contains(id)));
    body
}
