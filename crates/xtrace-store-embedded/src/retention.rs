//! Retention: what is old enough goes, in steps between which commits get their turn.

use fjall::Readable;
use xtrace_model::{ProjectId, Timestamp, TraceId};
use xtrace_query::traces::{ID, LAST_ACTIVITY};

use crate::errors::EmbeddedError;
use crate::instance::Instance;
use crate::projection::read::ReadTransaction;
use crate::projection::schema::Rows;
use crate::truth::rows::split_payload_key;

/// Traces that one step deletes.
pub const STEP_TRACES: usize = 200;
/// Payloads without a row that one batch takes away.
const STEP_PAYLOADS: usize = 2_000;

/// Some traces last active before a time, by project.
pub fn expired_traces(
    at: &ReadTransaction<'_>,
    before: Timestamp,
) -> Result<Vec<(ProjectId, TraceId)>, EmbeddedError> {
    let sql = format!(
        "SELECT project, {} FROM {} WHERE {} < make_timestamp(?::BIGINT) ORDER BY project LIMIT {STEP_TRACES}",
        ID.column,
        at.source(Rows::Traces)?,
        LAST_ACTIVITY.column,
    );
    let mut statement = at.connection().prepare(&sql)?;
    let found = statement.query_map([before.as_micros()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    found
        .map(|entry| {
            let (project, id) = entry?;
            let corrupt = |error: xtrace_model::ids::IdError| EmbeddedError::Corrupt {
                what: "row of a trace",
                why: error.to_string(),
            };
            Ok((
                ProjectId::new(project).map_err(corrupt)?,
                TraceId::new(id).map_err(corrupt)?,
            ))
        })
        .collect()
}

impl Instance {
    /// Deletes points before a time from the file; the answer is how many.
    pub fn expire_points(&self, before: Timestamp) -> Result<u64, EmbeddedError> {
        self.move_all()?;
        let background = self.background.lock().expect("no panic while held");
        let sql = format!(
            "DELETE FROM {} WHERE timestamp < make_timestamp(?::BIGINT)",
            Rows::Points.in_file()
        );
        let deleted = background.execute(&sql, [before.as_micros()])?;
        Ok(deleted as u64)
    }

    /// Payload partitions that ended before a time. Rows in them were received before it, so hardly any
    /// can have been active since.
    pub fn ended_partitions(&self, before: Timestamp) -> Vec<u32> {
        let ended = |partition: &u32| crate::truth::Truth::partition_end(*partition) < before;
        self.truth.partitions().into_iter().filter(ended).collect()
    }

    /// Whether no row refers to a partition; where some do, payloads of deleted rows are taken away.
    ///
    /// INVARIANT: payloads enter the partition their row already has, or today's. So nothing refers anew
    /// to an ended partition, and the answer stays true.
    pub fn is_partition_unused(&self, partition: u32) -> Result<bool, EmbeddedError> {
        let payloads = self.truth.payloads(partition)?;
        let at = self.truth.snapshot();
        let mut is_unused = true;
        let mut orphans = Vec::new();
        for entry in at.iter(&payloads) {
            let key = entry.key()?;
            let is_live = match split_payload_key(&key) {
                Some((true, row)) => self
                    .truth
                    .trace(&at, row)?
                    .is_some_and(|row| row.partition == Some(partition)),
                Some((false, row)) => self
                    .truth
                    .observation(&at, row)?
                    .is_some_and(|row| row.partition == Some(partition)),
                None => false,
            };
            if is_live {
                is_unused = false;
            } else {
                orphans.push(key);
            }
        }
        if is_unused {
            return Ok(true);
        }
        for step in orphans.chunks(STEP_PAYLOADS) {
            let mut batch = self.truth.batch();
            for key in step {
                batch.remove(&payloads, key.clone());
            }
            self.truth.commit(batch)?;
        }
        Ok(false)
    }
}
