//! DuckDB alone.

use std::path::Path;
use std::time::Instant;

use duckdb::{Connection, params};

use super::{Bare, Stopwatch, batches};
use crate::corpus::Corpus;
use crate::server::folder_bytes;

const SCHEMA: &str = "CREATE TABLE observations (trace_id VARCHAR, id VARCHAR, name VARCHAR, type VARCHAR, \
     start_time BIGINT, end_time BIGINT, model VARCHAR, input_tokens BIGINT, output_tokens BIGINT, \
     metadata VARCHAR, input VARCHAR, output VARCHAR)";

pub fn append(corpus: &Corpus, folder: &Path, rows: u64) -> anyhow::Result<Bare> {
    let db = Connection::open(folder.join("bare.db"))?;
    db.execute_batch(SCHEMA)?;
    let mut watch = Stopwatch::default();
    for batch in batches(corpus, rows) {
        let began = Instant::now();
        db.execute_batch("BEGIN")?;
        let mut appender = db.appender("observations")?;
        for row in &batch {
            appender.append_row(params![
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
                row.input,
                row.output,
            ])?;
        }
        appender.flush()?;
        drop(appender);
        db.execute_batch("COMMIT")?;
        watch.lap(began, batch.len());
    }
    let how = "append and commit, batches of 1,000";
    Ok(watch.finish("DuckDB", how, folder_bytes(folder)?))
}
