//! Plans as SQL: rows, groups, and the number of groups.
//!
//! Groups are computed over an inner query that names each dimension and each measured value once. So no bound
//! value occurs in two places that must be recognised as the same expression.

mod paged;

use xtrace_query::{
    Aggregation, Bucket, Condition, Dimension, Field, Kind, MeasureOf, Measured, Order, OrderBy,
    Plan, Select, ViewDef,
};

use super::builder::Builder;
use super::{Dialect, OutColumn, OutKind, Statement, aggregate, bucket, histogram};
use crate::error::StoreResult;
use crate::scope::ProjectScope;

/// The statement that answers a plan.
///
/// # Errors
/// The plan makes no sense, or has a meaning that cannot be computed exactly.
pub fn plan(plan: &Plan, scope: &ProjectScope, dialect: &dyn Dialect) -> StoreResult<Statement> {
    plan.check()?;
    let builder = Builder::new(plan.view, dialect);
    match &plan.select {
        Select::Rows(fields) => rows(plan, fields, scope, builder),
        Select::Groups {
            dimensions,
            measures,
        } => groups(plan, &Grouping::new(dimensions, measures), scope, builder),
        Select::CountGroups { dimensions } => {
            count_groups(plan, &Grouping::new(dimensions, &[]), scope, builder)
        }
    }
}

fn rows(
    plan: &Plan,
    fields: &[&'static Field],
    scope: &ProjectScope,
    mut builder: Builder<'_>,
) -> StoreResult<Statement> {
    let def = plan.view.def();
    let mut ordered: Vec<(&'static Field, bool)> = plan
        .order
        .iter()
        .filter_map(|order| match order.by {
            OrderBy::Field(field) => Some((field, order.descending)),
            OrderBy::Measure(_) | OrderBy::Dimension(_) => None,
        })
        .collect();
    ordered.extend(def.key.iter().map(|field| (*field, false)));
    let mut needed = fields.to_vec();
    needed.extend(ordered.iter().map(|(field, _)| *field));

    let from_where = builder.rows(scope, &needed, &plan.conditions)?;
    let selected: Vec<String> = fields
        .iter()
        .map(|field| format!("{} AS {}", builder.column(field), quoted(field.name)))
        .collect();
    let mut seen: Vec<&'static Field> = Vec::new();
    let mut order = Vec::new();
    for (field, descending) in ordered {
        if seen.contains(&field) {
            continue;
        }
        seen.push(field);
        let direction = direction(descending, is_always_present(field, def));
        order.push(format!("{}{direction}", builder.comparable(field)));
    }
    let page = limits(plan, &mut builder);
    Ok(Statement {
        sql: format!(
            "SELECT {}\n{from_where}\nORDER BY {}\n{page}",
            selected.join(", "),
            order.join(", ")
        ),
        binds: builder.into_binds(),
        columns: fields
            .iter()
            .map(|field| out(field.name, field.kind))
            .collect(),
    })
}

/// Keys and the view's time are in every row. An index serves them in both directions only where the order does not
/// speak of absent values.
fn is_always_present(field: &'static Field, def: &ViewDef) -> bool {
    field.view == def.view && (def.time == field || def.key.contains(&field))
}

fn direction(descending: bool, is_always_present: bool) -> &'static str {
    match (descending, is_always_present) {
        (false, true) => "",
        (true, true) => " DESC",
        (false, false) => " NULLS LAST",
        (true, false) => " DESC NULLS LAST",
    }
}

pub(super) fn limits(plan: &Plan, builder: &mut Builder<'_>) -> String {
    let limit = builder.bind_count(plan.limit);
    let offset = builder.bind_count(plan.offset);
    format!("LIMIT {limit} OFFSET {offset}")
}

/// Dimensions, measures, and what is measured, each once.
pub(super) struct Grouping<'a> {
    dimensions: &'a [Dimension],
    measures: &'a [MeasureOf],
    measured: Vec<Measured>,
}

impl<'a> Grouping<'a> {
    pub(super) fn new(dimensions: &'a [Dimension], measures: &'a [MeasureOf]) -> Self {
        let mut grouping = Self {
            dimensions,
            measures,
            measured: Vec::new(),
        };
        measures
            .iter()
            .for_each(|measure| grouping.measure(measure));
        grouping
    }

    fn measure(&mut self, measure: &MeasureOf) {
        let of = measure.measure.of;
        if of != Measured::Rows && !self.measured.contains(&of) {
            self.measured.push(of);
        }
    }

    fn fields(&self) -> Vec<&'static Field> {
        let dimensions = self.dimensions.iter().map(Dimension::field);
        let measured = self.measured.iter().flat_map(|of| of.fields());
        dimensions.chain(measured).collect()
    }

    /// The aggregate over the inner query.
    pub(super) fn aggregate(&self, measure: &MeasureOf, dialect: &dyn Dialect) -> String {
        let column = self.column(measure.measure.of);
        aggregate::expression(measure, column.as_deref(), dialect)
    }

    /// The column of the inner query that has what is measured; of rows none.
    fn column(&self, of: Measured) -> Option<String> {
        let index = self.measured.iter().position(|other| *other == of)?;
        Some(format!("m{index}"))
    }

    /// The column that is measured and the number of parts of each histogram.
    pub(super) fn histograms(&self) -> Vec<(String, u8)> {
        let mut histograms = Vec::new();
        for measure in self.measures {
            let Aggregation::Histogram(parts) = measure.aggregation else {
                continue;
            };
            let asked = self
                .column(measure.measure.of)
                .map(|column| (column, parts));
            histograms.extend(asked.filter(|asked| !histograms.contains(asked)));
        }
        histograms
    }

    /// `d0, d1`.
    pub(super) fn dimension_names(&self) -> Vec<String> {
        (0..self.dimensions.len())
            .map(|index| format!("d{index}"))
            .collect()
    }
}

fn groups(
    plan: &Plan,
    grouping: &Grouping<'_>,
    scope: &ProjectScope,
    mut builder: Builder<'_>,
) -> StoreResult<Statement> {
    let mut grouping = Grouping::new(grouping.dimensions, grouping.measures);
    for order in &plan.order {
        if let OrderBy::Measure(measure) = &order.by {
            grouping.measure(measure);
        }
    }
    let page = if paged::is_worth_it(plan, &grouping) {
        Some(paged::groups_of_page(plan, &grouping, scope, &mut builder)?)
    } else {
        None
    };
    let mut inner = inner(&plan.conditions, &grouping, scope, &mut builder)?;
    if page.is_some() {
        inner
            .sql
            .push_str(&paged::only_of_page(&grouping, &builder));
    }
    let names = grouping.dimension_names();
    let mut selected = Vec::new();
    let mut columns = Vec::new();
    for (shown, dimension) in inner.shown.iter().zip(grouping.dimensions) {
        let column = dimension_column(dimension);
        selected.push(format!("{shown} AS {}", quoted(&column.name)));
        columns.push(column);
    }
    for measure in grouping.measures {
        let column = out(&measure.column(), aggregate::kind(measure));
        let aggregate = grouping.aggregate(measure, builder.dialect);
        selected.push(format!("{aggregate} AS {}", quoted(&column.name)));
        columns.push(column);
    }
    let rows = histogram::with_parts(inner.sql, &grouping);
    let mut sql = format!("SELECT {}\nFROM (\n{rows}\n) AS base", selected.join(", "));
    if !names.is_empty() {
        sql.push_str(&format!("\nGROUP BY {}", names.join(", ")));
        let order = group_order(&plan.order, &grouping, builder.dialect);
        sql.push_str(&format!("\nORDER BY {}", order.join(", ")));
    }
    sql = match page {
        Some(groups) => format!("WITH page AS (\n{groups}\n)\n{sql}"),
        None => format!("{sql}\n{}", limits(plan, &mut builder)),
    };
    Ok(Statement {
        sql,
        binds: builder.into_binds(),
        columns,
    })
}

/// The rows with their dimensions as `d0`, `d1`, … and measured values as `m0`, `m1`, …
pub(super) struct Inner {
    pub(super) sql: String,
    /// What is shown of each dimension, in terms of `d0`, `d1`, ….
    shown: Vec<String>,
}

pub(super) fn inner(
    conditions: &[Condition],
    grouping: &Grouping<'_>,
    scope: &ProjectScope,
    builder: &mut Builder<'_>,
) -> StoreResult<Inner> {
    let from_where = builder.rows(scope, &grouping.fields(), conditions)?;
    let mut selected = Vec::new();
    let mut shown = Vec::new();
    for (dimension, name) in grouping.dimensions.iter().zip(grouping.dimension_names()) {
        let (key, value) = keyed(dimension, &name, builder);
        selected.push(format!("{key} AS {name}"));
        shown.push(value);
    }
    for (index, of) in grouping.measured.iter().enumerate() {
        let value = builder.measured(*of);
        selected.push(format!("{value} AS m{index}"));
    }
    if selected.is_empty() {
        selected.push("1 AS one".to_owned());
    }
    let sql = format!("SELECT {}\n{from_where}", selected.join(", "));
    Ok(Inner { sql, shown })
}

/// What rows are grouped by, and what is shown of it where it is called `name`.
fn keyed(dimension: &Dimension, name: &str, builder: &mut Builder<'_>) -> (String, String) {
    match dimension {
        Dimension::Field(field) => (builder.comparable(field), name.to_owned()),
        Dimension::IsAbsent(field) => (builder.is_absent(field), name.to_owned()),
        Dimension::Bucket { field, bucket } => {
            let time = builder.column(field);
            bucket::keyed(&time, bucket, name, builder)
        }
    }
}

fn group_order(order: &[Order], grouping: &Grouping<'_>, dialect: &dyn Dialect) -> Vec<String> {
    let aggregate = |measure: &MeasureOf| grouping.aggregate(measure, dialect);
    ordered(order, grouping.dimensions, &aggregate)
}

/// The order asked for, then all dimensions, in terms of `d0`, `d1`, … and of what `aggregate` makes of measures.
pub(super) fn ordered(
    order: &[Order],
    dimensions: &[Dimension],
    aggregate: &dyn Fn(&MeasureOf) -> String,
) -> Vec<String> {
    let dimension = |index: usize, descending| format!("d{index}{}", direction(descending, false));
    let mut expressions = Vec::new();
    let mut seen = Vec::new();
    for order in order {
        let index = match &order.by {
            OrderBy::Measure(measure) => {
                let aggregate = aggregate(measure);
                expressions.push(format!("{aggregate}{}", direction(order.descending, false)));
                continue;
            }
            OrderBy::Dimension(index) => Some(*index),
            OrderBy::Field(field) => dimensions
                .iter()
                .position(|dimension| *dimension == Dimension::Field(field)),
        };
        if let Some(index) = index.filter(|index| !seen.contains(index)) {
            seen.push(index);
            expressions.push(dimension(index, order.descending));
        }
    }
    let rest = (0..dimensions.len()).filter(|index| !seen.contains(index));
    expressions.extend(rest.map(|index| dimension(index, false)));
    expressions
}

fn count_groups(
    plan: &Plan,
    grouping: &Grouping<'_>,
    scope: &ProjectScope,
    mut builder: Builder<'_>,
) -> StoreResult<Statement> {
    let columns = vec![out("count", Kind::Int)];
    if grouping.dimensions.is_empty() {
        // Without dimensions there is one group, whatever the rows.
        return Ok(Statement {
            sql: "SELECT CAST(1 AS BIGINT) AS \"count\"".to_owned(),
            binds: Vec::new(),
            columns,
        });
    }
    let inner = inner(&plan.conditions, grouping, scope, &mut builder)?;
    Ok(Statement {
        sql: format!(
            "SELECT CAST(COUNT(*) AS BIGINT) AS \"count\"\nFROM (\nSELECT DISTINCT {}\nFROM (\n{}\n) AS base\n) AS groups",
            grouping.dimension_names().join(", "),
            inner.sql
        ),
        binds: builder.into_binds(),
        columns,
    })
}

pub(super) fn dimension_column(dimension: &Dimension) -> OutColumn {
    match dimension {
        Dimension::Field(field) => out(field.name, field.kind),
        Dimension::IsAbsent(field) => out(field.name, Kind::Bool),
        Dimension::Bucket { field, bucket } => match bucket {
            Bucket::Fixed { .. } | Bucket::Week | Bucket::Month => out(field.name, Kind::Time),
            Bucket::Day { .. } => out(field.name, Kind::Int),
        },
    }
}

pub(super) fn out(name: &str, kind: impl Into<OutKind>) -> OutColumn {
    OutColumn {
        name: name.into(),
        kind: kind.into(),
    }
}

/// Names are declared without quotes in them.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
