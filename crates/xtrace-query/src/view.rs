//! Views: what can be selected, filtered, grouped and measured, as typed data.

use crate::value::Kind;

/// A set of rows with one meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    Traces,
    Observations,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    None,
    Count,
    Seconds,
    Tokens,
    Usd,
    UsdPerToken,
}

/// A column of a view. Engines store it under `column`; the API names it `name`.
#[derive(Debug)]
pub struct Field {
    pub view: View,
    pub name: &'static str,
    pub column: &'static str,
    pub kind: Kind,
    pub unit: Unit,
    pub doc: &'static str,
}

/// Fields are compared by identity: there is one of each.
impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.view == other.view && self.name == other.name
    }
}

impl Eq for Field {}

/// How values of a group become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregation {
    Count,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
    /// Exact, interpolated between neighbours; the number is the percentage.
    Percentile(u8),
    /// How the values lie between the smallest and the greatest of the group, in so many parts of the same width.
    Histogram(u8),
}

impl Aggregation {
    /// As in the names of columns.
    pub fn name(self) -> String {
        match self {
            Self::Count => "count".to_owned(),
            Self::CountDistinct => "uniq".to_owned(),
            Self::Sum => "sum".to_owned(),
            Self::Avg => "avg".to_owned(),
            Self::Min => "min".to_owned(),
            Self::Max => "max".to_owned(),
            Self::Percentile(percentage) => format!("p{percentage}"),
            Self::Histogram(_) => "histogram".to_owned(),
        }
    }
}

/// What a measure is computed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// The rows themselves: only [`Aggregation::Count`].
    Rows,
    Field(&'static Field),
    Derived(&'static Derived),
}

impl Measured {
    /// Every field that is looked at.
    pub fn fields(self) -> Vec<&'static Field> {
        match self {
            Self::Rows => Vec::new(),
            Self::Field(field) => vec![field],
            Self::Derived(derived) => derived.fields(),
        }
    }

    /// What is measured; of rows whole numbers.
    pub fn kind(self) -> Kind {
        match self {
            Self::Rows => Kind::Int,
            Self::Field(field) => field.kind,
            Self::Derived(derived) => derived.kind(),
        }
    }
}

/// A value made of fields of the same row; absent where one of them is.
#[derive(Debug, PartialEq, Eq)]
pub enum Derived {
    /// A duration, less the first part of it.
    Rest {
        whole: &'static Field,
        first: &'static Field,
    },
    /// An amount for each second of a duration, less the first part of it where one is named; absent where no time is
    /// left.
    PerSecond {
        amount: &'static Field,
        whole: &'static Field,
        first: Option<&'static Field>,
    },
    /// True where the number is above zero, else absent: counts such rows.
    IsAboveZero(&'static Field),
}

impl Derived {
    pub fn fields(&self) -> Vec<&'static Field> {
        match self {
            Self::Rest { whole, first } => vec![whole, first],
            Self::PerSecond {
                amount,
                whole,
                first,
            } => [*amount, *whole].into_iter().chain(*first).collect(),
            Self::IsAboveZero(field) => vec![field],
        }
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Rest { .. } | Self::PerSecond { .. } => Kind::Float,
            Self::IsAboveZero(_) => Kind::Bool,
        }
    }
}

/// A number that can be asked for per group.
#[derive(Debug, PartialEq, Eq)]
pub struct Measure {
    pub view: View,
    pub name: &'static str,
    pub of: Measured,
    pub unit: Unit,
    pub doc: &'static str,
}

/// The declaration of a view: everything that may be asked of it.
#[derive(Debug)]
pub struct ViewDef {
    pub view: View,
    /// Table name, the same in every engine.
    pub table: &'static str,
    /// What "from" and "to" compare.
    pub time: &'static Field,
    /// The unique key, which breaks ties in every order.
    pub key: &'static [&'static Field],
    pub fields: &'static [&'static Field],
    pub measures: &'static [&'static Measure],
    pub doc: &'static str,
}

impl ViewDef {
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name).copied()
    }

    pub fn measure(&self, name: &str) -> Option<&'static Measure> {
        self.measures
            .iter()
            .find(|measure| measure.name == name)
            .copied()
    }
}

impl View {
    pub fn def(self) -> &'static ViewDef {
        match self {
            Self::Traces => &crate::traces::TRACES,
            Self::Observations => &crate::observations::OBSERVATIONS,
        }
    }
}
