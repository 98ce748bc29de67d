//! PostgreSQL alone.

use std::fmt::Write as _;
use std::time::Instant;

use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};

use super::{BATCH_ROWS, Bare, Stopwatch};
use crate::corpus::Corpus;

const COLUMNS: &str = "trace_id text, id text, name text, type text, start_time bigint, end_time bigint, \
     model text, input_tokens bigint, output_tokens bigint, input text, output text";

pub async fn copy_and_upsert(corpus: &Corpus, url: &str, rows: u64) -> anyhow::Result<Bare> {
    let mut db = PgConnection::connect(url).await?;
    for statement in schema() {
        db.execute(sqlx::AssertSqlSafe(statement)).await?;
    }
    let mut watch = Stopwatch::start();
    for from in (0..rows).step_by(usize::try_from(BATCH_ROWS)?) {
        let began = Instant::now();
        let text = copy_text(corpus, from, (from + BATCH_ROWS).min(rows));
        let mut transaction = db.begin().await?;
        transaction.execute("TRUNCATE incoming").await?;
        let mut copy = transaction.copy_in_raw("COPY incoming FROM STDIN").await?;
        copy.send(text.into_bytes()).await?;
        copy.finish().await?;
        transaction
            .execute(
                "INSERT INTO observations SELECT * FROM incoming ON CONFLICT (trace_id, id) DO UPDATE SET \
                 name = excluded.name, end_time = excluded.end_time, output = excluded.output",
            )
            .await?;
        transaction.commit().await?;
        watch.lap(began);
    }
    let how = "COPY and upsert, 5 indexes, batches of 1,000";
    Ok(watch.finish("PostgreSQL", how, rows, database_bytes(url).await?))
}

pub async fn database_bytes(url: &str) -> anyhow::Result<u64> {
    let mut db = PgConnection::connect(url).await?;
    let size = db
        .fetch_one("SELECT pg_database_size(current_database())")
        .await?;
    let bytes: i64 = size.get(0);
    Ok(bytes.unsigned_abs())
}

fn schema() -> Vec<String> {
    vec![
        format!("CREATE TABLE observations ({COLUMNS}, PRIMARY KEY (trace_id, id))"),
        "CREATE INDEX ON observations (start_time)".to_owned(),
        "CREATE INDEX ON observations (model, start_time)".to_owned(),
        "CREATE INDEX ON observations (name)".to_owned(),
        "CREATE INDEX ON observations (type)".to_owned(),
        format!("CREATE TEMPORARY TABLE incoming ({COLUMNS})"),
    ]
}

/// PostgreSQL's text format; the corpus holds no character that needs escaping in it.
fn copy_text(corpus: &Corpus, from: u64, to: u64) -> String {
    let mut text = String::new();
    for n in from..to {
        let row = corpus.row(n);
        _ = writeln!(
            text,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            row.trace_id,
            row.id,
            row.name,
            row.kind,
            row.start_us,
            row.end_us,
            row.model,
            row.input_tokens,
            row.output_tokens,
            corpus.input(n),
            corpus.output(n),
        );
    }
    text
}
