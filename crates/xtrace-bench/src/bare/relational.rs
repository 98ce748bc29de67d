//! PostgreSQL alone.

use std::fmt::Write as _;
use std::time::Instant;

use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};

use super::{Bare, Stopwatch, batches};
use crate::corpus::{Corpus, Observation};
use crate::latency::{Latencies, Percentiles};

const COLUMNS: &str = "trace_id text, id text, name text, type text, start_time bigint, end_time bigint, \
     model text, input_tokens bigint, output_tokens bigint, metadata text, input text, output text";

pub async fn copy_and_upsert(corpus: &Corpus, url: &str, rows: u64) -> anyhow::Result<Bare> {
    let mut db = connect(url).await?;
    let mut watch = Stopwatch::default();
    for batch in batches(corpus, rows) {
        let began = Instant::now();
        let text = copy_text(&batch);
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
        watch.lap(began, batch.len());
    }
    let how = "COPY and upsert, 5 indexes, batches of 1,000";
    Ok(watch.finish("PostgreSQL", how, database_bytes(url).await?))
}

pub async fn lone_commits(corpus: &Corpus, url: &str, times: u64) -> anyhow::Result<Percentiles> {
    let mut db = connect(url).await?;
    let mut latencies = Latencies::new();
    for n in 0..times {
        let row = corpus.observation(n);
        let began = Instant::now();
        let insert =
            "INSERT INTO observations VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        let insert = sqlx::query(insert)
            .bind(&row.trace_id)
            .bind(&row.id)
            .bind(row.name)
            .bind(row.kind)
            .bind(row.start_us)
            .bind(row.end_us)
            .bind(row.model)
            .bind(row.input_tokens)
            .bind(row.output_tokens)
            .bind(&row.metadata)
            .bind(&row.input)
            .bind(&row.output);
        insert.execute(&mut db).await?;
        latencies.record(began.elapsed());
    }
    Ok(latencies.percentiles())
}

/// The size of a whole database.
pub async fn database_bytes(url: &str) -> anyhow::Result<u64> {
    let mut db = PgConnection::connect(url).await?;
    let size = db
        .fetch_one("SELECT pg_database_size(current_database())")
        .await?;
    let bytes: i64 = size.get(0);
    Ok(bytes.unsigned_abs())
}

/// Writes all that the server has changed in memory to its tables.
pub async fn checkpoint(url: &str) -> anyhow::Result<()> {
    let mut db = PgConnection::connect(url).await?;
    db.execute("CHECKPOINT").await?;
    Ok(())
}

/// Drops a database; `url` is that of another one.
pub async fn drop_database(url: &str, name: &str) -> anyhow::Result<()> {
    let mut db = PgConnection::connect(url).await?;
    let statement = format!("DROP DATABASE {name} WITH (FORCE)");
    db.execute(sqlx::AssertSqlSafe(statement)).await?;
    Ok(())
}

/// A connection to an empty database that has got the tables.
async fn connect(url: &str) -> anyhow::Result<PgConnection> {
    let mut db = PgConnection::connect(url).await?;
    for statement in [
        format!("CREATE TABLE observations ({COLUMNS}, PRIMARY KEY (trace_id, id))"),
        "CREATE INDEX ON observations (start_time)".to_owned(),
        "CREATE INDEX ON observations (model, start_time)".to_owned(),
        "CREATE INDEX ON observations (name)".to_owned(),
        "CREATE INDEX ON observations (type)".to_owned(),
        format!("CREATE TEMPORARY TABLE incoming ({COLUMNS})"),
    ] {
        db.execute(sqlx::AssertSqlSafe(statement)).await?;
    }
    Ok(db)
}

/// PostgreSQL's text format, in which a backslash begins something; the corpora hold no control characters.
fn copy_text(rows: &[Observation]) -> String {
    let mut text = String::new();
    for row in rows {
        _ = writeln!(
            text,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            row.trace_id,
            row.id,
            row.name,
            row.kind,
            row.start_us,
            row.end_us,
            row.model,
            row.input_tokens,
            row.output_tokens,
            row.metadata,
            row.input.replace('\\', r"\\"),
            row.output.replace('\\', r"\\"),
        );
    }
    text
}
