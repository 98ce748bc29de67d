//! Plans that can be answered from rollups: sums by time and model that engines keep as rows change
//! (`xtrace_model::rollup`), so that a question over months costs no more than its buckets.
//!
//! [`Rolled::of`] says which plans: those whose measures are sums that cells have, over traces chosen by time alone.
//! Buckets that lie wholly within the time asked for are read as cells, what sticks out at either end as rows; both go
//! through one statement, so the answer is that of one state. It is the same as that of [`plan`](super::plan()), which
//! answers everything else.

mod measures;
mod range;

use xtrace_model::rollup::BUCKET_MICROS;
use xtrace_model::{Cell, Rollup, Timestamp};
use xtrace_query::{
    Bucket, Condition, Dimension, Field, Kind, MeasureOf, OrderBy, Plan, Select, View,
    observations, traces,
};

use super::bucket;
use super::builder::Builder;
use super::select::{self, Grouping, dimension_column, out, quoted};
use super::{Bind, Dialect, Statement};
use crate::error::StoreResult;
use crate::scope::ProjectScope;
use measures::{Subject, Sum};
use range::Range;

/// Alias of the cells.
const CELLS: &str = "c";

/// A plan that can be answered from rollups.
#[derive(Clone, Debug)]
pub struct Rolled<'a> {
    plan: &'a Plan,
    subject: Subject,
    dimensions: &'a [Dimension],
    /// Those asked for, then those that only order.
    sums: Vec<Sum>,
    /// Cells of this kind, or of calls with and without a model.
    is_whole: bool,
    range: Range,
}

impl<'a> Rolled<'a> {
    /// The plan, if it makes sense and its answer can be had from rollups.
    pub fn of(plan: &'a Plan) -> Option<Self> {
        plan.check().ok()?;
        let (dimensions, measures) = match &plan.select {
            Select::Rows(_) => return None,
            Select::Groups {
                dimensions,
                measures,
            } => (&dimensions[..], &measures[..]),
            // Without dimensions the answer is one, whatever there is.
            Select::CountGroups { dimensions } if dimensions.is_empty() => return None,
            Select::CountGroups { dimensions } => (&dimensions[..], &[][..]),
        };
        let (range, others) = Range::of(&plan.conditions);
        let subject = Subject::of(plan.view, &others)?;
        let by_model = dimensions.contains(&Dimension::Field(&observations::MODEL));
        let is_kept = |dimension: &Dimension| is_dimension_kept(subject, dimension);
        let ordering = plan.order.iter().filter_map(|order| match &order.by {
            OrderBy::Measure(measure) => Some(measure),
            OrderBy::Field(_) | OrderBy::Dimension(_) => None,
        });
        let ordering = ordering.filter(|_| matches!(plan.select, Select::Groups { .. }));
        let sums = measures.iter().chain(ordering);
        let sums: Option<Vec<Sum>> = sums
            .map(|measure| subject.sum(*measure, by_model))
            .collect();
        if !dimensions.iter().all(is_kept) || !range.has_whole_buckets() {
            return None;
        }
        Some(Self {
            plan,
            subject,
            dimensions,
            sums: sums?,
            is_whole: dimensions.is_empty() && range.is_unbounded(),
            range,
        })
    }

    /// The view that the plan is about.
    pub fn view(&self) -> View {
        self.plan.view
    }

    /// Whether rows of the view are read as well, for what sticks out of whole buckets.
    pub fn needs_rows(&self) -> bool {
        !self.range.edges().is_empty()
    }

    /// The traces whose model calls are read as rows, at most so many of each end: for engines that have the sums of
    /// single traces at hand, and then use [`Self::statement_with`]. None where no calls are asked for.
    pub fn traces_of_calls(&self, fields: &[&'static Field], limit: u64) -> Option<Vec<Plan>> {
        if self.subject != Subject::Calls {
            return None;
        }
        let is_of_time = |condition: &&Condition| {
            let fields = condition.fields();
            fields.iter().all(|field| **field == traces::TIMESTAMP)
        };
        let of_time = self.plan.conditions.iter().filter(is_of_time);
        let plan = |edge| Plan {
            view: View::Traces,
            select: Select::Rows(fields.to_vec()),
            conditions: of_time.clone().cloned().chain([edge]).collect(),
            order: Vec::new(),
            limit,
            offset: 0,
        };
        Some(self.range.edges().into_iter().map(plan).collect())
    }

    /// The statement that answers the plan.
    ///
    /// # Errors
    /// None but those of [`plan`](super::plan()), which has no reason for any here.
    pub fn statement(&self, scope: &ProjectScope, dialect: &dyn Dialect) -> StoreResult<Statement> {
        let mut builder = Builder::new(self.plan.view, dialect);
        let cells = self.cells(scope, &mut builder);
        let mut parts = vec![cells.sql];
        for edge in self.range.edges() {
            parts.push(self.rows(edge, scope, &mut builder)?);
        }
        Ok(self.over(&parts, &cells.dimensions, builder))
    }

    /// As [`Self::statement`], with what the traces of [`Self::traces_of_calls`] come to in place of their rows.
    pub fn statement_with(
        &self,
        traces: Rollup<()>,
        scope: &ProjectScope,
        dialect: &dyn Dialect,
    ) -> Statement {
        let mut builder = Builder::new(self.plan.view, dialect);
        let cells = self.cells(scope, &mut builder);
        let mut parts = vec![cells.sql];
        parts.extend(self.values(traces, &mut builder));
        self.over(&parts, &cells.dimensions, builder)
    }

    fn over(&self, parts: &[String], shown: &[String], builder: Builder<'_>) -> Statement {
        let base = format!("FROM (\n{}\n) AS base", parts.join("\nUNION ALL\n"));
        if let Select::CountGroups { .. } = self.plan.select {
            let names = names(self.dimensions).join(", ");
            return Statement {
                sql: format!(
                    "SELECT CAST(COUNT(*) AS BIGINT) AS \"count\"\nFROM (\nSELECT {names}\n{base}\nGROUP BY {names}\n\
                     HAVING SUM(n) > 0\n) AS groups"
                ),
                binds: builder.into_binds(),
                columns: vec![out("count", Kind::Int)],
            };
        }
        self.groups(&base, shown, builder)
    }

    fn groups(&self, base: &str, shown: &[String], mut builder: Builder<'_>) -> Statement {
        let mut selected = Vec::new();
        let mut columns = Vec::new();
        for (shown, dimension) in shown.iter().zip(self.dimensions) {
            let column = dimension_column(dimension);
            selected.push(format!("{shown} AS {}", quoted(&column.name)));
            columns.push(column);
        }
        let asked = match &self.plan.select {
            Select::Groups { measures, .. } => measures.len(),
            _ => 0,
        };
        for (index, sum) in self.sums.iter().enumerate().take(asked) {
            let column = out(&sum.measure.column(), sum.kind);
            selected.push(format!("{} AS {}", total(index, sum), quoted(&column.name)));
            columns.push(column);
        }
        let mut sql = format!("SELECT {}\n{base}", selected.join(", "));
        let names = names(self.dimensions);
        if !names.is_empty() {
            let aggregate = |measure: &MeasureOf| {
                let found = self.sums.iter().position(|sum| sum.measure == *measure);
                let index = found.expect("what orders is among the sums");
                total(index, &self.sums[index])
            };
            let order = select::ordered(&self.plan.order, self.dimensions, &aggregate);
            sql.push_str(&format!(
                "\nGROUP BY {}\nHAVING SUM(n) > 0\nORDER BY {}",
                names.join(", "),
                order.join(", ")
            ));
        }
        let page = select::limits(self.plan, &mut builder);
        sql.push_str(&format!("\n{page}"));
        Statement {
            sql,
            binds: builder.into_binds(),
            columns,
        }
    }

    /// The columns of [`Self::cells`].
    fn selected(&self, builder: &mut Builder<'_>) -> (String, Vec<String>) {
        let mut selected = Vec::new();
        let mut dimensions = Vec::new();
        for (dimension, name) in self.dimensions.iter().zip(names(self.dimensions)) {
            let (key, shown) = cell_key(dimension, &name, builder);
            selected.push(format!("{key} AS {name}"));
            dimensions.push(shown);
        }
        selected.push(format!("{CELLS}.{} AS n", self.subject.rows()));
        for (index, sum) in self.sums.iter().enumerate() {
            selected.push(format!("{CELLS}.{} AS s{index}", sum.column));
        }
        (selected.join(", "), dimensions)
    }

    /// The cells as `d0`, …, `n` (rows) and `s0`, …
    fn cells(&self, scope: &ProjectScope, builder: &mut Builder<'_>) -> Cells {
        let (selected, dimensions) = self.selected(builder);
        let project = builder.bind_text(scope.project().as_str());
        let mut sql = format!(
            "SELECT {selected}\nFROM {} AS {CELLS}\nWHERE {CELLS}.{} = {project}\n  AND {CELLS}.kind {}",
            builder.dialect.rollups(),
            builder.dialect.project_column(),
            self.kinds(),
        );
        for (operator, bound) in [(">=", self.range.lowest()), ("<", self.range.end())] {
            if let Some(bound) = bound {
                let bound = builder.bind(Bind::Time(Timestamp::from_micros(bound)));
                sql.push_str(&format!("\n  AND {CELLS}.bucket {operator} {bound}"));
            }
        }
        Cells { sql, dimensions }
    }

    fn kinds(&self) -> String {
        match self.subject {
            Subject::Calls => format!("IN ({}, {})", Cell::CALLS, Cell::CALLS_WITHOUT_MODEL),
            _ if self.is_whole => format!("= {}", Cell::ALL),
            _ => format!("= {}", Cell::TRACES),
        }
    }

    /// The calls of some traces, in the columns of [`Self::cells`]; nothing where there are none.
    fn values(&self, traces: Rollup<()>, builder: &mut Builder<'_>) -> Option<String> {
        let cells = traces.into_cells();
        let mut calls = cells
            .filter(|(_, cell, _)| matches!(cell, Cell::Calls(..)))
            .peekable();
        // What is bound must be used.
        calls.peek()?;
        let (selected, _) = self.selected(builder);
        let mut rows = Vec::new();
        for (_, cell, sums) in calls {
            let count = |count: i128| Bind::Int(i64::try_from(count).unwrap_or(i64::MAX));
            let columns = [
                count(cell.kind().into()),
                Bind::Time(cell.bucket()),
                Bind::Text(cell.model().into()),
                count(sums.traces.into()),
                count(sums.observations.into()),
                count(sums.input_tokens),
                count(sums.output_tokens),
                count(sums.total_tokens),
                Bind::Money(sums.cost),
            ];
            let columns = columns.map(|column| builder.bind(column));
            rows.push(format!("({})", columns.join(", ")));
        }
        Some(format!(
            "SELECT {selected}\nFROM (VALUES\n{}\n) AS {CELLS} (kind, bucket, model, traces, observations, input_tokens, \
             output_tokens, total_tokens, cost)",
            rows.join(",\n")
        ))
    }

    /// What rows at an edge add up to, in the columns of [`Self::cells`].
    fn rows(
        &self,
        edge: Condition,
        scope: &ProjectScope,
        builder: &mut Builder<'_>,
    ) -> StoreResult<String> {
        let measures: Vec<MeasureOf> = self.sums.iter().map(|sum| sum.measure).collect();
        let grouping = Grouping::new(self.dimensions, &measures);
        let mut conditions = self.plan.conditions.clone();
        conditions.push(edge);
        let inner = select::inner(&conditions, &grouping, scope, builder)?;
        let mut selected = names(self.dimensions);
        selected.push("CAST(COUNT(*) AS BIGINT) AS n".to_owned());
        for (index, measure) in measures.iter().enumerate() {
            let aggregate = grouping.aggregate(measure, builder.dialect);
            selected.push(format!("{aggregate} AS s{index}"));
        }
        let mut sql = format!(
            "SELECT {}\nFROM (\n{}\n) AS edge",
            selected.join(", "),
            inner.sql
        );
        if !self.dimensions.is_empty() {
            sql.push_str(&format!("\nGROUP BY {}", names(self.dimensions).join(", ")));
        }
        Ok(sql)
    }
}

struct Cells {
    sql: String,
    /// What is shown of each dimension, in terms of `d0`, `d1`, ….
    dimensions: Vec<String>,
}

/// Whether cells can be grouped so.
fn is_dimension_kept(subject: Subject, dimension: &Dimension) -> bool {
    match dimension {
        Dimension::Field(field) => subject == Subject::Calls && **field == observations::MODEL,
        Dimension::Bucket { field, bucket } => {
            **field == traces::TIMESTAMP && is_of_whole_cells(bucket)
        }
        Dimension::IsAbsent(_) => false,
    }
}

/// Whether no cell lies in two buckets.
fn is_of_whole_cells(bucket: &Bucket) -> bool {
    match bucket {
        Bucket::Fixed { micros } => micros % BUCKET_MICROS == 0,
        Bucket::Week | Bucket::Month => true,
        Bucket::Day { offsets } => {
            let is_even = |(_, seconds): &(Timestamp, i32)| {
                i64::from(*seconds) * 1_000_000 % BUCKET_MICROS == 0
            };
            let changes = offsets.iter().skip(1);
            let mut changes = changes.map(|(from, _)| from.as_micros());
            offsets.iter().all(is_even) && changes.all(|from| from % BUCKET_MICROS == 0)
        }
    }
}

fn cell_key(dimension: &Dimension, name: &str, builder: &mut Builder<'_>) -> (String, String) {
    let time = format!("{CELLS}.bucket");
    match dimension {
        Dimension::Field(_) | Dimension::IsAbsent(_) => {
            let model = builder.dialect.bytewise(&format!("{CELLS}.model"));
            let key = format!("CASE WHEN {CELLS}.kind = {} THEN {model} END", Cell::CALLS);
            (key, name.to_owned())
        }
        Dimension::Bucket { bucket, .. } => bucket::keyed(&time, bucket, name, builder),
    }
}

fn names(dimensions: &[Dimension]) -> Vec<String> {
    (0..dimensions.len())
        .map(|index| format!("d{index}"))
        .collect()
}

/// The sum over cells and edges.
fn total(index: usize, sum: &Sum) -> String {
    super::aggregate::sum(&format!("s{index}"), sum.kind)
}

#[cfg(test)]
mod tests;
