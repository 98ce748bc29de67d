//! fjall alone.

use std::path::Path;
use std::time::Instant;

use fjall::{Database, KeyspaceCreateOptions, PersistMode};

use super::{BATCH_ROWS, Bare, Stopwatch};
use crate::corpus::Corpus;
use crate::server::folder_bytes;

pub fn insert(corpus: &Corpus, folder: &Path, rows: u64) -> anyhow::Result<Bare> {
    let db = Database::builder(folder).open()?;
    let facts = db.keyspace("rows", KeyspaceCreateOptions::default)?;
    let payloads = db.keyspace("payloads", KeyspaceCreateOptions::default)?;
    let mut watch = Stopwatch::start();
    for from in (0..rows).step_by(usize::try_from(BATCH_ROWS)?) {
        let began = Instant::now();
        let mut batch = db.batch().durability(Some(PersistMode::SyncAll));
        for n in from..(from + BATCH_ROWS).min(rows) {
            let row = corpus.row(n);
            let key = format!("{}/{}", row.trace_id, row.id);
            let narrow = format!(
                "{}|{}|{}|{}|{}|{}|{}",
                row.name,
                row.kind,
                row.start_us,
                row.end_us,
                row.model,
                row.input_tokens,
                row.output_tokens
            );
            batch.insert(&facts, key.as_str(), narrow);
            batch.insert(
                &payloads,
                key.as_str(),
                format!("{}|{}", corpus.input(n), corpus.output(n)),
            );
        }
        batch.commit()?;
        watch.lap(began);
    }
    Ok(watch.finish(
        "fjall",
        "fsynced batches of 1,000",
        rows,
        folder_bytes(folder)?,
    ))
}
