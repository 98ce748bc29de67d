//! Random writes, updates, deletions and sweeps against a model.

use std::collections::HashMap;

use xtrace_store::{TelemetryReader, TelemetryWriter};
use xtrace_store_postgres::PostgresEngine;
use xtrace_store_tests::builders::{
    a_trace, an_observation, batch, observation_key, project, trace_id,
};

use super::support::{Stored, conversation, message, sweep};
use crate::support::{Numbers, database, open, options, psql};

/// One of two projects, some traces with observations, texts that share messages.
struct Random {
    numbers: Numbers,
    serial: u32,
    /// By project, trace and observation (empty: the trace's own): input and output.
    model: HashMap<(String, String, String), [Option<String>; 2]>,
}

impl Random {
    fn text(&mut self) -> Option<String> {
        let from = self.numbers.below(6);
        match self.numbers.below(4) {
            0 => None,
            1 => Some("\"short\"".to_owned()),
            2 => Some(message(self.numbers.below(8))),
            _ => Some(conversation(from..from + 1 + self.numbers.below(40))),
        }
    }

    async fn step(&mut self, engine: &PostgresEngine) {
        let scope = ["a", "b"][usize::try_from(self.numbers.below(2)).unwrap()];
        let trace = format!("t{}", self.numbers.below(6));
        match self.numbers.below(10) {
            0 => {
                let gone = [trace_id(&trace)];
                engine.delete_traces(&project(scope), &gone).await.unwrap();
                self.model
                    .retain(|(in_scope, id, _), _| in_scope != scope || *id != trace);
            }
            1 => sweep(engine).await,
            _ => {
                let mut items = batch().scope(&project(scope));
                for _ in 0..=self.numbers.below(4) {
                    self.serial += 1;
                    let sent = f64::from(self.serial);
                    let texts = [self.text(), self.text()];
                    let id = match self.numbers.below(3) {
                        0 => String::new(),
                        _ => format!("o{}", self.numbers.below(3)),
                    };
                    if id.is_empty() {
                        let mut patch = a_trace(&trace).sent(sent);
                        if let Some(input) = &texts[0] {
                            patch = patch.input(input);
                        }
                        if let Some(output) = &texts[1] {
                            patch = patch.output(output);
                        }
                        items = items.with(patch);
                    } else {
                        let mut patch = an_observation(&trace, &id).sent(sent);
                        if let Some(input) = &texts[0] {
                            patch = patch.input(input);
                        }
                        if let Some(output) = &texts[1] {
                            patch = patch.output(output);
                        }
                        items = items.with(patch);
                    }
                    let key = (scope.to_owned(), trace.clone(), id);
                    let place = self.model.entry(key).or_default();
                    for (place, text) in place.iter_mut().zip(texts) {
                        *place = text.or(place.take());
                    }
                }
                engine.commit(items.build()).await.unwrap();
            }
        }
    }

    async fn assert_equal(&self, engine: &PostgresEngine) {
        for ((scope, trace, id), expected) in &self.model {
            let scope = project(scope);
            let found = if id.is_empty() {
                let payload = engine
                    .trace(&scope, &trace_id(trace))
                    .await
                    .unwrap()
                    .unwrap()
                    .payload;
                [payload.input, payload.output]
            } else {
                let key = observation_key(trace, id);
                let record = engine.observation(&scope, &key).await.unwrap().unwrap();
                let payload = record.payload.unwrap();
                [payload.input, payload.output]
            };
            let found = found.map(|text| text.map(|text| text.to_string()));
            assert!(found == *expected, "{trace} {id}");
        }
    }
}

#[tokio::test]
async fn any_writes_updates_deletions_and_sweeps_leave_what_was_sent_and_nothing_else() {
    for seed in 1..=4_u64 {
        let database = database();
        let mut engines = [
            open(options(&database)).await,
            open(options(&database)).await,
        ];
        let mut random = Random {
            numbers: Numbers(seed * 7919),
            serial: 0,
            model: HashMap::new(),
        };
        for step in 0..60 {
            let engine = usize::try_from(random.numbers.below(2)).unwrap();
            random.step(&engines[engine]).await;
            if step % 20 == 19 {
                Stored::of(&database).assert_nothing_is_missing();
                random.assert_equal(&engines[engine]).await;
                // One that knows nothing.
                engines[1] = open(options(&database)).await;
            }
        }
        sweep(&engines[0]).await;
        let stored = Stored::of(&database);
        stored.assert_nothing_is_missing();
        stored.assert_nothing_is_left();
        random.assert_equal(&engines[1]).await;
        for table in ["payload_garbage", "payload_sweeps", "payload_uses"] {
            assert_eq!(
                psql(&database, &format!("SELECT count(*) FROM {table}")),
                "0",
                "{table}"
            );
        }
    }
}
