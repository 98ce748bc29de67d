//! Data with something of everything: each field present and absent, ties, awkward texts, exact amounts.
//!
//! Fractions are multiples of 1/8, so that their sums are the same in any order.

use xtrace_model::{Level, ObservationType};

use crate::builders::{Batch, ObservationPatch, TracePatch, a_trace, after, an_observation, batch};
use crate::stage::Stage;

/// Texts that a careless engine stores, finds, orders or quotes wrongly.
pub const AWKWARD: [&str; 20] = [
    "plain",
    "Plain",
    "PLAIN text",
    "50% off_sale",
    "50x offYsale",
    "it's",
    "say \"hi\"",
    "back\\slash",
    "a\\%b",
    "",
    " padded ",
    "tab\tand\nline",
    "Größe",
    "GRÖSSE",
    "Привет МИР",
    "日本語テキスト",
    "中文",
    "😀 emoji",
    "$1; DROP TABLE traces; --",
    "NULL",
];

/// Amounts of US dollars, most of them inexact as binary fractions.
const AMOUNTS: [&str; 7] = [
    "0.1",
    "0.2",
    "0.000000000001",
    "12345.678901234567",
    "0",
    "999999999.999999999999",
    "0.3",
];

/// A method of a builder.
type SetText<P> = fn(P, &str) -> P;

const TRACES: usize = 60;
const OBSERVATIONS_MAX: usize = 5;

/// How many observations a trace has.
fn observation_count(trace: usize) -> usize {
    trace % (OBSERVATIONS_MAX + 1)
}

/// One of `choices`, or nothing every so often.
fn maybe<'c>(choices: &[&'c str], number: usize) -> Option<&'c str> {
    choices.get(number % (choices.len() + 2)).copied()
}

fn eighths(number: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "numbers of a test are small")]
    let number = number as f64;
    number / 8.0
}

/// Days apart, so that buckets and days have something to divide.
fn beginning(trace: usize) -> f64 {
    eighths(trace * 97) * 3_600.0
}

/// Stores it all, in several commits, the later changing some of the earlier.
pub async fn store(stage: &Stage) {
    for part in batches() {
        stage.commit(part).await;
    }
}

fn batches() -> Vec<Batch> {
    let mut batches = Vec::new();
    for first in (0..TRACES).step_by(20) {
        let traces = first..first + 20;
        let observations = traces.clone().flat_map(|trace| {
            (0..observation_count(trace)).map(move |number| an_awkward_observation(trace, number))
        });
        batches.push(
            batch().with_all(
                traces
                    .clone()
                    .filter(|trace| trace % 7 != 3)
                    .map(an_awkward_trace),
            ),
        );
        batches.push(batch().with_all(observations));
    }
    let renamed = (0..TRACES).step_by(9).map(|trace| {
        a_trace(&trace_name(trace))
            .sent(1e6)
            .name("renamed")
            .timestamp(after(beginning(trace) - 1.0))
    });
    let failed = (0..TRACES).step_by(8).map(|trace| {
        an_observation(&trace_name(trace), "o0")
            .sent(1e6)
            .level(Level::Error)
            .status_message("it's broken")
    });
    batches.push(batch().with_all(renamed).with_all(failed));
    batches
}

fn trace_name(trace: usize) -> String {
    // Not in the order of numbers, and with letters of both cases.
    let letter = ["a", "B", "c", "Ü", "z"][trace % 5];
    format!("{letter}-{trace}")
}

fn an_awkward_trace(trace: usize) -> TracePatch {
    let mut patch = a_trace(&trace_name(trace)).sent(eighths(trace));
    let texts: [(SetText<TracePatch>, usize); 10] = [
        (TracePatch::name, 1),
        (TracePatch::user, 2),
        (TracePatch::session, 3),
        (TracePatch::release, 5),
        (TracePatch::version, 7),
        (TracePatch::external_id, 11),
        (TracePatch::turn, 13),
        (TracePatch::run, 17),
        (TracePatch::run_state, 19),
        (TracePatch::environment, 23),
    ];
    for (set, factor) in texts {
        if let Some(text) = maybe(&AWKWARD, trace * factor + factor) {
            patch = set(patch, text);
        }
    }
    if !trace.is_multiple_of(3) {
        patch = patch.timestamp(after(beginning(trace)));
    }
    if trace % 4 > 1 {
        patch = patch
            .public(trace.is_multiple_of(2))
            .bookmarked(trace % 3 == 1)
            .latency(eighths(trace));
    }
    if let Some(amount) = maybe(&AMOUNTS, trace) {
        patch = patch.cost(amount);
    }
    for number in 0..trace % 4 {
        patch = patch.tags([AWKWARD[(trace + number) % AWKWARD.len()]]);
    }
    patch
        .input(r#"{"messages":[{"role":"user","content":"hi"}]}"#)
        .metadata(r#"{"n":1.50}"#)
}

fn an_awkward_observation(trace: usize, number: usize) -> ObservationPatch {
    let seed = trace * OBSERVATIONS_MAX + number;
    let patch = an_observation(&trace_name(trace), &format!("o{number}")).sent(eighths(seed));
    with_numbers(with_texts(patch, seed), trace, seed)
}

fn with_texts(mut patch: ObservationPatch, seed: usize) -> ObservationPatch {
    let texts: [(SetText<ObservationPatch>, usize); 17] = [
        (ObservationPatch::name, 1),
        (ObservationPatch::status_message, 2),
        (ObservationPatch::version, 3),
        (ObservationPatch::session, 5),
        (ObservationPatch::model, 7),
        (ObservationPatch::model_id, 11),
        (ObservationPatch::prompt_id, 13),
        (ObservationPatch::prompt_name, 17),
        (ObservationPatch::prompt_version, 19),
        (ObservationPatch::unit, 23),
        (ObservationPatch::turn, 29),
        (ObservationPatch::run, 31),
        (ObservationPatch::step, 37),
        (ObservationPatch::parent_step, 41),
        (ObservationPatch::step_type, 43),
        (ObservationPatch::run_state, 47),
        (ObservationPatch::environment, 53),
    ];
    for (set, factor) in texts {
        if let Some(text) = maybe(&AWKWARD, seed * factor + factor) {
            patch = set(patch, text);
        }
    }
    if seed % 3 == 1 {
        patch = patch.parent(&format!("o{}", seed % 2));
    }
    patch
        .output(r#"[1.0,"two"]"#)
        .model_parameters(r#"{"temperature":0.70}"#)
}

fn with_numbers(patch: ObservationPatch, trace: usize, seed: usize) -> ObservationPatch {
    let mut patch = patch;
    let start = beginning(trace) + eighths(seed % 40);
    if !seed.is_multiple_of(6) {
        patch = patch.start(after(start));
    }
    if !seed.is_multiple_of(4) {
        patch = patch
            .end(after(start + eighths(seed % 30)))
            .first_token(after(start + eighths(seed % 3)));
    }
    if seed % 5 == 2 {
        patch = patch
            .latency(eighths(seed))
            .time_to_first_token(eighths(seed % 11));
    }
    if !seed.is_multiple_of(3) {
        patch = patch
            .kind(ObservationType::ALL[seed % 10])
            .level(Level::ALL[seed % 4]);
        patch = patch
            .step_index(seed as i64 % 7 - 3)
            .attempt(seed as i64 % 3);
    }
    if seed % 5 > 1 {
        let units = seed as u64 % 9;
        let buckets = [
            ("input", units),
            ("output", units * 3),
            ("input_cache_read", 2),
            ("output_reasoning", 1),
        ];
        patch = patch.buckets(buckets);
    }
    if let Some(amount) = maybe(&AMOUNTS, seed) {
        patch = patch.cost([("input", amount), ("output", AMOUNTS[seed % AMOUNTS.len()])]);
    }
    if seed % 4 == 1 {
        patch = patch.unit_prices("0.00000015", "0.0000006", "0.000000000001");
    }
    patch
}

/// The data set holds what it says it does.
#[cfg(test)]
mod tests {
    use xtrace_query::{Kind, Value, View};
    use xtrace_store::{TelemetryReader as _, TelemetryWriter as _};

    use crate::builders::{PROJECT, project};
    use crate::model::Reference;
    use crate::plans::rows;

    /// Never absent, or of one value here: nothing can be told from their absence.
    const ALWAYS_PRESENT: [&str; 30] = [
        "id",
        "traceId",
        "timestamp",
        "startTime",
        "environment",
        "public",
        "bookmarked",
        "tags",
        "models",
        "level",
        "type",
        "createdAt",
        "updatedAt",
        "lastActivity",
        "inputTokens",
        "outputTokens",
        "totalTokens",
        "cacheReadTokens",
        "cacheWriteTokens",
        "reasoningTokens",
        "usageDetails",
        "costDetails",
        "observationCount",
        "debugCount",
        "defaultCount",
        "warningCount",
        "errorCount",
        "inputCost",
        "outputCost",
        "priceId",
    ];

    #[tokio::test]
    async fn every_field_is_absent_here_and_has_several_values_there() {
        let reference = Reference::empty();
        for batch in super::batches() {
            reference.commit(batch.build()).await.unwrap();
        }
        for view in [View::Traces, View::Observations] {
            let table = reference
                .query(&project(PROJECT), &rows(view))
                .await
                .unwrap();
            for (column, field) in view.def().fields.iter().enumerate() {
                let cells: Vec<&Value> = table.rows.iter().map(|row| &row[column]).collect();
                let is_absent = cells.iter().any(|cell| **cell == Value::Null);
                assert!(
                    is_absent || ALWAYS_PRESENT.contains(&field.name),
                    "{}",
                    field.name
                );
                let is_present = cells.iter().any(|cell| **cell != Value::Null);
                assert!(is_present || field.name == "priceId", "{}", field.name);
                let varies = cells.iter().any(|cell| *cell != cells[0]) || field.kind == Kind::Json;
                assert!(
                    varies || ["priceId", "cacheWriteTokens"].contains(&field.name),
                    "{}",
                    field.name
                );
            }
        }
    }
}
