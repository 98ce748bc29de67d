//! Rows as columns: one array per declared field, for writing many rows in one statement.
//!
//! The arrays follow the views' declarations: `part` and `project` first, then every field in the declared order.

use std::borrow::Cow;

use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use xtrace_model::{Timestamp, Usd};
use xtrace_query::{Field, Kind, ViewDef};
use xtrace_store::RowSink;

use crate::values::{Instant, Money, list_literal, storable};
use crate::week::Week;

/// A statement whose values are being bound.
pub type Binding<'q> = Query<'q, Postgres, PgArguments>;

enum Column<'a> {
    Text(Vec<Option<Cow<'a, str>>>),
    Bool(Vec<bool>),
    Int(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Money(Vec<Option<Money>>),
    Time(Vec<Option<Instant>>),
    /// Lists as literals: the server's arrays are rectangles, lists of different lengths do not fit in one.
    List(Vec<String>),
}

impl Column<'_> {
    fn new(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::Text | Kind::Json => Self::Text(Vec::with_capacity(rows)),
            Kind::Bool => Self::Bool(Vec::with_capacity(rows)),
            Kind::Int => Self::Int(Vec::with_capacity(rows)),
            Kind::Float => Self::Float(Vec::with_capacity(rows)),
            Kind::Money => Self::Money(Vec::with_capacity(rows)),
            Kind::Time => Self::Time(Vec::with_capacity(rows)),
            Kind::TextList => Self::List(Vec::with_capacity(rows)),
        }
    }

    fn bind_to<'q>(self, statement: Binding<'q>) -> Binding<'q>
    where
        Self: 'q,
    {
        match self {
            Self::Text(values) => statement.bind(values),
            Self::Bool(values) => statement.bind(values),
            Self::Int(values) => statement.bind(values),
            Self::Float(values) => statement.bind(values),
            Self::Money(values) => statement.bind(values),
            Self::Time(values) => statement.bind(values),
            Self::List(values) => statement.bind(values),
        }
    }
}

/// Collects rows of one view.
pub struct ViewRows<'a> {
    def: &'static ViewDef,
    part: Vec<i32>,
    project: Vec<&'a str>,
    columns: Vec<Column<'a>>,
    next: usize,
}

impl<'a> ViewRows<'a> {
    pub fn new(def: &'static ViewDef, rows: usize) -> Self {
        Self {
            def,
            part: Vec::with_capacity(rows),
            project: Vec::with_capacity(rows),
            columns: def
                .fields
                .iter()
                .map(|field| Column::new(field.kind, rows))
                .collect(),
            next: 0,
        }
    }

    /// Begins a row; every field must follow, in the declared order.
    pub fn begin(&mut self, part: Week, project: &'a str) {
        // INVARIANT: a row is complete before the next begins, so columns never differ in length.
        assert_eq!(self.next, 0, "the row before is complete");
        self.part.push(part.0);
        self.project.push(project);
    }

    fn column(&mut self, field: &'static Field) -> &mut Column<'a> {
        let expected = self.def.fields[self.next];
        // INVARIANT: fields come in the declared order, so a value never lands in another's column.
        assert_eq!(
            expected.name, field.name,
            "fields of {} come in order",
            self.def.table
        );
        let column = self.next;
        self.next = (self.next + 1) % self.columns.len();
        &mut self.columns[column]
    }

    /// Binds the arrays in order, beginning with `$1`.
    pub fn bind_to<'q>(self, statement: Binding<'q>) -> Binding<'q>
    where
        'a: 'q,
    {
        assert_eq!(self.next, 0, "the last row is complete");
        let statement = statement.bind(self.part).bind(self.project);
        self.columns
            .into_iter()
            .fold(statement, |statement, column| column.bind_to(statement))
    }
}

impl<'a> RowSink<'a> for ViewRows<'a> {
    fn text(&mut self, field: &'static Field, value: Option<&'a str>) {
        match self.column(field) {
            Column::Text(values) => values.push(value.map(storable)),
            _ => unreachable!("{} is declared as text", field.name),
        }
    }

    fn json(&mut self, field: &'static Field, value: String) {
        match self.column(field) {
            Column::Text(values) => values.push(Some(Cow::Owned(value))),
            _ => unreachable!("{} is declared as JSON", field.name),
        }
    }

    fn bool(&mut self, field: &'static Field, value: bool) {
        match self.column(field) {
            Column::Bool(values) => values.push(value),
            _ => unreachable!("{} is declared as a truth value", field.name),
        }
    }

    fn int(&mut self, field: &'static Field, value: Option<i64>) {
        match self.column(field) {
            Column::Int(values) => values.push(value),
            _ => unreachable!("{} is declared as an integer", field.name),
        }
    }

    fn float(&mut self, field: &'static Field, value: Option<f64>) {
        match self.column(field) {
            Column::Float(values) => values.push(value),
            _ => unreachable!("{} is declared as a float", field.name),
        }
    }

    fn money(&mut self, field: &'static Field, value: Option<Usd>) {
        match self.column(field) {
            Column::Money(values) => values.push(value.map(Money)),
            _ => unreachable!("{} is declared as money", field.name),
        }
    }

    fn time(&mut self, field: &'static Field, value: Option<Timestamp>) {
        match self.column(field) {
            Column::Time(values) => values.push(value.map(Instant)),
            _ => unreachable!("{} is declared as a time", field.name),
        }
    }

    fn list(&mut self, field: &'static Field, values: impl Iterator<Item = &'a str>) {
        match self.column(field) {
            Column::List(lists) => lists.push(list_literal(values)),
            _ => unreachable!("{} is declared as a list", field.name),
        }
    }
}
