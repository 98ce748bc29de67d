//! The schema, and what keeps the engine from touching one that is not its own.

use std::path::Path;

use sqlx::{Connection as _, PgConnection};
use xtrace_store::{ErrorKind, Upkeep};
use xtrace_store_postgres::PostgresEngine;

use crate::support::{database, open, options, psql};

const APPLIED: &str = "SELECT count(*) FROM _sqlx_migrations WHERE success";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_at_once_migrate_once() {
    let database = database();
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let options = options(&database);
        starts.spawn(async move { open(options).await.probe().await });
    }
    while let Some(started) = starts.join_next().await {
        started.unwrap().unwrap();
    }
    let applied = psql(&database, APPLIED);
    open(options(&database)).await.probe().await.unwrap();
    assert_eq!(
        psql(&database, APPLIED),
        applied,
        "opening again changes nothing"
    );
}

#[tokio::test]
async fn the_folder_can_be_run_by_the_command_line_tool_of_sqlx() {
    let database = database();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut connection = PgConnection::connect(&options(&database).url)
        .await
        .unwrap();
    let from_folder = sqlx::migrate::Migrator::new(folder).await.unwrap();
    from_folder
        .run_direct(None, &mut connection, false)
        .await
        .unwrap();
    let applied = psql(&database, APPLIED);
    open(options(&database)).await.probe().await.unwrap();
    assert_eq!(
        psql(&database, APPLIED),
        applied,
        "the engine knows them as the same"
    );
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let database = database();
    open(options(&database)).await.close().await.unwrap();
    psql(
        &database,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', true, '', 0)",
    );
    let error = PostgresEngine::open(options(&database))
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error:?}");
}

#[tokio::test]
async fn a_database_that_cannot_hold_all_texts_is_refused() {
    let name = database();
    let latin = format!("{name}_latin");
    psql(
        "postgres",
        &format!("CREATE DATABASE {latin} TEMPLATE template0 ENCODING 'SQL_ASCII'"),
    );
    let error = PostgresEngine::open(options(&latin)).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error:?}");
}
