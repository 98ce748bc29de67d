//! Values as they cross the seam: in conditions going down, in tables coming up.

use xtrace_model::{Timestamp, Usd};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Text,
    Bool,
    Int,
    Float,
    /// Exact US dollars.
    Money,
    Time,
    /// A set of texts.
    TextList,
    /// A small JSON object as text; can be selected, not compared.
    Json,
}

impl Kind {
    /// For messages.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bool => "true or false",
            Self::Int => "whole numbers",
            Self::Float => "numbers",
            Self::Money => "US dollars",
            Self::Time => "times",
            Self::TextList => "a set of texts",
            Self::Json => "JSON",
        }
    }
}

/// How many values lie in each of several parts of the same width, from the smallest value to the greatest. A value
/// between two parts is of the upper one.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    pub lowest: f64,
    pub highest: f64,
    /// Of one number all lie in the first part.
    pub counts: Vec<u64>,
}

impl Histogram {
    /// From the lowest value, the highest, and the counts: the form in which engines answer.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are whole and not negative, and far below 2^53"
    )]
    pub fn of_numbers(numbers: &[f64]) -> Option<Self> {
        let [lowest, highest, counts @ ..] = numbers else {
            return None;
        };
        Some(Self {
            lowest: *lowest,
            highest: *highest,
            counts: counts.iter().map(|count| *count as u64).collect(),
        })
    }

    /// Of values, the smallest of which is `lowest` and the greatest `highest`: the part that one lies in.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from zero to the number of parts"
    )]
    pub fn part_of(value: f64, (lowest, highest): (f64, f64), parts: u8) -> usize {
        if highest <= lowest {
            return 0;
        }
        let part = ((value - lowest) / (highest - lowest) * f64::from(parts)).floor();
        (part as usize).min(usize::from(parts).saturating_sub(1))
    }
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Money(Usd),
    Text(Box<str>),
    Time(Timestamp),
    TextList(Vec<Box<str>>),
    Histogram(Histogram),
}

impl Value {
    /// For messages.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Money(_) => "an amount of US dollars",
            Self::Text(_) => "a text",
            Self::Time(_) => "a time",
            Self::TextList(_) => "a set of texts",
            Self::Histogram(_) => "a histogram",
        }
    }

    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self::Text(text.into())
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// Any number as a float.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            #[expect(clippy::cast_precision_loss, reason = "asked for as a float")]
            Self::Int(value) => Some(*value as f64),
            Self::Money(amount) => Some(amount.to_f64()),
            _ => None,
        }
    }

    pub fn as_time(&self) -> Option<Timestamp> {
        match self {
            Self::Time(time) => Some(*time),
            _ => None,
        }
    }

    pub fn as_money(&self) -> Option<Usd> {
        match self {
            Self::Money(amount) => Some(*amount),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&[Box<str>]> {
        match self {
            Self::TextList(list) => Some(list),
            _ => None,
        }
    }
}

/// The answer to a plan: one column per selected field, dimension or measure, in that order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub columns: Vec<Box<str>>,
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| &**column == name)
    }
}
