//! The SQL of every case of lowering as a golden, run on DuckDB; the answers are goldens that all engines share.

use duckdb::types::{TimeUnit, Value as Cell};
use duckdb::{Connection, params_from_iter};
use xtrace_model::{ProjectId, Timestamp, Usd};
use xtrace_query::{Histogram, Kind, Table, Value};
use xtrace_store::ProjectScope;
use xtrace_store::lower::{self, Bind, Statement};
use xtrace_store::series::SeriesGroups;
use xtrace_store::series::fold::{Folding, Point};
use xtrace_store_embedded::dialect::DuckDbDialect;
use xtrace_store_tests::lowering::{self, Literals};

struct DuckDbLiterals;

impl Literals for DuckDbLiterals {
    fn project_column(&self) -> &'static str {
        "project"
    }

    fn type_name(&self, kind: Kind) -> &'static str {
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

    fn literal(&self, value: &Value) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        match value {
            Value::Null => "NULL".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => format!("CAST({value} AS DOUBLE)"),
            Value::Money(value) => format!("CAST('{value}' AS DECIMAL(38,12))"),
            Value::Text(value) => quoted(value),
            Value::Time(value) => format!("make_timestamp({})", value.as_micros()),
            Value::Histogram(_) => unreachable!("no field holds one"),
            Value::TextList(values) => {
                let members: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                format!("CAST([{}] AS VARCHAR[])", members.join(", "))
            }
        }
    }
}

fn dialect() -> DuckDbDialect {
    DuckDbDialect {
        traces: "traces".to_owned(),
        observations: "observations".to_owned(),
        rollups: "rollups".to_owned(),
    }
}

fn filled() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let mut statements = lowering::scripts(&DuckDbLiterals);
    statements.extend(lowering::insert_statements(&DuckDbLiterals));
    for statement in statements {
        connection
            .execute_batch(&statement)
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    connection
}

fn bound(bind: &Bind) -> Cell {
    match bind {
        Bind::Text(text) => Cell::Text(text.to_string()),
        Bind::Bool(value) => Cell::Boolean(*value),
        Bind::Int(value) => Cell::BigInt(*value),
        Bind::Float(value) => Cell::Double(*value),
        Bind::Money(value) => Cell::Text(value.to_string()),
        Bind::Time(value) => Cell::Timestamp(TimeUnit::Microsecond, value.as_micros()),
    }
}

fn read(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Boolean(value) => Value::Bool(value),
        Cell::BigInt(value) => Value::Int(value),
        Cell::Double(value) => Value::Float(value),
        Cell::Decimal(value) => {
            assert_eq!(value.scale(), 12, "amounts keep their digits");
            Value::Money(Usd::from_units(value.value()))
        }
        Cell::Text(value) => Value::text(value),
        Cell::Timestamp(TimeUnit::Microsecond, micros) => {
            Value::Time(Timestamp::from_micros(micros))
        }
        Cell::List(cells) if matches!(cells.first(), Some(Cell::Double(_))) => {
            let numbers = cells.into_iter().map(|cell| read(cell).as_float().unwrap());
            let numbers: Vec<f64> = numbers.collect();
            Value::Histogram(Histogram::of_numbers(&numbers).unwrap())
        }
        Cell::List(cells) => Value::TextList(
            cells
                .into_iter()
                .map(|cell| read(cell).as_text().unwrap().into())
                .collect(),
        ),
        other => panic!("no cell is of this type: {other:?}"),
    }
}

fn run(connection: &Connection, statement: &Statement) -> anyhow::Result<Table> {
    let mut prepared = connection.prepare(&statement.sql)?;
    let mut found = prepared.query(params_from_iter(statement.binds.iter().map(bound)))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let cells: Result<Vec<Cell>, _> = (0..statement.columns.len())
            .map(|index| row.get::<_, Cell>(index))
            .collect();
        rows.push(cells?.into_iter().map(read).collect());
    }
    Ok(Table {
        columns: statement
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect(),
        rows,
    })
}

fn assert_golden(folder: &str, sentence: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(sentence, text));
}

const STATEMENTS: &str = "../lower";
const ANSWERS: &str = "../../../xtrace-store-tests/answers";

#[test]
fn every_plan_has_its_statement_and_its_answer() {
    let connection = filled();
    let scope = ProjectScope::new(ProjectId::new(lowering::PROJECT).unwrap());
    for case in lowering::plans() {
        let statement = lower::plan(&case.plan, &scope, &dialect())
            .unwrap_or_else(|error| panic!("{}: {error:?}", case.sentence));
        assert_golden(STATEMENTS, case.sentence, &lowering::statement(&statement));
        let table = run(&connection, &statement)
            .unwrap_or_else(|error| panic!("{}: {error}", case.sentence));
        assert_golden(ANSWERS, case.sentence, &lowering::answer(&table));
    }
}

/// Engines read points each in its own way and fold them in the same; here they come as an engine may bring them.
#[test]
fn every_question_about_series_has_its_answer() {
    let series = lowering::series();
    for case in lowering::metric_plans() {
        let plan = &case.plan;
        let groups = SeriesGroups::new(plan, series.iter().map(|(id, labels)| (*id, labels)));
        let mut folding = Folding::new(plan);
        for (id, group) in groups.series_ids().into_iter().zip(groups.numbers()) {
            let points = lowering::metric_points();
            let own = points.into_iter().filter(|(series, ..)| *series == id);
            let own: Vec<Point> = own
                .map(|(_, time, value)| (time.as_micros(), value))
                .collect();
            folding.take(id, group, &own).unwrap();
        }
        let answer = groups.answer_of(plan, folding.finish()).unwrap();
        assert_golden(ANSWERS, case.sentence, &lowering::metric_answer(&answer));
    }
}

#[test]
fn every_plan_answered_from_rollups_has_its_statement() {
    let scope = ProjectScope::new(ProjectId::new(lowering::PROJECT).unwrap());
    for case in lowering::rolled() {
        let statement = lower::answer(&case.plan, &scope, &dialect()).unwrap();
        assert_golden(STATEMENTS, case.sentence, &lowering::statement(&statement));
    }
}
