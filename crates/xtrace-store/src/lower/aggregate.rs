//! Measures as SQL: one aggregate expression with a fixed type each.

use xtrace_query::{Aggregation, Kind, MeasureOf, Measured};

use super::{Dialect, OutKind, histogram};

/// What the aggregate of a measure holds.
pub(super) fn kind(measure: &MeasureOf) -> OutKind {
    let kind = match (measure.aggregation, measure.measure.of) {
        (Aggregation::Count | Aggregation::CountDistinct, _) | (_, Measured::Rows) => Kind::Int,
        (Aggregation::Avg | Aggregation::Percentile(_), _) => Kind::Float,
        (Aggregation::Histogram(_), _) => return OutKind::Histogram,
        (Aggregation::Sum | Aggregation::Min | Aggregation::Max, of) => of.kind(),
    };
    kind.into()
}

/// The aggregate over `value`, the column that holds what is measured; none for [`Measured::Rows`].
pub(super) fn expression(
    measure: &MeasureOf,
    value: Option<&str>,
    dialect: &dyn Dialect,
) -> String {
    let Some(value) = value else {
        return "CAST(COUNT(*) AS BIGINT)".to_owned();
    };
    let double = || format!("CAST({value} AS DOUBLE PRECISION)");
    match measure.aggregation {
        Aggregation::Count => format!("CAST(COUNT({value}) AS BIGINT)"),
        Aggregation::CountDistinct => format!("CAST(COUNT(DISTINCT {value}) AS BIGINT)"),
        Aggregation::Sum => sum(value, measure.measure.of.kind()),
        Aggregation::Avg => format!("CAST(AVG({value}) AS DOUBLE PRECISION)"),
        Aggregation::Min => format!("MIN({value})"),
        Aggregation::Max => format!("MAX({value})"),
        Aggregation::Percentile(percentage) => dialect.percentile(&double(), percentage),
        Aggregation::Histogram(parts) => histogram::expression(value, parts),
    }
}

/// Sums of nothing are zero. Those of whole numbers are wider than their terms and are cut at the ends of 64 bits.
pub(super) fn sum(value: &str, kind: Kind) -> String {
    let sum = format!("COALESCE(SUM({value}), 0)");
    match kind {
        Kind::Int => format!(
            "CAST(GREATEST(LEAST({sum}, {}), {}) AS BIGINT)",
            i64::MAX,
            i64::MIN
        ),
        _ => sum,
    }
}

/// A percentage as the fraction that SQL's percentiles take: 0.95 for 95.
pub fn fraction(percentage: u8) -> String {
    format!("{}.{:02}", percentage / 100, percentage % 100)
}
