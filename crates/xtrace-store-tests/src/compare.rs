//! When two answers are the same.

use xtrace_query::{MetricAnswer, MetricPlan, Plan, Table, Value};

/// Sums of fractions depend on the order in which an engine adds them up: two fractions are the same when they
/// differ by less than this share of the larger.
pub const FRACTION_TOLERANCE: f64 = 1e-9;

/// Whether two fractions are the same, as far as engines can agree.
pub fn same_fraction(a: f64, b: f64) -> bool {
    let scale = a.abs().max(b.abs()).max(1.0);
    (a - b).abs() <= scale * FRACTION_TOLERANCE
}

fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => same_fraction(*a, *b),
        (Value::Histogram(a), Value::Histogram(b)) => {
            same_fraction(a.lowest, b.lowest)
                && same_fraction(a.highest, b.highest)
                && a.counts == b.counts
        }
        (a, b) => a == b,
    }
}

fn same_row(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
}

/// # Panics
/// The tables differ; the message names the first row that does.
pub fn assert_same_table(found: &Table, expected: &Table, plan: &Plan) {
    assert_eq!(found.columns, expected.columns, "columns of {plan:#?}");
    for (index, (found_row, expected_row)) in found.rows.iter().zip(&expected.rows).enumerate() {
        assert!(
            same_row(found_row, expected_row),
            "row {index} differs\n   found {found_row:?}\nexpected {expected_row:?}\nof {plan:#?}"
        );
    }
    assert_eq!(
        found.rows.len(),
        expected.rows.len(),
        "number of rows; found {:?}\nexpected {:?}\nof {plan:#?}",
        found.rows,
        expected.rows
    );
}

/// # Panics
/// The answers differ.
pub fn assert_same_answer(found: &MetricAnswer, expected: &MetricAnswer, plan: &MetricPlan) {
    let same_series = found.series.len() == expected.series.len()
        && found
            .series
            .iter()
            .zip(&expected.series)
            .all(|(found, expected)| {
                let same_point =
                    |(a, b): (&(_, f64), &(_, f64))| a.0 == b.0 && same_fraction(a.1, b.1);
                found.labels == expected.labels
                    && found.points.len() == expected.points.len()
                    && found.points.iter().zip(&expected.points).all(same_point)
            });
    let same_rest = found.latest == expected.latest
        && found.is_truncated == expected.is_truncated
        && found.series_total == expected.series_total;
    assert!(
        same_series && same_rest,
        "found {found:#?}\nexpected {expected:#?}\nof {plan:#?}"
    );
}
