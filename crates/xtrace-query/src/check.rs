//! Which plans make sense: fields of the view, comparisons and aggregations that fit the kind of the field, and
//! limits. Every engine's lowering asks here first, so that all engines refuse the same plans in the same words.

use crate::metrics::{MetricAggregation, MetricPlan};
use crate::plan::{Bucket, Dimension, MeasureOf, OrderBy, Plan, Select};
use crate::value::Kind;
use crate::view::{Aggregation, Field, Measured, View};

mod conditions;

/// The most dimensions of one plan.
pub const DIMENSIONS_MAX: usize = 8;
/// The most measures of one plan.
pub const MEASURES_MAX: usize = 32;
/// The most fields of one plan.
pub const FIELDS_MAX: usize = 128;
/// The most rows of one answer.
pub const LIMIT_MAX: u64 = 100_000;
/// The most rows that can be left out.
pub const OFFSET_MAX: u64 = i64::MAX as u64;
/// The most conditions of one plan, those inside others included.
pub const CONDITIONS_MAX: usize = 512;
/// How deep conditions may be inside each other.
pub const DEPTH_MAX: usize = 32;
/// The most values of all conditions of one plan.
pub const VALUES_MAX: usize = 10_000;
/// The most changes of the offset from UTC within the days of one plan: two a year for 250 years.
pub const OFFSETS_MAX: usize = 512;
/// The longest step of a metric question.
pub const STEP_MICROS_MAX: i64 = 366 * 86_400_000_000;
/// The most parts of a histogram.
pub const PARTS_MAX: u8 = 100;

/// Why a plan makes no sense. Fields are named as the API names them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("field {field} is not one of {view}")]
    ForeignField {
        field: &'static str,
        view: &'static str,
    },
    #[error("field {field} holds {kind} and cannot be {used}")]
    Unfit {
        field: &'static str,
        kind: &'static str,
        used: &'static str,
    },
    #[error("field {field} holds {kind} and cannot be compared with {value}")]
    UnfitValue {
        field: &'static str,
        kind: &'static str,
        value: &'static str,
    },
    #[error("measure {measure} is not one of {view}")]
    ForeignMeasure {
        measure: &'static str,
        view: &'static str,
    },
    #[error("measure {measure} cannot be aggregated by {aggregation}")]
    UnfitAggregation {
        measure: &'static str,
        aggregation: String,
    },
    /// A trace has many observations, so its numbers would count once for each of them.
    #[error("measure {measure} of traces would count once per observation; ask the view of traces")]
    CountsTwice { measure: &'static str },
    #[error("order by {by}: {reason}")]
    Order { by: String, reason: &'static str },
    #[error("{what} is {value}, at most {limit} is allowed")]
    TooMany {
        what: &'static str,
        value: u64,
        limit: u64,
    },
    #[error("{what} is empty")]
    Empty { what: &'static str },
    #[error("{what} must be {expected}")]
    Range {
        what: &'static str,
        expected: &'static str,
    },
}

impl PlanError {
    /// The question has a meaning, but not here.
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::CountsTwice { .. })
    }
}

type Checked = Result<(), PlanError>;

impl Plan {
    /// Whether the plan makes sense.
    ///
    /// # Errors
    /// The first thing that does not.
    pub fn check(&self) -> Checked {
        at_most("limit", self.limit, LIMIT_MAX)?;
        at_most("offset", self.offset, OFFSET_MAX)?;
        conditions::check(&self.conditions, self.view)?;
        match &self.select {
            Select::Rows(fields) => check_fields(fields, self.view)?,
            Select::Groups {
                dimensions,
                measures,
            } => {
                check_dimensions(dimensions, self.view)?;
                check_measures(measures, self.view)?;
                if dimensions.is_empty() && measures.is_empty() {
                    return Err(PlanError::Empty { what: "measures" });
                }
            }
            Select::CountGroups { dimensions } => check_dimensions(dimensions, self.view)?,
        }
        self.order
            .iter()
            .try_for_each(|order| check_order(&order.by, &self.select, self.view))
    }
}

impl MetricPlan {
    /// Whether the plan makes sense.
    ///
    /// # Errors
    /// The first thing that does not.
    pub fn check(&self) -> Checked {
        if self.from > self.to {
            return Err(PlanError::Range {
                what: "from",
                expected: "no later than to",
            });
        }
        if !(1..=STEP_MICROS_MAX).contains(&self.step_micros) {
            return Err(PlanError::Range {
                what: "step",
                expected: "longer than nothing and at most 366 days",
            });
        }
        if let MetricAggregation::Percentile(101..) = self.aggregation {
            return Err(PlanError::Range {
                what: "percentile",
                expected: "from 0 to 100",
            });
        }
        let keys = self.group_by.as_ref().map_or(0, Vec::len);
        at_most(
            "number of group_by labels",
            keys as u64,
            DIMENSIONS_MAX as u64,
        )
    }
}

fn at_most(what: &'static str, value: u64, limit: u64) -> Checked {
    if value > limit {
        return Err(PlanError::TooMany { what, value, limit });
    }
    Ok(())
}

/// Observation plans may use the fields of the observation's trace.
fn check_view(field: &Field, view: View) -> Checked {
    if field.view == view || view == View::Observations {
        return Ok(());
    }
    Err(PlanError::ForeignField {
        field: field.name,
        view: view.def().table,
    })
}

fn check_fields(fields: &[&'static Field], view: View) -> Checked {
    if fields.is_empty() {
        return Err(PlanError::Empty { what: "fields" });
    }
    at_most("number of fields", fields.len() as u64, FIELDS_MAX as u64)?;
    fields.iter().try_for_each(|field| check_view(field, view))
}

fn unfit(field: &Field, used: &'static str) -> PlanError {
    PlanError::Unfit {
        field: field.name,
        kind: field.kind.noun(),
        used,
    }
}

fn check_dimensions(dimensions: &[Dimension], view: View) -> Checked {
    at_most(
        "number of dimensions",
        dimensions.len() as u64,
        DIMENSIONS_MAX as u64,
    )?;
    dimensions
        .iter()
        .try_for_each(|dimension| check_dimension(dimension, view))
}

fn check_dimension(dimension: &Dimension, view: View) -> Checked {
    match dimension {
        Dimension::Field(field) => {
            check_view(field, view)?;
            match field.kind {
                Kind::Json => Err(unfit(field, "grouped by")),
                _ => Ok(()),
            }
        }
        Dimension::IsAbsent(field) => check_view(field, view),
        Dimension::Bucket { field, bucket } => {
            check_view(field, view)?;
            if field.kind != Kind::Time {
                return Err(unfit(field, "put in buckets of time"));
            }
            check_bucket(bucket)
        }
    }
}

fn check_bucket(bucket: &Bucket) -> Checked {
    match bucket {
        Bucket::Fixed { micros } if !(1..=STEP_MICROS_MAX).contains(micros) => {
            Err(PlanError::Range {
                what: "bucket",
                expected: "longer than nothing and at most 366 days",
            })
        }
        Bucket::Fixed { .. } | Bucket::Week | Bucket::Month => Ok(()),
        Bucket::Day { offsets } => {
            if offsets.is_empty() {
                return Err(PlanError::Empty {
                    what: "list of offsets from UTC",
                });
            }
            at_most(
                "number of offsets from UTC",
                offsets.len() as u64,
                OFFSETS_MAX as u64,
            )?;
            if offsets.is_sorted_by(|(a, _), (b, _)| a < b) {
                return Ok(());
            }
            Err(PlanError::Range {
                what: "list of offsets from UTC",
                expected: "ascending",
            })
        }
    }
}

fn check_measures(measures: &[MeasureOf], view: View) -> Checked {
    at_most(
        "number of measures",
        measures.len() as u64,
        MEASURES_MAX as u64,
    )?;
    measures.iter().try_for_each(|of| measure(of, view))
}

pub(crate) fn measure(measure_of: &MeasureOf, view: View) -> Checked {
    let MeasureOf {
        measure,
        aggregation,
    } = *measure_of;
    let is_own = measure.view == view;
    if !is_own && view != View::Observations {
        return Err(PlanError::ForeignMeasure {
            measure: measure.name,
            view: view.def().table,
        });
    }
    if !fits_aggregation(measure.of, aggregation) {
        return Err(PlanError::UnfitAggregation {
            measure: measure.name,
            aggregation: aggregation.name(),
        });
    }
    let counts_once = matches!(
        aggregation,
        Aggregation::Min | Aggregation::Max | Aggregation::CountDistinct
    );
    if is_own || counts_once {
        return Ok(());
    }
    Err(PlanError::CountsTwice {
        measure: measure.name,
    })
}

fn fits_aggregation(of: Measured, aggregation: Aggregation) -> bool {
    if of == Measured::Rows {
        return aggregation == Aggregation::Count;
    }
    match (of.kind(), aggregation) {
        (Kind::Json | Kind::TextList, _) | (_, Aggregation::Percentile(101..)) => false,
        (Kind::Int | Kind::Float | Kind::Money, Aggregation::Histogram(parts)) => {
            (1..=PARTS_MAX).contains(&parts)
        }
        (_, Aggregation::Count | Aggregation::CountDistinct)
        | (Kind::Int | Kind::Float | Kind::Money, _) => true,
        (Kind::Time, Aggregation::Min | Aggregation::Max) => true,
        (Kind::Text | Kind::Bool | Kind::Time, _) => false,
    }
}

fn check_order(by: &OrderBy, select: &Select, view: View) -> Checked {
    let (dimensions, is_groups) = match select {
        Select::Rows(_) => (&[][..], false),
        Select::Groups { dimensions, .. } => (&dimensions[..], true),
        // The order of a single number is of no consequence.
        Select::CountGroups { .. } => return Ok(()),
    };
    let refuse = |by: &str, reason| {
        Err(PlanError::Order {
            by: by.to_owned(),
            reason,
        })
    };
    match by {
        OrderBy::Field(field) if is_groups => {
            let has = dimensions.contains(&Dimension::Field(field));
            if has {
                Ok(())
            } else {
                refuse(
                    field.name,
                    "groups are ordered by their dimensions and measures",
                )
            }
        }
        OrderBy::Field(field) => {
            check_view(field, view)?;
            match field.kind {
                Kind::Json | Kind::TextList => Err(unfit(field, "ordered by")),
                _ => Ok(()),
            }
        }
        OrderBy::Measure(of) if matches!(of.aggregation, Aggregation::Histogram(_)) => {
            refuse(&of.column(), "histograms have no order")
        }
        OrderBy::Measure(of) if is_groups => measure(of, view),
        OrderBy::Measure(measure) => refuse(&measure.column(), "rows have no measures"),
        OrderBy::Dimension(index) if *index < dimensions.len() => Ok(()),
        OrderBy::Dimension(index) => {
            refuse(&format!("dimension {index}"), "there is no such dimension")
        }
    }
}

#[cfg(test)]
mod tests;
