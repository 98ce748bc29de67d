//! The SQL of every case of lowering as a golden, run on a real server; the answers are goldens that all engines share.

use sqlx::postgres::{PgRow, PgValueRef};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, ValueRef as _};
use xtrace_model::{ProjectId, Timestamp, Usd};
use xtrace_query::{Histogram, Kind, Table, Value};
use xtrace_store::ProjectScope;
use xtrace_store::lower::{self, Bind, Dialect as _, OutColumn, OutKind, Statement};
use xtrace_store_postgres::dialect::{CaseFolding, PostgresDialect};
use xtrace_store_tests::cluster::TestCluster;
use xtrace_store_tests::lowering::{self, Literals};

struct PostgresLiterals;

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Literals for PostgresLiterals {
    fn project_column(&self) -> &'static str {
        dialect().project_column()
    }

    fn type_name(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Text => "text COLLATE \"C\"",
            Kind::Json => "text",
            Kind::Bool => "boolean",
            Kind::Int => "bigint",
            Kind::Float => "double precision",
            Kind::Money => "numeric",
            Kind::Time => "timestamptz",
            Kind::TextList => "text[] COLLATE \"C\"",
        }
    }

    fn literal(&self, value: &Value) -> String {
        match value {
            Value::Null => "NULL".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => format!("'{value}'"),
            Value::Money(value) => format!("'{value}'"),
            Value::Text(value) => quoted(value),
            Value::Time(value) => format!("'{value}'"),
            Value::Histogram(_) => unreachable!("no field holds one"),
            Value::TextList(values) => {
                let members: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                format!("ARRAY[{}]::text[]", members.join(", "))
            }
        }
    }
}

async fn filled() -> PgConnection {
    let cluster = TestCluster::shared().unwrap();
    let database = cluster.create_database().unwrap();
    let mut connection = PgConnection::connect(&cluster.url(&database))
        .await
        .unwrap();
    let mut statements = vec!["SET TimeZone = 'UTC'".to_owned()];
    statements.extend(lowering::scripts(&PostgresLiterals));
    statements.extend(lowering::insert_statements(&PostgresLiterals));
    for statement in statements {
        let done = connection.execute(AssertSqlSafe(statement.clone())).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    connection
}

/// The dialect with the best collation that this server has.
async fn dialect_of(connection: &mut PgConnection) -> PostgresDialect {
    let rows = connection
        .fetch_all("SELECT collname::text FROM pg_collation")
        .await
        .unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    PostgresDialect {
        folding: CaseFolding::best(&names),
    }
}

/// The one that goldens are written with.
fn dialect() -> PostgresDialect {
    PostgresDialect {
        folding: CaseFolding::Builtin,
    }
}

pub fn bound(bind: &Bind) -> String {
    match bind {
        Bind::Text(text) => quoted(text),
        Bind::Bool(value) => value.to_string(),
        Bind::Int(value) => value.to_string(),
        Bind::Float(value) => format!("'{value}'"),
        Bind::Money(value) => format!("'{value}'"),
        Bind::Time(value) => match value.to_string().strip_prefix("0000-") {
            // The server's calendar has no year 0.
            Some(rest) => format!("'0001-{} BC'", rest.trim_end_matches('Z')),
            None => format!("'{value}'"),
        },
    }
}

fn read(cell: PgValueRef<'_>, kind: OutKind) -> Value {
    if cell.is_null() {
        return Value::Null;
    }
    let text = cell.as_str().unwrap();
    let OutKind::Of(kind) = kind else {
        let numbers = text.trim_matches(['{', '}']).split(',');
        let numbers: Vec<f64> = numbers.map(|number| number.parse().unwrap()).collect();
        return Value::Histogram(Histogram::of_numbers(&numbers).unwrap());
    };
    match kind {
        Kind::Text | Kind::Json => Value::text(text),
        Kind::Bool => Value::Bool(text == "t"),
        Kind::Int => Value::Int(text.parse().unwrap()),
        Kind::Float => Value::Float(text.parse().unwrap()),
        Kind::Money => Value::Money(Usd::parse(text).unwrap()),
        Kind::Time => Value::Time(Timestamp::parse(text).unwrap()),
        Kind::TextList => {
            let members = text.trim_start_matches('{').trim_end_matches('}');
            Value::TextList(
                members
                    .split(',')
                    .filter(|member| !member.is_empty())
                    .map(Into::into)
                    .collect(),
            )
        }
    }
}

/// Prepares and executes in text form, which needs none of the engine's own decoding.
async fn run(connection: &mut PgConnection, statement: &Statement) -> sqlx::Result<Table> {
    let binds: Vec<String> = statement.binds.iter().map(bound).collect();
    let arguments = if binds.is_empty() {
        String::new()
    } else {
        format!("({})", binds.join(", "))
    };
    connection
        .execute(sqlx::raw_sql(AssertSqlSafe(format!(
            "PREPARE question AS {}",
            statement.sql
        ))))
        .await?;
    let execute = format!("EXECUTE question{arguments}");
    let rows: Vec<PgRow> = connection
        .fetch_all(sqlx::raw_sql(AssertSqlSafe(execute)))
        .await?;
    connection
        .execute(sqlx::raw_sql("DEALLOCATE question"))
        .await?;
    let cells = |row: &PgRow| {
        let cell = |(index, column): (usize, &OutColumn)| {
            read(row.try_get_raw(index).unwrap(), column.kind)
        };
        statement.columns.iter().enumerate().map(cell).collect()
    };
    Ok(Table {
        columns: statement
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect(),
        rows: rows.iter().map(cells).collect(),
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

#[tokio::test]
async fn every_plan_has_its_statement_and_its_answer() {
    let mut connection = filled().await;
    let running = dialect_of(&mut connection).await;
    let scope = ProjectScope::new(ProjectId::new(lowering::PROJECT).unwrap());
    for case in lowering::plans() {
        let statement = lower::plan(&case.plan, &scope, &dialect())
            .unwrap_or_else(|error| panic!("{}: {error:?}", case.sentence));
        assert_golden(STATEMENTS, case.sentence, &lowering::statement(&statement));
        let statement = lower::plan(&case.plan, &scope, &running).unwrap();
        let table = run(&mut connection, &statement)
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", case.sentence));
        assert_golden(ANSWERS, case.sentence, &lowering::answer(&table));
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
