//! The rows that the cases run over: few, and each odd in its own way.

use std::collections::BTreeMap;

use xtrace_model::{Timestamp, Usd};
use xtrace_query::{Field, Value, ViewDef, observations, traces};

/// A row under construction: absent where nothing is set.
struct RowOf {
    def: &'static ViewDef,
    cells: Vec<Value>,
}

impl RowOf {
    fn new(def: &'static ViewDef) -> Self {
        Self {
            def,
            cells: vec![Value::Null; def.fields.len()],
        }
    }

    fn set(mut self, field: &'static Field, value: Value) -> Self {
        let index = self
            .def
            .fields
            .iter()
            .position(|other| *other == field)
            .unwrap();
        self.cells[index] = value;
        self
    }

    fn text(self, field: &'static Field, text: &str) -> Self {
        self.set(field, Value::text(text))
    }

    fn time(self, field: &'static Field, text: &str) -> Self {
        self.set(field, Value::Time(Timestamp::parse(text).unwrap()))
    }

    fn usd(self, field: &'static Field, text: &str) -> Self {
        self.set(field, Value::Money(Usd::parse(text).unwrap()))
    }

    fn int(self, field: &'static Field, value: i64) -> Self {
        self.set(field, Value::Int(value))
    }

    fn float(self, field: &'static Field, value: f64) -> Self {
        self.set(field, Value::Float(value))
    }

    fn tags(self, tags: &[&str]) -> Self {
        let tags = tags.iter().map(|tag| (*tag).into()).collect();
        self.set(&traces::TAGS, Value::TextList(tags))
    }

    fn user(self, user: &str) -> Self {
        self.text(&traces::USER_ID, user)
    }

    fn name(self, name: &str) -> Self {
        let name_field = if self.def.view == traces::TRACES.view {
            &traces::NAME
        } else {
            &observations::NAME
        };
        self.text(name_field, name)
    }
}

fn trace(id: &str, timestamp: &str) -> RowOf {
    RowOf::new(&traces::TRACES)
        .text(&traces::ID, id)
        .time(&traces::TIMESTAMP, timestamp)
        .set(&traces::PUBLIC, Value::Bool(false))
        .tags(&[])
}

/// Rows of traces, cells in the order of the declared fields.
pub fn trace_rows() -> Vec<Vec<Value>> {
    [
        trace("t1", "2026-01-31T23:30:00Z")
            .name("Chat turn")
            .user("ada")
            .tags(&["beta", "gateway"])
            .float(&traces::LATENCY, 1.5)
            .usd(&traces::TOTAL_COST, "0.1"),
        trace("t2", "2026-01-31T23:30:00Z")
            .name("chat_TURN")
            .user("grace")
            .tags(&["gateway"])
            .float(&traces::LATENCY, 0.25)
            .set(&traces::PUBLIC, Value::Bool(true)),
        trace("T3", "2026-02-01T00:00:00Z")
            .name("großer Ärger")
            .user("ada")
            .tags(&["it's", "50%"])
            .usd(&traces::TOTAL_COST, "0.000000000001"),
        trace("t4", "1969-12-31T23:59:59.999999Z")
            .name("50%_\\ off")
            .float(&traces::LATENCY, 12.0),
        trace("t5", "1970-01-01T00:00:00Z")
            .user("")
            .name("zero\u{FFFD}"),
        trace("t6", "2026-03-08T06:59:59Z")
            .user("grace")
            .name("Zebra"),
        trace("t7", "2026-03-08T07:00:00Z")
            .user("ärger")
            .name("éclair")
            .float(&traces::LATENCY, 1.5),
        // A local day that has 23 hours, and one that has 25.
        trace("t8", "2026-03-09T03:59:59Z").usd(&traces::TOTAL_COST, "1000000000"),
        trace("t9", "2026-11-02T04:59:59.5Z")
            .name("no turn at all")
            .float(&traces::LATENCY, 0.0),
        trace("ta", "2026-11-02T05:00:00Z").name("𝄞 clef"),
    ]
    .map(|row| row.cells)
    .to_vec()
}

fn observation(trace: &str, id: &str, start: &str) -> RowOf {
    RowOf::new(&observations::OBSERVATIONS)
        .text(&observations::TRACE_ID, trace)
        .text(&observations::ID, id)
        .time(&observations::START_TIME, start)
        .text(&observations::TYPE, "SPAN")
        .text(&observations::LEVEL, "DEFAULT")
}

fn generation(trace: &str, id: &str, start: &str) -> RowOf {
    observation(trace, id, start).text(&observations::TYPE, "GENERATION")
}

/// Rows of observations, cells in the order of the declared fields.
pub fn observation_rows() -> Vec<Vec<Value>> {
    [
        generation("t1", "o1", "2026-01-31T23:30:00Z")
            .name("answer")
            .text(&observations::MODEL, "gpt-4o")
            .int(&observations::INPUT_TOKENS, 10)
            .int(&observations::TOTAL_TOKENS, i64::MAX)
            .usd(&observations::TOTAL_COST, "0.000000000001")
            .float(&observations::LATENCY, 2.0)
            .text(&observations::USAGE_DETAILS, "{\"input\":10}")
            .time(&observations::END_TIME, "2026-02-01T00:00:00Z"),
        generation("t1", "o2", "2026-01-31T23:31:00Z")
            .text(&observations::MODEL, "gpt-4o")
            .int(&observations::INPUT_TOKENS, 11)
            .int(&observations::TOTAL_TOKENS, 5)
            .usd(&observations::TOTAL_COST, "0.1"),
        generation("t2", "o1", "2026-01-31T23:30:30Z")
            .text(&observations::MODEL, "claude")
            .int(&observations::INPUT_TOKENS, 0)
            .usd(&observations::TOTAL_COST, "0.2")
            .float(&observations::LATENCY, 0.5),
        generation("t2", "o9", "2026-01-31T23:30:40Z").text(&observations::LEVEL, "ERROR"),
        observation("T3", "s1", "2026-02-01T00:00:00.000001Z")
            .int(&observations::TOTAL_TOKENS, 7)
            .time(&observations::END_TIME, "1969-12-31T00:00:00Z"),
        observation("t4", "s2", "1969-12-31T23:59:59.999999Z")
            .text(&observations::LEVEL, "ERROR")
            .text(&observations::MODEL, "Claude"),
    ]
    .map(|row| row.cells)
    .to_vec()
}

/// Labels of a series.
pub type Labels = BTreeMap<Box<str>, Box<str>>;

/// Series by id with their labels.
pub fn series() -> Vec<(i64, Labels)> {
    let labels = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect()
    };
    vec![
        (11, labels(&[("gpu", "0"), ("node", "a")])),
        (12, labels(&[("gpu", "1"), ("node", "a")])),
        (13, labels(&[("gpu", "0"), ("node", "b"), ("rack", "r1")])),
        (14, labels(&[("gpu", "0")])),
    ]
}

/// Id of the series, time and value.
pub type Points = Vec<(i64, Timestamp, f64)>;

/// Points of the series, and of one that belongs to none.
pub fn metric_points() -> Points {
    let seconds: &[(i64, i64, f64)] = &[
        (11, -30, 4.0),
        (11, 0, 10.0),
        (11, 59, 20.0),
        (11, 60, 25.0),
        (11, 90, 5.0),
        (11, 150, 6.0),
        (12, 0, 1.0),
        (12, 59, 30.0),
        (12, 150, 2.5),
        (13, 61, 100.0),
        (13, 120, 130.0),
        (14, 179, -1.5),
        (14, 181, 99.0),
        (99, 30, 1e9),
    ];
    seconds
        .iter()
        .map(|(series, second, value)| {
            (*series, Timestamp::from_micros(second * 1_000_000), *value)
        })
        .collect()
}
