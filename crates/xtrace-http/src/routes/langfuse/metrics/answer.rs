//! Groups as rows of an answer: an object per row, in the order dimensions, part of time, metrics.

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use xtrace_model::Timestamp;
use xtrace_query::{Histogram, Kind, Table, Value};

use super::calendar::{self, Granularity};
use super::plan::ERROR_COUNT;
use super::question::{Question, TIME_DIMENSION};
use super::vocabulary::Shown;

/// The answer to a question about metrics.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MetricsAnswer)]
pub struct Metrics {
    /// One object per group: the dimensions asked for, `time_dimension` where time is divided, and each metric as
    /// `{aggregation}_{measure}`. Numbers are numbers, absent values null. Histograms are lists of
    /// `[lower, upper, height]`.
    #[schema(value_type = Vec<std::collections::HashMap<String, serde_json::Value>>)]
    pub data: Rows,
}

/// Rows and what their columns mean.
#[derive(Debug)]
pub struct Rows {
    columns: Vec<Column>,
    lines: Vec<Line>,
}

#[derive(Debug)]
enum Line {
    Group(Vec<Value>),
    /// A part of time without rows: zeros.
    Nothing(Timestamp),
}

#[derive(Debug)]
struct Column {
    name: String,
    meaning: Meaning,
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    Dimension { is_list: bool },
    Month,
    Time(Granularity),
    Number { factor: Factor },
    Histogram { factor: Factor },
}

/// What a number is shown in.
#[derive(Clone, Copy, Debug)]
enum Factor {
    One,
    /// Seconds become milliseconds.
    Thousand,
}

impl Factor {
    /// To the nanosecond, which is finer than any time that is stored, so that 57.1 ms are not 57.099999999999994.
    fn of(self, number: f64) -> f64 {
        match self {
            Self::One => number,
            Self::Thousand => (number * 1e9).round() / 1e6,
        }
    }
}

impl Metrics {
    /// What the table says, with parts of time that have no rows where they are wanted, and no more rows than asked for.
    pub fn new(question: &Question, table: Table, parts: Option<&[Timestamp]>) -> Self {
        let columns = columns(question);
        let time = question.dimensions.len();
        let groups = table.rows.into_iter();
        let mut lines = match parts {
            Some(parts) => filled(groups, time, parts),
            None => groups.map(Line::Group).collect(),
        };
        if let Some(limit) = question
            .row_limit
            .and_then(|limit| usize::try_from(limit).ok())
        {
            lines.truncate(limit);
        }
        Self {
            data: Rows { columns, lines },
        }
    }
}

fn columns(question: &Question) -> Vec<Column> {
    let dimensions = question.dimensions.iter().map(|dimension| Column {
        name: dimension.name.to_owned(),
        meaning: match dimension.of {
            Shown::Month(_) => Meaning::Month,
            Shown::IsAbsent(_) => Meaning::Dimension { is_list: false },
            Shown::Field(field) => Meaning::Dimension {
                is_list: field.kind == Kind::TextList,
            },
        },
    });
    let time = question.granularity.map(|granularity| Column {
        name: TIME_DIMENSION.to_owned(),
        meaning: Meaning::Time(granularity),
    });
    let metrics = question.metrics.iter().map(|metric| {
        use xtrace_query::Aggregation::{Count, CountDistinct, Histogram};
        let aggregation = metric.of.aggregation;
        let is_counted = matches!(aggregation, Count | CountDistinct);
        let factor = match metric.named.is_duration() && !is_counted {
            true => Factor::Thousand,
            false => Factor::One,
        };
        Column {
            name: metric.name(),
            meaning: match aggregation {
                Histogram(_) => Meaning::Histogram { factor },
                _ => Meaning::Number { factor },
            },
        }
    });
    let error_count = question.has_error_count().then(|| Column {
        name: ERROR_COUNT.to_owned(),
        meaning: Meaning::Number {
            factor: Factor::One,
        },
    });
    dimensions
        .chain(time)
        .chain(metrics)
        .chain(error_count)
        .collect()
}

/// Groups in the order of their time, and a line for each part of time that none of them is in.
fn filled(
    groups: impl Iterator<Item = Vec<Value>>,
    time: usize,
    starts: &[Timestamp],
) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut left = starts.iter().copied().peekable();
    for group in groups {
        let at = group.get(time).and_then(Value::as_time);
        while let Some(start) = left.next_if(|start| Some(*start) < at) {
            lines.push(Line::Nothing(start));
        }
        left.next_if(|start| Some(*start) == at);
        lines.push(Line::Group(group));
    }
    lines.extend(left.map(Line::Nothing));
    lines
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.lines.len()))?;
        for line in &self.lines {
            rows.serialize_element(&Row {
                columns: &self.columns,
                line,
            })?;
        }
        rows.end()
    }
}

struct Row<'a> {
    columns: &'a [Column],
    line: &'a Line,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(Some(self.columns.len()))?;
        for (index, column) in self.columns.iter().enumerate() {
            row.serialize_key(&column.name)?;
            match self.line {
                Line::Group(values) => row.serialize_value(&Cell {
                    value: values.get(index).unwrap_or(&Value::Null),
                    meaning: column.meaning,
                })?,
                Line::Nothing(start) => row.serialize_value(&Gap {
                    start: *start,
                    meaning: column.meaning,
                })?,
            }
        }
        row.end()
    }
}

/// A cell of a group.
struct Cell<'a> {
    value: &'a Value,
    meaning: Meaning,
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.value, self.meaning) {
            (Value::Null, _) => serializer.serialize_none(),
            (Value::Bool(value), _) => serializer.serialize_bool(*value),
            (Value::Int(value), _) => serializer.serialize_i64(*value),
            (Value::Float(value), Meaning::Number { factor }) => {
                serializer.serialize_f64(factor.of(*value))
            }
            (Value::Float(value), _) => serializer.serialize_f64(*value),
            (Value::Money(amount), _) => serializer.serialize_f64(amount.to_f64()),
            (Value::Text(text), _) => serializer.serialize_str(text),
            (Value::Time(start), Meaning::Time(granularity)) => {
                serializer.serialize_str(&granularity.text(*start))
            }
            (Value::Time(start), _) => serializer.serialize_str(&calendar::month(*start)),
            (Value::TextList(list), _) => serializer.collect_seq(list),
            (Value::Histogram(of), Meaning::Histogram { factor }) => {
                serializer.collect_seq(bars(of, factor))
            }
            (Value::Histogram(of), _) => serializer.collect_seq(bars(of, Factor::One)),
        }
    }
}

/// Lower end, upper end and height of each part; of values that are all the same one.
fn bars(histogram: &Histogram, factor: Factor) -> Vec<(f64, f64, u64)> {
    let Histogram {
        lowest,
        highest,
        counts,
    } = histogram;
    if lowest == highest {
        let end = factor.of(*lowest);
        return vec![(end, end, counts.iter().sum())];
    }
    #[expect(clippy::cast_precision_loss, reason = "there are at most 100 parts")]
    let end = |index: usize| {
        let share = index as f64 / counts.len() as f64;
        factor.of(lowest + (highest - lowest) * share)
    };
    let bars = counts.iter().enumerate();
    bars.map(|(index, count)| (end(index), end(index + 1), *count))
        .collect()
}

/// A cell of a part of time without rows.
struct Gap {
    start: Timestamp,
    meaning: Meaning,
}

impl Serialize for Gap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.meaning {
            Meaning::Time(granularity) => serializer.serialize_str(&granularity.text(self.start)),
            Meaning::Number { .. } => serializer.serialize_u64(0),
            Meaning::Histogram { .. } | Meaning::Dimension { is_list: true } => {
                serializer.serialize_seq(Some(0))?.end()
            }
            Meaning::Dimension { is_list: false } | Meaning::Month => serializer.serialize_none(),
        }
    }
}
