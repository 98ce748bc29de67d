//! The cells of one row by the field or measure they were asked for.

use xtrace_model::{Timestamp, Usd};
use xtrace_query::{Field, MeasureOf, Table, Value};

/// One row of a table whose columns are `fields`.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a> {
    fields: &'a [&'static Field],
    row: &'a [Value],
}

impl<'a> Cells<'a> {
    /// All rows of the answer to a plan that selected `fields`.
    pub fn rows(fields: &'a [&'static Field], table: &'a Table) -> impl Iterator<Item = Cells<'a>> {
        table.rows.iter().map(move |row| Self { fields, row })
    }

    pub fn value(&self, field: &'static Field) -> &'a Value {
        let column = self
            .fields
            .iter()
            .position(|selected| std::ptr::eq(*selected, field));
        column
            .and_then(|column| self.row.get(column))
            .unwrap_or(&Value::Null)
    }

    pub fn text(&self, field: &'static Field) -> Option<Box<str>> {
        self.value(field).as_text().map(Box::from)
    }

    pub fn time(&self, field: &'static Field) -> Option<Timestamp> {
        self.value(field).as_time()
    }

    pub fn float(&self, field: &'static Field) -> Option<f64> {
        self.value(field).as_float()
    }

    pub fn money(&self, field: &'static Field) -> Option<Usd> {
        self.value(field).as_money()
    }

    pub fn int(&self, field: &'static Field) -> Option<i64> {
        self.value(field).as_int()
    }

    /// Zero where there is none; counts and tokens are never negative.
    pub fn count(&self, field: &'static Field) -> u64 {
        count(self.value(field))
    }

    pub fn flag(&self, field: &'static Field) -> bool {
        self.value(field).as_bool().unwrap_or(false)
    }

    pub fn list(&self, field: &'static Field) -> Vec<Box<str>> {
        self.value(field).as_list().unwrap_or_default().to_vec()
    }
}

/// One group of a table whose columns are `dimensions` dimensions, then `measures`.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    dimensions: usize,
    measures: &'a [MeasureOf],
    row: &'a [Value],
}

impl<'a> Group<'a> {
    /// All groups of the answer to a plan with so many dimensions and these measures.
    pub fn rows(
        dimensions: usize,
        measures: &'a [MeasureOf],
        table: &'a Table,
    ) -> impl Iterator<Item = Group<'a>> {
        table.rows.iter().map(move |row| Self {
            dimensions,
            measures,
            row,
        })
    }

    /// The n-th dimension.
    pub fn dimension(&self, n: usize) -> &'a Value {
        self.row
            .get(n)
            .filter(|_| n < self.dimensions)
            .unwrap_or(&Value::Null)
    }

    pub fn measure(&self, measure: &MeasureOf) -> &'a Value {
        let column = self.measures.iter().position(|asked| asked == measure);
        column
            .and_then(|column| self.row.get(self.dimensions + column))
            .unwrap_or(&Value::Null)
    }

    pub fn count(&self, measure: &MeasureOf) -> u64 {
        count(self.measure(measure))
    }

    pub fn money(&self, measure: &MeasureOf) -> Option<Usd> {
        self.measure(measure).as_money()
    }

    pub fn time(&self, measure: &MeasureOf) -> Option<Timestamp> {
        self.measure(measure).as_time()
    }
}

fn count(value: &Value) -> u64 {
    value
        .as_int()
        .and_then(|number| u64::try_from(number).ok())
        .unwrap_or(0)
}
