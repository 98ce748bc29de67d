//! Plans: what is asked of an engine, in typed fields and measures, never in SQL.

use xtrace_model::Timestamp;

use crate::check::PlanError;
use crate::filter::Condition;
use crate::view::{Aggregation, Field, Measure, View};

/// A question about one view.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub view: View,
    pub select: Select,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// The view's key (of groups: all dimensions), ascending, is added by the lowering, so the order is always
    /// total.
    pub order: Vec<Order>,
    pub limit: u64,
    pub offset: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Select {
    Rows(Vec<&'static Field>),
    /// One row per distinct combination of dimensions, columns in the order given, dimensions first.
    /// No dimensions: exactly one row.
    Groups {
        dimensions: Vec<Dimension>,
        measures: Vec<MeasureOf>,
    },
    /// How many rows [`Select::Groups`] with these dimensions would have without limit: one row, one `Int` column
    /// `count`. Order, limit and offset do not matter.
    CountGroups {
        dimensions: Vec<Dimension>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Dimension {
    Field(&'static Field),
    /// The start of the bucket that holds the field's time.
    Bucket {
        field: &'static Field,
        bucket: Bucket,
    },
    /// Whether the field is absent.
    IsAbsent(&'static Field),
}

impl Dimension {
    /// The field that it looks at.
    pub fn field(&self) -> &'static Field {
        match self {
            Self::Field(field) | Self::IsAbsent(field) | Self::Bucket { field, .. } => field,
        }
    }
}

/// How times are put in buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Multiples of this many microseconds since the epoch.
    Fixed { micros: i64 },
    /// Weeks of UTC, from Monday on.
    Week,
    /// Months of UTC.
    Month,
    /// Local days: `Int` days since 1970-01-01 of the local calendar. The offset from UTC in seconds in force from
    /// each instant on, ascending; the first also holds before its instant.
    Day { offsets: Vec<(Timestamp, i32)> },
}

/// A measure with the way to aggregate it. Absent values are left out: over none, counts and sums are 0 and the
/// others absent. Averages and percentiles are `Float`, counts `Int`, histograms `Histogram`, the others of the
/// field's kind; sums of whole numbers stop at the ends of `i64`. Its column is named `{aggregation}_{measure}` (`sum_totalCost`,
/// `p95_latency`, `count_count`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasureOf {
    pub measure: &'static Measure,
    pub aggregation: Aggregation,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub by: OrderBy,
    pub descending: bool,
}

/// Absent values come last in either direction.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderBy {
    Field(&'static Field),
    Measure(MeasureOf),
    /// The n-th dimension.
    Dimension(usize),
}

impl MeasureOf {
    /// Whether the view has it.
    ///
    /// # Errors
    /// The view does not, or it cannot be aggregated so.
    pub fn check(&self, view: View) -> Result<(), PlanError> {
        crate::check::measure(self, view)
    }

    pub fn column(&self) -> String {
        format!("{}_{}", self.aggregation.name(), self.measure.name)
    }
}
