//! Multi-turn agent sessions: each turn a trace, each call repeating the conversation so far.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use xtrace_model::Timestamp;

mod script;

use script::{AGENTS, Agent, MODELS, Model, USERS};

/// One turn of a session: a trace and its observations, in the form of `POST /v1/l/batch`.
pub struct Turn {
    pub at: Timestamp,
    pub trace: Value,
    pub observations: Vec<Value>,
}

/// The turns of the n-th of `count` sessions of a day.
pub fn session(seed: u64, day: Timestamp, n: u32, count: u32) -> Vec<Turn> {
    let seed = seed ^ day.as_micros().cast_unsigned() ^ (u64::from(n) << 40);
    let mut random = StdRng::seed_from_u64(seed);
    let agent = AGENTS.choose(&mut random).expect("there are agents");
    let id = format!("{}-{:012x}", agent.name, random.random::<u64>() >> 16);
    let minute = (i64::from(n) * 1440 / i64::from(count) + random.random_range(0..20)).min(1400);
    let mut conversation = Conversation {
        agent,
        model: MODELS.choose(&mut random).expect("there are models"),
        user: USERS.choose(&mut random).expect("there are users"),
        id,
        now: day.saturating_add_micros(minute * 60_000_000),
        messages: vec![json!({ "role": "system", "content": agent.system })],
        random,
    };
    let turns = conversation.random.random_range(2..=agent.questions.len());
    (0..turns).map(|turn| conversation.turn(turn)).collect()
}

struct Conversation {
    agent: &'static Agent,
    model: &'static Model,
    user: &'static str,
    id: String,
    now: Timestamp,
    messages: Vec<Value>,
    random: StdRng,
}

impl Conversation {
    fn turn(&mut self, turn: usize) -> Turn {
        let started = self.now;
        let trace_id = format!("{}-t{turn}", self.id);
        let run_id = format!("{trace_id}-run");
        let (question, answer) = self.agent.questions[turn];
        self.messages
            .push(json!({ "role": "user", "content": question }));
        let mut steps = Steps {
            trace_id: trace_id.clone(),
            run_id: run_id.clone(),
            rows: Vec::new(),
        };
        let (tool, arguments, result) = self.agent.tools[turn % self.agent.tools.len()];
        let plan = json!({ "role": "assistant", "content": null, "tool_calls": [
            { "id": format!("call_{turn}"), "type": "function", "function": { "name": tool, "arguments": arguments } }
        ] });
        self.generation(&mut steps, "agent.plan", "planner", &plan);
        self.messages.push(plan);
        let failed = self.tool(&mut steps, tool, arguments, result);
        let content = if failed {
            "error: upstream timed out after 10 s"
        } else {
            result
        };
        self.messages.push(
            json!({ "role": "tool", "tool_call_id": format!("call_{turn}"), "content": content }),
        );
        let reply = json!({ "role": "assistant", "content": if failed { script::APOLOGY } else { answer } });
        self.generation(&mut steps, "chat.generation", "llm_call", &reply);
        self.messages.push(reply.clone());
        let root = json!({
            "id": "root", "traceId": trace_id, "type": "AGENT", "name": self.agent.name,
            "startTime": started.to_string(), "endTime": self.now.to_string(),
            "input": question, "output": reply["content"],
            "metadata": { "run_id": run_id, "step_type": "handoff" },
        });
        steps.rows.insert(0, root);
        let state = if failed { "error" } else { "success" };
        let environment = if self.random.random_bool(0.85) {
            "production"
        } else {
            "staging"
        };
        let trace = json!({
            "id": trace_id, "timestamp": started.to_string(), "name": "chat.turn", "userId": self.user,
            "sessionId": self.id, "release": "2026.11", "version": "demo", "environment": environment,
            "tags": [self.agent.name, "demo"], "input": question, "output": reply["content"],
            "metadata": { "turn_id": format!("turn-{turn}"), "run_id": run_id, "run_state": state },
        });
        self.now = self
            .now
            .saturating_add_micros(self.random.random_range(8_000_000..90_000_000));
        Turn {
            at: started,
            trace,
            observations: steps.rows,
        }
    }

    /// A call of the model with the whole conversation as input.
    fn generation(&mut self, steps: &mut Steps, name: &str, step_type: &str, reply: &Value) {
        let input_tokens = tokens(
            &self
                .messages
                .iter()
                .map(ToString::to_string)
                .collect::<String>(),
        );
        let output_tokens = tokens(&reply.to_string());
        let cached = if self.messages.len() > 4 {
            input_tokens * 6 / 10
        } else {
            0
        };
        let started = self.now;
        let first = started.saturating_add_micros(self.random.random_range(180_000..900_000));
        self.now = first.saturating_add_micros(output_tokens.cast_signed() * 18_000);
        let usage = self.model.usage(input_tokens, cached, output_tokens);
        steps.push(
            name,
            "GENERATION",
            step_type,
            json!({
                "startTime": started.to_string(), "completionStartTime": first.to_string(),
                "endTime": self.now.to_string(), "model": self.model.name,
                "modelParameters": { "temperature": 0.2, "max_tokens": 1024 },
                "input": self.messages, "output": reply, "usage": usage,
            }),
        );
    }

    /// A call of a tool; says whether it failed.
    fn tool(&mut self, steps: &mut Steps, tool: &str, arguments: &str, result: &str) -> bool {
        let failed = self.random.random_bool(0.05);
        let started = self.now;
        let micros = if failed {
            10_000_000
        } else {
            self.random.random_range(40_000..1_200_000)
        };
        self.now = started.saturating_add_micros(micros);
        let is_search = tool.starts_with("search");
        let (kind, step_type) = if is_search {
            ("RETRIEVER", "retrieval")
        } else {
            ("TOOL", "tool_call")
        };
        let mut row = json!({
            "startTime": started.to_string(), "endTime": self.now.to_string(),
            "input": arguments, "output": result,
        });
        if failed {
            row["output"] = Value::Null;
            row["level"] = json!("ERROR");
            row["statusMessage"] = json!("upstream timed out after 10 s");
        }
        steps.push(tool, kind, step_type, row);
        failed
    }
}

/// The observations of a turn below its root.
struct Steps {
    trace_id: String,
    run_id: String,
    rows: Vec<Value>,
}

impl Steps {
    fn push(&mut self, name: &str, kind: &str, step_type: &str, mut row: Value) {
        let index = self.rows.len();
        row["id"] = json!(format!("step-{index}"));
        row["traceId"] = json!(self.trace_id);
        row["parentObservationId"] = json!("root");
        row["name"] = json!(name);
        row["type"] = json!(kind);
        row["metadata"] = json!({
            "run_id": self.run_id, "step_id": format!("step-{index}"), "parent_step_id": "root",
            "step_type": step_type, "step_index": index, "attempt_index": 0,
        });
        self.rows.push(row);
    }
}

/// About four characters a token.
fn tokens(text: &str) -> u64 {
    (text.chars().count() as u64).div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_session_and_another_makes_another() {
        let day = Timestamp::parse("2026-11-01T00:00:00Z").unwrap();
        let texts = |seed| {
            let turns = session(seed, day, 3, 40);
            turns
                .iter()
                .map(|turn| format!("{}{:?}", turn.trace, turn.observations))
                .collect::<String>()
        };
        assert_eq!(texts(1), texts(1));
        assert_ne!(texts(1), texts(2));
        assert!(session(1, day, 3, 40).len() >= 2);
    }

    #[test]
    fn each_call_repeats_the_conversation_so_far() {
        let day = Timestamp::parse("2026-11-01T00:00:00Z").unwrap();
        let turns = session(1, day, 0, 40);
        let lengths: Vec<usize> = turns
            .iter()
            .flat_map(|turn| &turn.observations)
            .filter_map(|row| row["input"].as_array().map(Vec::len))
            .collect();
        assert!(lengths.is_sorted() && lengths.len() >= 4, "{lengths:?}");
    }
}
