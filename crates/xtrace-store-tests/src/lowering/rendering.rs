//! Statements and answers as text for goldens, and scripts that create and fill the tables of the cases.

use std::fmt::Write as _;

use xtrace_query::{Kind, MetricAnswer, Table, Value, ViewDef, observations, traces};
use xtrace_store::lower::{OutKind, Statement};

use super::data::{observation_rows, trace_rows};
use super::{OTHER_PROJECT, PROJECT};

/// How a dialect writes what these scripts need.
pub trait Literals {
    fn project_column(&self) -> &'static str;
    fn type_name(&self, kind: Kind) -> &'static str;
    fn literal(&self, value: &Value) -> String;
}

/// Statements that make the tables `traces` and `observations` from the declarations.
pub type Scripts = Vec<String>;

/// Creates the tables.
pub fn scripts(literals: &dyn Literals) -> Scripts {
    let table = |def: &ViewDef| {
        let mut sql = format!(
            "CREATE TABLE {} ({} {}",
            def.table,
            literals.project_column(),
            literals.type_name(Kind::Text)
        );
        for field in def.fields {
            write!(sql, ", {} {}", field.column, literals.type_name(field.kind)).unwrap();
        }
        sql + ")"
    };
    vec![table(&traces::TRACES), table(&observations::OBSERVATIONS)]
}

/// Fills them, with the same rows under another project beside.
pub fn insert_statements(literals: &dyn Literals) -> Scripts {
    let mut statements = Vec::new();
    for project in [PROJECT, OTHER_PROJECT] {
        let project = literals.literal(&Value::text(project));
        let views = [
            (&traces::TRACES, trace_rows()),
            (&observations::OBSERVATIONS, observation_rows()),
        ];
        for (def, rows) in views {
            for row in rows {
                let cells: Vec<String> = row.iter().map(|cell| literals.literal(cell)).collect();
                statements.push(format!(
                    "INSERT INTO {} VALUES ({project}, {})",
                    def.table,
                    cells.join(", ")
                ));
            }
        }
    }
    statements
}

/// A statement with its binds and columns.
pub fn statement(statement: &Statement) -> String {
    let mut text = format!("{};\n", statement.sql);
    for (index, bind) in statement.binds.iter().enumerate() {
        writeln!(text, "-- ${}: {bind:?}", index + 1).unwrap();
    }
    for column in &statement.columns {
        let kind = match column.kind {
            OutKind::Of(kind) => format!("{kind:?}"),
            OutKind::Histogram => "Histogram".to_owned(),
        };
        writeln!(text, "-- column {}: {kind}", column.name).unwrap();
    }
    text
}

/// A table, one line per row.
pub fn answer(table: &Table) -> String {
    let mut text = table.columns.join(" | ");
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        write!(text, "\n{}", cells.join(" | ")).unwrap();
    }
    text
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        // Engines add in different orders.
        Value::Float(value) => format!("{value:.9}"),
        Value::Money(value) => format!("{value} USD"),
        Value::Text(value) => format!("{value:?}"),
        Value::Time(value) => value.to_string(),
        Value::TextList(values) => format!("{values:?}"),
        Value::Histogram(of) => format!("{:.9} to {:.9}: {:?}", of.lowest, of.highest, of.counts),
    }
}

/// An answer about series, one line per point.
pub fn metric_answer(answer: &MetricAnswer) -> String {
    let latest = answer
        .latest
        .map_or("-".to_owned(), |latest| latest.to_string());
    let mut text = format!(
        "series in all: {}, latest: {latest}, cut: {}",
        answer.series_total, answer.is_truncated
    );
    for series in &answer.series {
        write!(text, "\n{:?}", series.labels).unwrap();
        for (time, value) in &series.points {
            write!(text, "\n  {time} {value:.9}").unwrap();
        }
    }
    text
}
