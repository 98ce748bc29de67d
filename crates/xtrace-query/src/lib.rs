//! The semantic layer: what can be asked, as typed data.
//!
//! [`View`]s declare fields and measures; a [`Plan`] asks for some of them under [`Condition`]s; engines
//! answer with a [`Table`]. No endpoint writes SQL and no plan contains any. Pure.

pub mod check;
pub mod filter;
pub mod metrics;
pub mod observations;
pub mod plan;
pub mod traces;
pub mod value;
pub mod view;
pub mod zone;

pub use check::PlanError;
pub use filter::{Comparison, Condition, ListMatch, TextMatch};
pub use metrics::{LatestPoint, MetricAggregation, MetricAnswer, MetricPlan, MetricSeries};
pub use plan::{Bucket, Dimension, MeasureOf, Order, OrderBy, Plan, Select};
pub use value::{Histogram, Kind, Table, Value};
pub use view::{Aggregation, Derived, Field, Measure, Measured, Unit, View, ViewDef};
pub use zone::ZoneError;
