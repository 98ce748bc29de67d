//! Measures over the rows of a group.

use std::cmp::Ordering;

use xtrace_model::Usd;
use xtrace_query::{Aggregation, Derived, Field, Histogram, Kind, MeasureOf, Measured, Value};

use super::cells::{Row, compare};

/// The value of a measure over a group's rows.
pub fn aggregate(measure: &MeasureOf, rows: &[&Row<'_>]) -> Value {
    let of = measure.measure.of;
    if of == Measured::Rows {
        return Value::Int(count(rows.len()));
    }
    let mut values: Vec<Value> = rows
        .iter()
        .map(|row| measured(of, row))
        .filter(|value| *value != Value::Null)
        .collect();
    values.sort_by(present_order);
    let numbers = || {
        values
            .iter()
            .filter_map(Value::as_float)
            .collect::<Vec<f64>>()
    };
    match measure.aggregation {
        Aggregation::Count => Value::Int(count(values.len())),
        Aggregation::CountDistinct => {
            values.dedup();
            Value::Int(count(values.len()))
        }
        Aggregation::Sum => sum(of.kind(), &values),
        Aggregation::Avg => float(average(&numbers())),
        Aggregation::Min => values.first().cloned().unwrap_or(Value::Null),
        Aggregation::Max => values.last().cloned().unwrap_or(Value::Null),
        Aggregation::Percentile(percentage) => float(percentile(numbers(), percentage)),
        Aggregation::Histogram(parts) => {
            histogram(&numbers(), parts).map_or(Value::Null, Value::Histogram)
        }
    }
}

/// The value of one row.
fn measured(of: Measured, row: &Row<'_>) -> Value {
    let number = |field: &Field| row.cell(field).as_float();
    let left = |whole, first: Option<&'static Field>| match first {
        Some(first) => Some(number(whole)? - number(first)?),
        None => number(whole),
    };
    match of {
        Measured::Rows => Value::Int(1),
        Measured::Field(field) => row.cell(field),
        Measured::Derived(Derived::Rest { whole, first }) => float(left(whole, Some(first))),
        Measured::Derived(Derived::PerSecond {
            amount,
            whole,
            first,
        }) => {
            let seconds = left(whole, *first).filter(|seconds| *seconds > 0.0);
            float(number(amount).zip(seconds).map(|(amount, s)| amount / s))
        }
        Measured::Derived(Derived::IsAboveZero(field)) => match number(field) {
            Some(number) if number > 0.0 => Value::Bool(true),
            _ => Value::Null,
        },
    }
}

/// Of sorted numbers.
fn histogram(numbers: &[f64], parts: u8) -> Option<Histogram> {
    let (lowest, highest) = (*numbers.first()?, *numbers.last()?);
    let mut counts = vec![0; usize::from(parts)];
    for number in numbers {
        counts[Histogram::part_of(*number, (lowest, highest), parts)] += 1;
    }
    Some(Histogram {
        lowest,
        highest,
        counts,
    })
}

/// Of values that are of one kind and not absent.
fn present_order(a: &Value, b: &Value) -> Ordering {
    compare(a, b).expect("values of one kind")
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).expect("fits in memory")
}

fn float(value: Option<f64>) -> Value {
    value.map_or(Value::Null, Value::Float)
}

/// Of nothing it is zero.
fn sum(kind: Kind, values: &[Value]) -> Value {
    match kind {
        Kind::Int => {
            let sum: i128 = values
                .iter()
                .filter_map(Value::as_int)
                .map(i128::from)
                .sum();
            let clamped = sum.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
            Value::Int(i64::try_from(clamped).expect("just clamped"))
        }
        Kind::Money => Value::Money(values.iter().filter_map(Value::as_money).sum::<Usd>()),
        _ => Value::Float(values.iter().filter_map(Value::as_float).sum()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of tests are small")]
fn average(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}

/// Interpolated linearly between the neighbours of the place that the percentage names.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among few values, never below the first"
)]
pub fn percentile(mut values: Vec<f64>, percentage: u8) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let place = f64::from(percentage) / 100.0 * last as f64;
    let (below, above) = (
        values[place.floor() as usize],
        values[(place.ceil() as usize).min(last)],
    );
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_lie_between_neighbours() {
        assert_eq!(percentile(vec![], 50), None);
        assert_eq!(percentile(vec![7.0], 99), Some(7.0));
        assert_eq!(percentile(vec![4.0, 1.0, 3.0, 2.0], 50), Some(2.5));
        assert_eq!(percentile(vec![1.0, 2.0, 3.0, 4.0, 5.0], 90), Some(4.6));
        assert_eq!(percentile(vec![1.0, 2.0], 100), Some(2.0));
        assert_eq!(percentile(vec![1.0, 2.0], 0), Some(1.0));
    }
}
