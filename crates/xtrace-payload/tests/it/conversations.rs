//! What conversations cost, counted in parts and bytes.

use std::collections::HashSet;

use crate::store::Store;
use xtrace_payload::{Joiner, Kind, PartId, Recipe, split};

/// Some words that differ by `seed`.
fn words(seed: usize, bytes: usize) -> String {
    let mut text = String::new();
    let mut state = seed as u64 * 2 + 1;
    while text.len() < bytes {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        text.push_str(
            [
                "tool ",
                "the ",
                "answer\\n",
                "\\\"x\\\" ",
                "number ",
                "{a:b} ",
            ][(state >> 33) as usize % 6],
        );
        text.push_str(&(state >> 50).to_string());
    }
    text
}

type Payload = fn(&[String]) -> String;
type Shape = (&'static str, fn(usize, usize) -> String, Payload);

/// A message of `bytes` bytes, and a payload of messages, in the dialects' shapes.
const SHAPES: &[Shape] = &[
    (
        "OpenAI",
        |n, bytes| format!(r#"{{"role":"user","content":"{}"}}"#, words(n, bytes)),
        |messages| {
            format!(
                r#"{{"model":"gpt","messages":[{}],"tools":[]}}"#,
                messages.join(",")
            )
        },
    ),
    (
        "OTel",
        |n, bytes| {
            format!(
                r#"{{"role":"user","parts":[{{"type":"text","content":"{}"}}]}}"#,
                words(n, bytes)
            )
        },
        |messages| format!("[{}]", messages.join(", ")),
    ),
    (
        "Anthropic",
        |n, bytes| {
            format!(
                r#"{{"role":"assistant","content":[{{"type":"tool_use","input":{{"q":"{}"}}}}]}}"#,
                words(n, bytes)
            )
        },
        |messages| {
            format!(
                r#"{{"system":"be brief","messages":[{}],"max_tokens":5}}"#,
                messages.join(",")
            )
        },
    ),
    (
        "Gemini",
        |n, bytes| {
            format!(
                r#"{{"parts":[{{"text":"{}"}}],"role":"model"}}"#,
                words(n, bytes)
            )
        },
        |messages| format!(r#"{{"contents":[{}]}}"#, messages.join(",\n")),
    ),
    (
        "LangChain",
        |n, bytes| {
            format!(
                r#"{{"lc":1,"type":"constructor","id":["langchain","schema","messages","HumanMessage"],"kwargs":{{"content":"{}","type":"human","additional_kwargs":{{}}}}}}"#,
                words(n, bytes)
            )
        },
        |messages| format!(r#"{{"messages":[[{}]]}}"#, messages.join(",")),
    ),
    (
        "Langfuse",
        |n, bytes| format!(r#"{{"role":"user","content":"{}"}}"#, words(n, bytes)),
        |messages| {
            format!(
                r#"{{"args":[{{"messages":[{}]}}],"kwargs":{{"temperature":0.5}}}}"#,
                messages.join(",")
            )
        },
    ),
    (
        "choices",
        |n, bytes| {
            format!(
                r#"{{"index":{n},"message":{{"role":"user","content":"{}"}}}}"#,
                words(n, bytes)
            )
        },
        |messages| format!(r#"{{"choices":[{}]}}"#, messages.join(",")),
    ),
    (
        "without role",
        |n, bytes| format!(r#"{{"type":"text","text":"{}"}}"#, words(n, bytes)),
        |messages| format!("[{}]", messages.join(",")),
    ),
];

#[test]
fn a_growing_conversation_costs_its_new_messages_and_little_else() {
    const TURNS: usize = 200;
    for (name, message, payload) in SHAPES {
        for bytes in [20, 100, 300, 900] {
            let mut store = Store::default();
            let mut messages = Vec::new();
            let mut new_parts = 0;
            for turn in 0..TURNS {
                messages.push(message(turn, bytes));
                let (recipe, new) = store.put(&payload(&messages));
                // The message, its text, and now and then a group of each level.
                assert!(new <= 6, "{name} {bytes}: {new} new parts in turn {turn}");
                new_parts += new;
                assert!(
                    recipe.len() < 4_000,
                    "{name} {bytes}: {} bytes of recipe",
                    recipe.len()
                );
                if turn % 37 == 0 {
                    assert_eq!(store.get(&recipe).unwrap(), payload(&messages));
                    assert!(store.rounds <= 8, "{name} {bytes}: {} rounds", store.rounds);
                }
            }
            assert!(
                new_parts <= TURNS * 9 / 4,
                "{name} {bytes}: {new_parts} parts"
            );
            let own: usize = messages.iter().map(String::len).sum();
            let besides = store.bytes.saturating_sub(own) / TURNS;
            assert!(
                besides < 1_600,
                "{name} {bytes}: {besides} bytes per turn besides the message"
            );
        }
    }
}

#[test]
fn a_sliding_window_costs_its_new_message_and_little_else() {
    const TURNS: usize = 300;
    const WINDOW: usize = 100;
    for (name, message, payload) in SHAPES {
        let mut store = Store::default();
        let messages: Vec<String> = (0..TURNS).map(|n| message(n, 300)).collect();
        store.put(&payload(&messages[..WINDOW]));
        let mut new_parts = 0;
        for turn in WINDOW..TURNS {
            let (recipe, new) = store.put(&payload(&messages[turn - WINDOW..turn]));
            new_parts += new;
            assert!(
                recipe.len() < 4_000,
                "{name}: {} bytes of recipe",
                recipe.len()
            );
        }
        let turns = TURNS - WINDOW;
        assert!(
            new_parts <= turns * 5 / 2,
            "{name}: {new_parts} parts in {turns} turns"
        );
    }
}

#[test]
fn an_answer_is_the_same_part_in_the_next_calls_history() {
    let answer = words(7, 900);
    let outputs = [
        format!(r#""{answer}""#),
        format!(r#"{{"role":"assistant","content":"{answer}"}}"#),
        format!(
            r#"{{"choices":[{{"index":0,"message":{{"role":"assistant","content":"{answer}"}},"finish_reason":"stop"}}]}}"#
        ),
        format!(
            r#"[{{"role":"assistant","parts":[{{"type":"text","content":"{answer}"}}],"finish_reason":"stop"}}]"#
        ),
        format!(
            r#"{{"content":[{{"type":"text","text":"{answer}"}}],"role":"assistant","stop_reason":"end_turn"}}"#
        ),
        format!(
            r#"{{"generations":[[{{"text":"{answer}","message":{{"kwargs":{{"content":"{answer}"}}}}}}]]}}"#
        ),
    ];
    let history = format!(
        r#"{{"messages":[{{"role":"user","content":"hello"}},{{"role":"assistant","content":"{answer}"}}]}}"#
    );
    let texts =
        |text: &str| -> HashSet<PartId> { split(text).parts().map(|part| part.id).collect() };
    let quoted = format!("\"{answer}\"");
    let expected = split(&quoted).parts().next().unwrap().id;
    assert!(texts(&history).contains(&expected));
    for output in &outputs {
        assert!(texts(output).contains(&expected), "{output}");
    }
}

#[test]
fn an_openai_answer_is_the_same_message_in_the_next_calls_history() {
    let message = format!(r#"{{"role":"assistant","content":"{}"}}"#, words(1, 100));
    let id = split(&message).parts().last().unwrap().id;
    let response =
        format!(r#"{{"choices":[{{"index":0,"message":{message},"finish_reason":"stop"}}]}}"#);
    let history = format!("[{message}]");
    for text in [&response, &history, &message] {
        let split = split(text);
        let recipe = Recipe::decode(split.recipe()).unwrap();
        let references: Vec<_> = recipe
            .references()
            .map(|part| (part.kind, part.id))
            .collect();
        assert_eq!(references, [(Kind::Message, id)], "{text}");
    }
}

#[test]
fn a_store_can_say_which_messages_are_new() {
    let mut store = Store::default();
    let messages: Vec<String> = (0..90).map(|n| SHAPES[0].1(n, 400)).collect();
    let payload = SHAPES[0].2;
    let (earlier, _) = store.put(&payload(&messages[..87]));
    let text = payload(&messages);
    let (this, _) = store.put(&text);
    let mut joiner = Joiner::for_messages(1 << 20);
    joiner.add(&earlier).unwrap();
    joiner.add(&this).unwrap();
    let fetched = store.fetch(&mut joiner).unwrap();
    assert!(fetched < 20, "only groups are fetched: {fetched}");
    let new = joiner.new_messages(&[&earlier], &this).unwrap();
    let texts: Vec<&str> = new
        .iter()
        .map(|message| &text[message.start..message.start + message.text_bytes])
        .collect();
    assert_eq!(
        texts,
        messages[87..]
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
    );
    assert!(joiner.new_messages(&[&this], &earlier).unwrap().is_empty());
}

#[test]
fn keys_are_never_cut() {
    let key = "k".repeat(1_000);
    for text in [
        format!("{{\"{key}\":1}}"),
        format!("{{\"{key}\" \n : \"x\"}}"),
    ] {
        assert_eq!(split(&text).part_count(), 0);
    }
}

#[test]
fn payloads_without_a_cut_are_one_literal() {
    for text in [
        "null".to_owned(),
        "{\"a\":1}".into(),
        format!("[{}]", vec!["1"; 500].join(",")),
    ] {
        let split = split(&text);
        assert_eq!(split.part_count(), 0);
        let recipe = Recipe::decode(split.recipe()).unwrap();
        assert_eq!(recipe.items().count(), 1);
        assert_eq!(recipe.text_bytes(), text.len());
    }
}

#[test]
fn depth_of_ten_thousand_needs_no_stack() {
    let long = words(3, 500);
    let mut store = Store::default();
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"role\":", "}]")] {
        let text = format!("{}\"{long}\"{}", open.repeat(10_000), close.repeat(10_000));
        store.assert_round_trip(&text);
    }
}

#[test]
fn each_part_is_asked_for_once() {
    let mut store = Store::default();
    let messages: Vec<String> = (0..60).map(|n| SHAPES[1].1(n, 500)).collect();
    let texts: Vec<String> = (1..=60).map(|k| SHAPES[1].2(&messages[..k])).collect();
    let recipes: Vec<Vec<u8>> = texts.iter().map(|text| store.put(text).0).collect();
    let mut joiner = Joiner::new(1 << 20);
    for recipe in &recipes {
        joiner.add(recipe).unwrap();
    }
    let fetched = store.fetch(&mut joiner).unwrap();
    assert_eq!(fetched, store.parts.len());
    for (recipe, text) in recipes.iter().zip(&texts) {
        assert_eq!(&joiner.join(recipe).unwrap(), text);
    }
}

#[test]
fn strings_that_grow_share_what_they_had() {
    const TURNS: usize = 80;
    let as_json = |messages: &[String]| {
        serde_json::Value::from(format!("[{}]", messages.join(","))).to_string()
    };
    let as_prose = |messages: &[String]| {
        serde_json::Value::from(format!("Answer briefly. {}", messages.join("\n"))).to_string()
    };
    let shapes: [(Payload, usize); 2] = [(as_json, 7_000), (as_prose, 20_000)];
    for (payload, besides_max) in shapes {
        let mut store = Store::default();
        let mut messages = Vec::new();
        for turn in 0..TURNS {
            messages.push(SHAPES[0].1(turn, 600));
            let (recipe, new) = store.put(&payload(&messages));
            assert!(new <= 12, "{new} new parts in turn {turn}");
            assert!(recipe.len() < 100);
        }
        store.assert_round_trip(&payload(&messages));
        let besides = store.bytes / TURNS;
        assert!(besides < besides_max, "{besides} bytes per turn");
    }
}

#[test]
fn a_property_called_role_makes_no_message_of_a_schema() {
    let schema = format!(
        r#"{{"properties":{{"role":{{"type":"string","description":"{}"}}}}}}"#,
        words(1, 100)
    );
    assert_eq!(split(&schema).part_count(), 0);
}
