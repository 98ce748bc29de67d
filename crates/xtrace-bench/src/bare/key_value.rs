//! fjall alone.

use std::path::Path;
use std::time::Instant;

use fjall::{Database, KeyspaceCreateOptions, PersistMode};

use super::{Bare, Stopwatch, batches};
use crate::corpus::Corpus;
use crate::server::folder_bytes;

pub fn insert(corpus: &Corpus, folder: &Path, rows: u64) -> anyhow::Result<Bare> {
    let db = Database::builder(folder).open()?;
    let facts = db.keyspace("rows", KeyspaceCreateOptions::default)?;
    let payloads = db.keyspace("payloads", KeyspaceCreateOptions::default)?;
    let mut watch = Stopwatch::default();
    for rows in batches(corpus, rows) {
        let began = Instant::now();
        let mut batch = db.batch().durability(Some(PersistMode::SyncAll));
        for row in &rows {
            let key = format!("{}/{}", row.trace_id, row.id);
            let narrow = format!(
                "{}|{}|{}|{}|{}|{}|{}|{}",
                row.name,
                row.kind,
                row.start_us,
                row.end_us,
                row.model,
                row.input_tokens,
                row.output_tokens,
                row.metadata
            );
            batch.insert(&facts, key.as_str(), narrow);
            let payload = format!("{}|{}", row.input, row.output);
            batch.insert(&payloads, key.as_str(), payload);
        }
        batch.commit()?;
        watch.lap(began, rows.len());
    }
    let how = "fsynced batches of 1,000";
    Ok(watch.finish("fjall", how, folder_bytes(folder)?))
}
