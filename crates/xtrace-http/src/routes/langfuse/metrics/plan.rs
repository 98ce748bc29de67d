//! The plan that answers a question, and what becomes of its columns.

use xtrace_model::Timestamp;
use xtrace_query::{
    Aggregation, Comparison, Condition, Dimension, MeasureOf, Order, OrderBy as By, Plan, Select,
    Value, View, traces,
};

use super::calendar::{Granularity, PARTS_MAX};
use super::json::BadQuestion;
use super::question::{Direction, OrderBy, Question};
use super::vocabulary::Shown;

/// Most rows of an answer without a limit of its own.
pub const ROWS_MAX: u64 = 50_000;

/// Traces with an error, shown beside the metrics where all traces are one row.
pub const ERROR_COUNT: &str = "error_count";
const FAILED: MeasureOf = MeasureOf {
    measure: &traces::FAILED,
    aggregation: Aggregation::Count,
};

impl Question {
    /// Columns: dimensions, the part of time, metrics, [`ERROR_COUNT`]. One row more than [`ROWS_MAX`] where no limit
    /// was sent, so that too many are noticed.
    pub fn plan(&self) -> Plan {
        let time = self.vocabulary.view.def().time;
        let mut dimensions: Vec<Dimension> =
            self.dimensions.iter().map(|of| shown(of.of)).collect();
        dimensions.extend(self.granularity.map(|granularity| Dimension::Bucket {
            field: time,
            bucket: granularity.bucket(),
        }));
        let mut measures: Vec<MeasureOf> = self.metrics.iter().map(|metric| metric.of).collect();
        if self.has_error_count() {
            measures.push(FAILED);
        }
        let bound = |comparison, instant| Condition::Compare {
            field: time,
            comparison,
            value: Value::Time(instant),
        };
        let mut conditions = self.conditions.clone();
        conditions.push(bound(Comparison::GreaterOrEqual, self.from));
        conditions.push(bound(Comparison::LessOrEqual, self.to));
        Plan {
            view: self.vocabulary.view,
            select: Select::Groups {
                dimensions,
                measures,
            },
            conditions,
            order: self.order(),
            limit: self.row_limit.unwrap_or(ROWS_MAX + 1),
            offset: 0,
        }
    }

    /// As one overview of all traces has it.
    pub fn has_error_count(&self) -> bool {
        let is_one_row = self.dimensions.is_empty() && self.granularity.is_none();
        self.vocabulary.view == View::Traces && is_one_row
    }

    /// Where no order was sent: by time, else the first metric from the greatest, else by dimensions.
    fn order(&self) -> Vec<Order> {
        let sent = self.order.iter().map(|(by, direction)| Order {
            by: match by {
                OrderBy::Dimension(index) => By::Dimension(*index),
                OrderBy::Time => By::Dimension(self.dimensions.len()),
                OrderBy::Metric(index) => By::Measure(self.metrics[*index].of),
            },
            descending: *direction == Direction::Descending,
        });
        let mut order: Vec<Order> = sent.collect();
        if !order.is_empty() {
            return order;
        }
        let has_order = |of: &MeasureOf| !matches!(of.aggregation, Aggregation::Histogram(_));
        let first = self.metrics.first().map(|metric| metric.of);
        if self.granularity.is_some() {
            order.push(Order {
                by: By::Dimension(self.dimensions.len()),
                descending: false,
            });
        } else if let Some(first) = first.filter(has_order) {
            order.push(Order {
                by: By::Measure(first),
                descending: true,
            });
        }
        order
    }

    /// The beginnings of parts of time that are shown even without rows: of all of the range where no order was sent.
    ///
    /// # Errors
    /// There are too many.
    pub fn parts(&self) -> Result<Option<Vec<Timestamp>>, BadQuestion> {
        let Some(granularity) = self.granularity.filter(|_| self.order.is_empty()) else {
            return Ok(None);
        };
        let starts = granularity.parts(self.from, self.to);
        let starts = starts.ok_or_else(|| {
            BadQuestion::new(
                "query.timeDimension.granularity",
                format!(
                    "divides the time from fromTimestamp to toTimestamp into more than {PARTS_MAX} parts; \
                     ask for longer parts, a shorter time, or an orderBy, which shows parts with rows alone"
                ),
            )
        })?;
        Ok(Some(starts))
    }
}

fn shown(of: Shown) -> Dimension {
    match of {
        Shown::Field(field) => Dimension::Field(field),
        Shown::IsAbsent(field) => Dimension::IsAbsent(field),
        Shown::Month(field) => Dimension::Bucket {
            field,
            bucket: Granularity::Month.bucket(),
        },
    }
}
