//! DuckDB alone.

use std::path::Path;
use std::time::Instant;

use duckdb::{Connection, params};

use super::{BATCH_ROWS, Bare, Stopwatch};
use crate::corpus::Corpus;
use crate::server::folder_bytes;

const SCHEMA: &str = "CREATE TABLE observations (trace_id VARCHAR, id VARCHAR, name VARCHAR, type VARCHAR, \
     start_time BIGINT, end_time BIGINT, model VARCHAR, input_tokens BIGINT, output_tokens BIGINT, \
     input VARCHAR, output VARCHAR)";

pub fn append(corpus: &Corpus, folder: &Path, rows: u64) -> anyhow::Result<Bare> {
    let db = Connection::open(folder.join("bare.db"))?;
    db.execute_batch(SCHEMA)?;
    let mut watch = Stopwatch::start();
    for from in (0..rows).step_by(usize::try_from(BATCH_ROWS)?) {
        let began = Instant::now();
        db.execute_batch("BEGIN")?;
        let mut appender = db.appender("observations")?;
        for n in from..(from + BATCH_ROWS).min(rows) {
            let row = corpus.row(n);
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
                corpus.input(n),
                corpus.output(n),
            ])?;
        }
        appender.flush()?;
        drop(appender);
        db.execute_batch("COMMIT")?;
        watch.lap(began);
    }
    Ok(watch.finish(
        "DuckDB",
        "append and commit, batches of 1,000",
        rows,
        folder_bytes(folder)?,
    ))
}
