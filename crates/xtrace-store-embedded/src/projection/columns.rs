//! Rows as columns: Arrow batches for the appender, one column per declared field.
//!
//! The tables follow the views' declarations: `row_version` and `project` first, then every field in the
//! declared order under its column name.

use std::sync::Arc;

use duckdb::arrow::array::{
    ArrayRef, BooleanBuilder, Decimal128Builder, Float64Builder, Int64Builder, ListBuilder,
    RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use duckdb::arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use xtrace_model::money::USD_SCALE;
use xtrace_model::{ProjectId, Timestamp, Usd};
use xtrace_query::{Field, Kind, ViewDef};
use xtrace_store::RowSink;

use crate::errors::EmbeddedError;

/// All digits DuckDB has: sums of amounts stay exact.
const MONEY_DIGITS: u8 = 38;
const MONEY_SCALE: i8 = USD_SCALE as i8;

/// The SQL type of a field.
pub fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Json => "VARCHAR",
        Kind::Bool => "BOOLEAN",
        Kind::Int => "BIGINT",
        Kind::Float => "DOUBLE",
        Kind::Money => "DECIMAL(38,12)",
        Kind::Time => "TIMESTAMP",
        Kind::TextList => "VARCHAR[]",
    }
}

enum Column {
    Text(StringBuilder),
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Money(Decimal128Builder),
    Time(TimestampMicrosecondBuilder),
    List(ListBuilder<StringBuilder>),
}

impl Column {
    fn new(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::Text | Kind::Json => Self::Text(StringBuilder::with_capacity(rows, rows * 16)),
            Kind::Bool => Self::Bool(BooleanBuilder::with_capacity(rows)),
            Kind::Int => Self::Int(Int64Builder::with_capacity(rows)),
            Kind::Float => Self::Float(Float64Builder::with_capacity(rows)),
            Kind::Money => {
                let builder = Decimal128Builder::with_capacity(rows);
                Self::Money(builder.with_data_type(DataType::Decimal128(MONEY_DIGITS, MONEY_SCALE)))
            }
            Kind::Time => Self::Time(TimestampMicrosecondBuilder::with_capacity(rows)),
            Kind::TextList => Self::List(ListBuilder::with_capacity(StringBuilder::new(), rows)),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Money(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
            Self::List(builder) => Arc::new(builder.finish()),
        }
    }
}

fn arrow_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text | Kind::Json => DataType::Utf8,
        Kind::Bool => DataType::Boolean,
        Kind::Int => DataType::Int64,
        Kind::Float => DataType::Float64,
        Kind::Money => DataType::Decimal128(MONEY_DIGITS, MONEY_SCALE),
        Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
        Kind::TextList => DataType::List(Arc::new(ArrowField::new("item", DataType::Utf8, true))),
    }
}

fn schema(def: &ViewDef) -> SchemaRef {
    let mut fields = vec![
        ArrowField::new("row_version", DataType::Int64, false),
        ArrowField::new("project", DataType::Utf8, false),
    ];
    let of_view = def.fields.iter();
    fields.extend(of_view.map(|field| ArrowField::new(field.column, arrow_type(field.kind), true)));
    Arc::new(Schema::new(fields))
}

/// Collects rows of one view.
pub struct ViewRows {
    def: &'static ViewDef,
    version: Int64Builder,
    project: StringBuilder,
    columns: Vec<Column>,
    next: usize,
    rows: usize,
}

impl ViewRows {
    pub fn new(def: &'static ViewDef, rows: usize) -> Self {
        Self {
            def,
            version: Int64Builder::with_capacity(rows),
            project: StringBuilder::with_capacity(rows, rows * 8),
            columns: def
                .fields
                .iter()
                .map(|field| Column::new(field.kind, rows))
                .collect(),
            next: 0,
            rows: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.rows
    }

    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Begins a row; every field must follow, in the declared order.
    pub fn begin(&mut self, version: u64, project: &ProjectId) {
        // INVARIANT: a row is complete before the next begins, so columns never differ in length.
        assert_eq!(self.next, 0, "the row before is complete");
        self.version.append_value(version.cast_signed());
        self.project.append_value(project.as_str());
        self.rows += 1;
    }

    fn column(&mut self, field: &'static Field) -> &mut Column {
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

    /// The collected rows as a batch; the collector is empty again afterwards.
    pub fn finish(&mut self) -> Result<RecordBatch, EmbeddedError> {
        assert_eq!(self.next, 0, "the last row is complete");
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(self.version.finish()),
            Arc::new(self.project.finish()),
        ];
        arrays.extend(self.columns.iter_mut().map(Column::finish));
        self.rows = 0;
        RecordBatch::try_new(schema(self.def), arrays).map_err(EmbeddedError::arrow)
    }
}

impl<'a> RowSink<'a> for ViewRows {
    fn text(&mut self, field: &'static Field, value: Option<&'a str>) {
        match self.column(field) {
            Column::Text(builder) => builder.append_option(value),
            _ => unreachable!("{} is declared as text", field.name),
        }
    }

    fn json(&mut self, field: &'static Field, value: String) {
        match self.column(field) {
            Column::Text(builder) => builder.append_value(value),
            _ => unreachable!("{} is declared as JSON", field.name),
        }
    }

    fn bool(&mut self, field: &'static Field, value: bool) {
        match self.column(field) {
            Column::Bool(builder) => builder.append_value(value),
            _ => unreachable!("{} is declared as a truth value", field.name),
        }
    }

    fn int(&mut self, field: &'static Field, value: Option<i64>) {
        match self.column(field) {
            Column::Int(builder) => builder.append_option(value),
            _ => unreachable!("{} is declared as an integer", field.name),
        }
    }

    fn float(&mut self, field: &'static Field, value: Option<f64>) {
        match self.column(field) {
            Column::Float(builder) => builder.append_option(value),
            _ => unreachable!("{} is declared as a float", field.name),
        }
    }

    fn money(&mut self, field: &'static Field, value: Option<Usd>) {
        match self.column(field) {
            Column::Money(builder) => builder.append_option(value.map(Usd::units)),
            _ => unreachable!("{} is declared as money", field.name),
        }
    }

    fn time(&mut self, field: &'static Field, value: Option<Timestamp>) {
        match self.column(field) {
            Column::Time(builder) => builder.append_option(value.map(Timestamp::as_micros)),
            _ => unreachable!("{} is declared as a time", field.name),
        }
    }

    fn list(&mut self, field: &'static Field, values: impl Iterator<Item = &'a str>) {
        match self.column(field) {
            Column::List(builder) => {
                for value in values {
                    builder.values().append_value(value);
                }
                builder.append(true);
            }
            _ => unreachable!("{} is declared as a list", field.name),
        }
    }
}
