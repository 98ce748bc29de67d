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
        }
    }
}

/// What a measure is computed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// The rows themselves: only [`Aggregation::Count`].
    Rows,
    Field(&'static Field),
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
