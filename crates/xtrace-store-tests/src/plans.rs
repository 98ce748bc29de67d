//! Builders of questions.

use xtrace_model::Timestamp;
use xtrace_query::{
    Aggregation, Condition, Dimension, Field, Measure, MeasureOf, MetricAggregation, MetricPlan,
    Order, OrderBy, Plan, Select, View,
};

use crate::builders::{after, labels};

/// The rows of a view with all their fields, by key.
pub fn rows(view: View) -> Plan {
    Plan {
        view,
        select: Select::Rows(view.def().fields.to_vec()),
        conditions: Vec::new(),
        order: Vec::new(),
        limit: 10_000,
        offset: 0,
    }
}

/// The keys of rows, by key.
pub fn keys(view: View) -> Plan {
    Plan {
        select: Select::Rows(view.def().key.to_vec()),
        ..rows(view)
    }
}

/// The keys of rows for which a condition holds.
pub fn keys_where(view: View, condition: Condition) -> Plan {
    Plan {
        conditions: vec![condition],
        ..keys(view)
    }
}

/// Measures per combination of dimensions.
pub fn groups(view: View, dimensions: Vec<Dimension>, measures: Vec<MeasureOf>) -> Plan {
    Plan {
        select: Select::Groups {
            dimensions,
            measures,
        },
        ..rows(view)
    }
}

pub fn measure(measure: &'static Measure, aggregation: Aggregation) -> MeasureOf {
    MeasureOf {
        measure,
        aggregation,
    }
}

pub fn ascending(field: &'static Field) -> Order {
    Order {
        by: OrderBy::Field(field),
        descending: false,
    }
}

pub fn descending(field: &'static Field) -> Order {
    Order {
        by: OrderBy::Field(field),
        descending: true,
    }
}

/// A question about a metric being put together.
#[derive(Clone, Debug)]
pub struct MetricQuestion(MetricPlan);

/// The averages per minute and stored series of a metric, from an hour before noon to an hour after.
pub fn a_metric(name: &str) -> MetricQuestion {
    MetricQuestion(MetricPlan {
        name: name.into(),
        labels: labels([]),
        from: after(-3_600.0),
        to: after(3_600.0),
        step_micros: 60_000_000,
        aggregation: MetricAggregation::Avg,
        group_by: None,
        series_max: 1_000,
        points_max: 10_000,
    })
}

impl MetricQuestion {
    #[must_use]
    pub fn aggregation(mut self, aggregation: MetricAggregation) -> Self {
        self.0.aggregation = aggregation;
        self
    }

    #[must_use]
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.0.labels.insert(name.into(), value.into());
        self
    }

    #[must_use]
    pub fn between(mut self, from: Timestamp, to: Timestamp) -> Self {
        (self.0.from, self.0.to) = (from, to);
        self
    }

    #[must_use]
    pub fn step(mut self, seconds: f64) -> Self {
        self.0.step_micros = after(seconds).as_micros() - after(0.0).as_micros();
        self
    }

    #[must_use]
    pub fn group_by<const N: usize>(mut self, labels: [&str; N]) -> Self {
        self.0.group_by = Some(labels.into_iter().map(Into::into).collect());
        self
    }

    #[must_use]
    pub fn caps(mut self, series: usize, points: usize) -> Self {
        (self.0.series_max, self.0.points_max) = (series, points);
        self
    }

    pub fn plan(self) -> MetricPlan {
        self.0
    }
}
