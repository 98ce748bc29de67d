//! A row as cells of a table, without the database.

use xtrace_model::{Timestamp, Usd};
use xtrace_query::{Field, Value, ViewDef};
use xtrace_store::RowSink;

/// Collects the cells of one row at a time.
pub struct Cells {
    def: &'static ViewDef,
    /// Where the fields asked for stand among the declared ones, in the order asked for.
    wanted: Vec<usize>,
    all: Vec<Value>,
}

impl Cells {
    /// For rows with these fields, which are the view's.
    pub fn new(def: &'static ViewDef, fields: &[&'static Field]) -> Self {
        let position = |field: &&'static Field| {
            let position = def.fields.iter().position(|declared| declared == field);
            // INVARIANT: a field knows its view, and plans are checked against its declaration.
            position.expect("a field of the view is declared")
        };
        Self {
            def,
            wanted: fields.iter().map(position).collect(),
            all: Vec::with_capacity(def.fields.len()),
        }
    }

    /// The fields asked for of the row that was laid out.
    pub fn take(&mut self) -> Vec<Value> {
        assert_eq!(self.all.len(), self.def.fields.len(), "the row is complete");
        let wanted = self.wanted.iter();
        let cells = wanted.map(|position| self.all[*position].clone()).collect();
        self.all.clear();
        cells
    }

    fn push(&mut self, field: &'static Field, value: Option<Value>) {
        let expected = self.def.fields[self.all.len()];
        // INVARIANT: fields come in the declared order, so a value never lands in another's cell.
        assert_eq!(
            expected.name, field.name,
            "fields of {} come in order",
            self.def.table
        );
        self.all.push(value.unwrap_or(Value::Null));
    }
}

impl<'a> RowSink<'a> for Cells {
    fn text(&mut self, field: &'static Field, value: Option<&'a str>) {
        self.push(field, value.map(Value::text));
    }

    fn json(&mut self, field: &'static Field, value: String) {
        self.push(field, Some(Value::text(value)));
    }

    fn bool(&mut self, field: &'static Field, value: bool) {
        self.push(field, Some(Value::Bool(value)));
    }

    fn int(&mut self, field: &'static Field, value: Option<i64>) {
        self.push(field, value.map(Value::Int));
    }

    fn float(&mut self, field: &'static Field, value: Option<f64>) {
        self.push(field, value.map(Value::Float));
    }

    fn money(&mut self, field: &'static Field, value: Option<Usd>) {
        self.push(field, value.map(Value::Money));
    }

    fn time(&mut self, field: &'static Field, value: Option<Timestamp>) {
        self.push(field, value.map(Value::Time));
    }

    fn list(&mut self, field: &'static Field, values: impl Iterator<Item = &'a str>) {
        let values = values.map(Into::into).collect();
        self.push(field, Some(Value::TextList(values)));
    }
}
