//! What is asked: the pages and charts that people look at.

use anyhow::Context as _;
use serde_json::{Value, json};
use xtrace_model::Timestamp;

use crate::corpus::{Corpus, LongTrace};
use crate::server::Target;

const TRACES: &str = "/api/public/traces";
/// Without payloads.
const NARROW: &str = "fields=core,metrics";
const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;

/// A read: what it is called, and the visits that are made in turn. A visit asks its paths one after the other.
pub struct Question {
    pub name: String,
    visits: Vec<Vec<String>>,
}

impl Question {
    fn once(name: &str, path: String) -> Self {
        Self::in_turn(name, [path])
    }

    fn in_turn(name: &str, paths: impl IntoIterator<Item = String>) -> Self {
        Self {
            name: name.to_owned(),
            visits: paths.into_iter().map(|path| vec![path]).collect(),
        }
    }

    pub async fn ask(&self, target: &Target, n: usize) -> anyhow::Result<()> {
        for path in &self.visits[n % self.visits.len()] {
            let answer = target.get(path).await;
            answer
                .map(drop)
                .with_context(|| format!("asking {}", self.name))?;
        }
        Ok(())
    }
}

/// All of them, over a store with the corpus and these long traces.
pub fn questions(corpus: &Corpus, long: &[LongTrace]) -> Vec<Question> {
    let mut questions = lists(corpus);
    questions.extend(traces(corpus, long));
    questions.extend(charts(corpus));
    questions
}

fn lists(corpus: &Corpus) -> Vec<Question> {
    let traces = |name: &str, parameters: String| {
        Question::once(name, format!("{TRACES}?limit=50&{parameters}"))
    };
    let filtered = |name: &str, parameters: [&str; 2]| {
        let paths = parameters.map(|parameter| format!("{TRACES}?limit=50&{NARROW}&{parameter}"));
        Question::in_turn(name, paths)
    };
    let week = corpus.end().saturating_add_micros(-7 * DAY_MICROS);
    let in_a_week = |order: &str| {
        let end = corpus.end();
        format!("{NARROW}&orderBy={order}.desc&fromTimestamp={week}&toTimestamp={end}")
    };
    vec![
        traces("newest 50 traces", NARROW.to_owned()),
        traces("newest 50 traces with payloads", String::new()),
        filtered("newest 50 of a user", ["userId=user-42", "userId=user-7"]),
        filtered(
            "newest 50 of a session",
            ["sessionId=session-42", "sessionId=session-7"],
        ),
        filtered("newest 50 of a name", ["name=chat.turn", "name=long"]),
        filtered("newest 50 with a tag", ["tags=alpha", "tags=beta"]),
        traces(
            "all traces by cost",
            format!("{NARROW}&orderBy=totalCost.desc"),
        ),
        traces("a week's traces by cost", in_a_week("totalCost")),
        traces("a week's traces by latency", in_a_week("latency")),
        Question::once(
            "newest 50 observations",
            "/api/public/observations?limit=50".to_owned(),
        ),
        Question::once(
            "newest 50 sessions",
            "/api/public/sessions?limit=50".to_owned(),
        ),
    ]
}

fn traces(corpus: &Corpus, long: &[LongTrace]) -> Vec<Question> {
    let details = (1..20).map(|n| corpus.trace_id(corpus.total() * n / 20));
    let mut questions = vec![Question::in_turn(
        "one whole trace",
        details.map(|id| format!("{TRACES}/{id}")),
    )];
    questions.extend(long.iter().map(|trace| of_long_trace(*trace)));
    questions
}

/// Those with payloads are read whole, those that one answer holds without payloads, the others are opened: the
/// trace itself and its first observations.
fn of_long_trace(trace: LongTrace) -> Question {
    let (id, observations) = (trace.id(), trace.observations);
    if trace.has_payloads {
        return Question::once(
            &format!("a whole trace of {observations}"),
            format!("{TRACES}/{id}"),
        );
    }
    if observations <= 1_000 {
        return Question::once(
            &format!("a trace of {observations} without payloads"),
            format!("{TRACES}/{id}?{NARROW},observations"),
        );
    }
    let first =
        format!("/api/public/observations?traceId={id}&orderBy=startTime.asc&limit=50&fields=core");
    Question {
        name: format!("opening a trace of {observations}"),
        visits: vec![vec![format!("{TRACES}/{id}?{NARROW}"), first]],
    }
}

/// Without the characters that a query string keeps for itself.
fn asked(question: &Value) -> String {
    format!("/api/public/metrics?query={question}")
}

fn charts(corpus: &Corpus) -> Vec<Question> {
    let (start, end) = (corpus.start(), corpus.end());
    let day_before: Timestamp = end.saturating_add_micros(-DAY_MICROS);
    let metric =
        format!("/api/public/metrics/query?name=gpu_utilization&from={day_before}&to={end}");
    vec![
        Question::once(
            "daily metrics, 60 days",
            format!("/api/public/metrics/daily?limit=60&toTimestamp={end}&fromTimestamp={start}"),
        ),
        Question::once(
            "p95 latency and cost by model and hour, 60 days",
            asked(&json!({
                "view": "observations",
                "dimensions": [{ "field": "providedModelName" }],
                "metrics": [
                    { "measure": "latency", "aggregation": "p95" },
                    { "measure": "totalCost", "aggregation": "sum" },
                ],
                "timeDimension": { "granularity": "hour" },
                "fromTimestamp": start.to_string(),
                "toTimestamp": end.to_string(),
            })),
        ),
        Question::once(
            "top users by cost, 60 days",
            asked(&json!({
                "view": "traces",
                "dimensions": [{ "field": "userId" }],
                "metrics": [{ "measure": "totalCost", "aggregation": "sum" }],
                "fromTimestamp": start.to_string(),
                "toTimestamp": end.to_string(),
                "orderBy": [{ "field": "sum_totalCost", "direction": "desc" }],
                "config": { "row_limit": 10 },
            })),
        ),
        Question::once(
            "metric avg by series, 24 h, 5 m",
            format!("{metric}&step=5m&agg=avg"),
        ),
        Question::once(
            "metric p99 by node, 24 h, 5 m",
            format!("{metric}&step=5m&agg=p99&group_by=node_id"),
        ),
        Question::once(
            "latest points of 400 series",
            "/api/public/metrics/latest?name=gpu_utilization".to_owned(),
        ),
    ]
}
