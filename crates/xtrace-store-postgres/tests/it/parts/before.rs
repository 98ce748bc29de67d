//! Rows from before there were parts.

use std::path::Path;

use sqlx::{Connection as _, PgConnection};
use xtrace_store::{TelemetryReader, TelemetryWriter};
use xtrace_store_postgres::PostgresEngine;
use xtrace_store_tests::builders::{PROJECT, a_trace, an_observation, batch, project, trace_id};

use super::support::{Stored, WHOLE, conversation, message};
use crate::support::{database, open, options, psql};

/// The rows of a table as JSON.
fn rows(database: &str, table: &str) -> String {
    psql(
        database,
        &format!("SELECT coalesce(json_agg(t), '[]') FROM {table} AS t"),
    )
}

/// A database with the schema before there were parts, and in it a trace with two observations as it was written then:
/// rows of this version, with texts in place of recipes.
async fn with_old_rows() -> String {
    let old = database();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut connection = PgConnection::connect(&options(&old).url).await.unwrap();
    let all = sqlx::migrate::Migrator::new(folder).await.unwrap();
    let first = all.iter().filter(|migration| migration.version <= 3);
    let first = sqlx::migrate::Migrator::with_migrations(first.cloned().collect());
    first
        .run_direct(None, &mut connection, false)
        .await
        .unwrap();
    let written = database();
    let engine = open(options(&written)).await;
    let (input, output) = (conversation(0..7), message(7));
    let items = batch()
        .with(a_trace("t").input(&input).output(&output))
        .with(an_observation("t", "o").input(&input).output(&output))
        .with(an_observation("t", "untouched").input(&input));
    engine.commit(items.build()).await.unwrap();
    let week = psql(&written, "SELECT min(part) FROM traces");
    psql(&old, &format!("SELECT xtrace_create_week(date '{week}')"));
    for table in [
        "trace_keys",
        "traces",
        "trace_payloads",
        "observations",
        "observation_payloads",
    ] {
        let rows = format!(
            "json_populate_recordset(null::{table}, $r${}$r$)",
            rows(&written, table)
        );
        psql(&old, &format!("INSERT INTO {table} SELECT * FROM {rows}"));
    }
    for (table, texts) in [
        (
            "trace_payloads",
            format!("input = $t${input}$t$, output = $t${output}$t$"),
        ),
        ("observation_payloads", format!("input = $t${input}$t$")),
        (
            "observation_payloads",
            format!("output = $t${output}$t$ WHERE id = 'o'"),
        ),
    ] {
        psql(&old, &format!("UPDATE {table} SET {texts}"));
    }
    old
}

async fn assert_texts(engine: &PostgresEngine, output: &str) {
    let scope = project(PROJECT);
    let trace = engine.trace(&scope, &trace_id("t")).await.unwrap().unwrap();
    assert!(trace.payload.input.unwrap().as_str() == conversation(0..7));
    assert!(trace.payload.output.unwrap().as_str() == output);
    let found = engine
        .trace_observations(&scope, &trace_id("t"), WHOLE)
        .await
        .unwrap();
    for observation in found {
        let payload = observation.payload.unwrap();
        assert!(payload.input.unwrap().as_str() == conversation(0..7));
        if observation.row.key.id.as_str() == "o" {
            assert!(payload.output.unwrap().as_str() == output);
        }
    }
}

#[tokio::test]
async fn texts_of_rows_from_before_there_were_parts_are_read_and_joined() {
    let old = with_old_rows().await;
    let engine = open(options(&old)).await;
    assert_texts(&engine, &message(7)).await;
    let later = batch()
        .with(a_trace("t").sent(1.0).output(&message(9)))
        .with(an_observation("t", "o").sent(1.0).output(&message(9)));
    engine.commit(later.build()).await.unwrap();
    assert_texts(&engine, &message(9)).await;
    let left = "SELECT count(*) FROM observation_payloads WHERE input IS NOT NULL";
    assert_eq!(psql(&old, left), "1", "only what was not written again");
    Stored::of(&old).assert_nothing_is_left();
}
