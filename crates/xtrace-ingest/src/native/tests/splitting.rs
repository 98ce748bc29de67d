//! However items are spread over bodies and requests, the records are the same.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// One item: the member of the body that it is, and its text.
#[derive(Clone, Debug)]
struct Item {
    is_trace: bool,
    json: String,
}

/// What is stored under each key, as far as it does not tell when it was received.
type Records = BTreeMap<String, String>;

fn items() -> impl Strategy<Value = Vec<Item>> {
    let members = vec![
        r#""name":"a""#,
        r#""name":"b""#,
        r#""sessionId":"s","session_id":"other""#,
        r#""input":{"q":[1.50]}"#,
        r#""input":{}"#,
        r#""output":"done""#,
        r#""metadata":{"turn_id":1,"deep":{"a":1}}"#,
        r#""metadata":{"turn_id":"two","deep":{"b":null}}"#,
        r#""tags":["x","y"]"#,
        r#""environment":"prod""#,
        r#""environment":"test""#,
        r#""type":"tool""#,
        r#""type":"unheard""#,
        r#""level":"error""#,
        r#""startTime":"2026-01-01T00:00:00Z","timestamp":"2026-01-01T00:00:00Z""#,
        r#""startTime":"2026-01-01T00:00:01Z","timestamp":"2026-01-01T00:00:01Z""#,
        r#""usage":{"prompt_tokens":3,"completion_tokens":4}"#,
        r#""promptTokens":7"#,
        r#""completionTokens":9"#,
        r#""latency":-1"#,
    ];
    let chosen = prop::collection::vec(prop::sample::select(members), 0..5);
    let item = (any::<bool>(), 0..2_u8, chosen).prop_map(|(is_trace, id, members)| {
        let own = if is_trace {
            format!(r#""id":"{id}""#)
        } else {
            format!(r#""id":"{id}","traceId":"t""#)
        };
        let members: Vec<&str> = std::iter::once(own.as_str()).chain(members).collect();
        Item {
            is_trace,
            json: format!("{{{}}}", members.join(",")),
        }
    });
    prop::collection::vec(item, 1..12)
}

/// Bodies that keep the order of the items: a trace begins a body, or has one of its own.
fn bodies(items: &[Item]) -> String {
    let mut bodies: Vec<(Option<&str>, Vec<&str>)> = Vec::new();
    for item in items {
        match bodies.last_mut() {
            Some((_, observations)) if !item.is_trace => observations.push(&item.json),
            _ if item.is_trace => bodies.push((Some(&item.json), Vec::new())),
            _ => bodies.push((None, vec![&item.json])),
        }
    }
    let bodies: Vec<String> = bodies
        .into_iter()
        .map(|(trace, observations)| {
            format!(
                r#"{{"trace":{},"observations":[{}]}}"#,
                trace.unwrap_or("null"),
                observations.join(",")
            )
        })
        .collect();
    format!("[{}]", bodies.join(","))
}

fn records(requests: &[&[Item]]) -> (Records, usize) {
    let mut traces: BTreeMap<TraceId, TraceState> = BTreeMap::new();
    let mut observations: BTreeMap<ObservationKey, ObservationState> = BTreeMap::new();
    let mut rejected = 0;
    for (index, items) in requests.iter().enumerate() {
        let received = received().saturating_add_micros(index as i64);
        for item in decode_batch(bodies(items).as_bytes(), received)
            .unwrap()
            .items
        {
            match item.result {
                Ok(Patch::Trace { id, patch }) => {
                    traces.entry(id).or_default().join(*patch);
                }
                Ok(Patch::Observation { key, patch }) => {
                    observations.entry(key).or_default().join(*patch);
                }
                Err(_) => rejected += 1,
            }
        }
    }
    let mut seen = Records::new();
    for (id, mut state) in traces {
        (state.facts.created_at, state.facts.updated_at) = (None, None);
        let row = trace_row(id.clone(), &state.facts, TraceSummary::default());
        let content = (
            state.content.input.get(),
            state.content.output.get(),
            state.content.metadata.to_json(),
        );
        seen.insert(id.to_string(), format!("{row:?} {content:?}"));
    }
    for (key, mut state) in observations {
        (state.facts.created_at, state.facts.updated_at) = (None, None);
        let row = observation_row(key.clone(), &state.facts, &Costing::default());
        let content = (
            state.content.input.get(),
            state.content.output.get(),
            state.content.metadata.to_json(),
        );
        seen.insert(format!("{key:?}"), format!("{row:?} {content:?}"));
    }
    (seen, rejected)
}

proptest! {
    #[test]
    fn any_split_into_requests_gives_the_same_records(items in items(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(items.len())).collect();
        cuts.sort_unstable();
        let mut requests: Vec<&[Item]> = Vec::new();
        let mut from = 0;
        for cut in cuts {
            requests.push(&items[from..cut]);
            from = cut;
        }
        requests.push(&items[from..]);
        prop_assert_eq!(records(&requests), records(&[&items]));
    }

    #[test]
    fn a_request_sent_again_later_changes_nothing_but_stamps_when_nothing_came_between(items in items()) {
        prop_assert_eq!(records(&[&items, &items]).0, records(&[&items]).0);
    }

    #[test]
    fn any_bytes_are_items_or_an_error(body in "\\PC{0,60}|[\\[\\]{}\":,0-9a-z]{0,60}") {
        let _ = decode_batch(body.as_bytes(), received());
        let _ = decode_points(body.as_bytes(), &LabelLimits::default(), received());
    }
}
