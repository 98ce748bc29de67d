//! Conditions: the one typed form that every kind of filter is parsed into.

use crate::value::Value;
use crate::view::Field;

/// How a field is compared with one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Where a text must occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextMatch {
    Contains,
    StartsWith,
    EndsWith,
}

/// Which members a list must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListMatch {
    All,
    Any,
}

/// A condition on a row. A comparison with an absent value does not hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Compare {
        field: &'static Field,
        comparison: Comparison,
        value: Value,
    },
    /// Equal to any of the values; no values: never holds.
    In {
        field: &'static Field,
        values: Vec<Value>,
    },
    /// Without regard to case (Unicode simple lower-casing); every character stands for itself.
    Text {
        field: &'static Field,
        matching: TextMatch,
        text: Box<str>,
    },
    List {
        field: &'static Field,
        matching: ListMatch,
        values: Vec<Box<str>>,
    },
    IsAbsent {
        field: &'static Field,
    },
    /// Holds where the inner condition does not, absent values included.
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

impl Condition {
    pub fn equal(field: &'static Field, value: Value) -> Self {
        Self::Compare {
            field,
            comparison: Comparison::Equal,
            value,
        }
    }

    pub fn at_least(field: &'static Field, value: Value) -> Self {
        Self::Compare {
            field,
            comparison: Comparison::GreaterOrEqual,
            value,
        }
    }

    pub fn at_most(field: &'static Field, value: Value) -> Self {
        Self::Compare {
            field,
            comparison: Comparison::LessOrEqual,
            value,
        }
    }

    /// Every field the condition looks at.
    pub fn fields(&self) -> Vec<&'static Field> {
        match self {
            Self::Compare { field, .. }
            | Self::In { field, .. }
            | Self::Text { field, .. }
            | Self::List { field, .. }
            | Self::IsAbsent { field } => vec![field],
            Self::Not(inner) => inner.fields(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::fields).collect(),
        }
    }
}
