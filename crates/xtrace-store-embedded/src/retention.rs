//! Retention: what is old enough goes, in steps between which commits get their turn.

use fjall::{Readable, Snapshot};
use xtrace_model::{ProjectId, Timestamp, TraceId};
use xtrace_query::traces::{ID, LAST_ACTIVITY};

use crate::commit::Writer;
use crate::delete::take_payload;
use crate::errors::EmbeddedError;
use crate::instance::Instance;
use crate::projection::read::ReadTransaction;
use crate::projection::schema::Rows;
use crate::truth::keys;
use crate::truth::rows::{OBSERVATION_PAYLOAD, TRACE_PAYLOAD, split_payload_key};

/// Traces that one step deletes.
pub const STEP_TRACES: usize = 200;
/// Payloads without a row that one batch takes away.
pub const STEP_PAYLOADS: usize = 2_000;

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

    /// The payloads in a partition whose rows are gone, if some rows still refer to it; `None` if none does.
    ///
    /// INVARIANT: payloads enter the partition their row already has, or today's. So nothing refers anew
    /// to an ended partition, and the answer stays true.
    pub fn orphans_beside_rows(
        &self,
        partition: u32,
    ) -> Result<Option<Vec<Vec<u8>>>, EmbeddedError> {
        let Some(payloads) = self.truth.stored_payloads(partition) else {
            return Ok(None);
        };
        let at = self.truth.snapshot();
        let mut is_unused = true;
        let mut orphans = Vec::new();
        for tag in [TRACE_PAYLOAD, OBSERVATION_PAYLOAD] {
            for entry in at.prefix(&payloads, [tag]) {
                let key = entry.key()?;
                if self.has_row(&at, partition, &key)? {
                    is_unused = false;
                } else {
                    orphans.push(key.to_vec());
                }
            }
        }
        Ok((!is_unused).then_some(orphans))
    }

    fn has_row(&self, at: &Snapshot, partition: u32, key: &[u8]) -> Result<bool, EmbeddedError> {
        let of_row = match split_payload_key(key) {
            Some((true, row)) => self.truth.trace(at, row)?.map(|row| row.partition),
            Some((false, row)) => self.truth.observation(at, row)?.map(|row| row.partition),
            None => None,
        };
        Ok(of_row == Some(Some(partition)))
    }
}

impl Writer {
    /// Takes away payloads whose rows are gone.
    pub fn drop_orphans(
        &mut self,
        partition: u32,
        keys: Vec<Vec<u8>>,
    ) -> Result<(), EmbeddedError> {
        let instance = self.instance.clone();
        let at = instance.truth.snapshot();
        let mut change = self.begin();
        for key in keys {
            if instance.has_row(&at, partition, &key)? {
                continue;
            }
            let row = split_payload_key(&key).and_then(|(_, row)| keys::project_of(row));
            if let Some(project) = row {
                take_payload(&instance, &at, &mut change, (partition, &project, &key))?;
            }
        }
        self.store(change)
    }

    /// Deletes a partition with all that is in it.
    pub fn drop_partition(&mut self, partition: u32) -> Result<(), EmbeddedError> {
        self.instance.truth.drop_partition(partition)?;
        self.instance.parts.forget(partition);
        Ok(())
    }
}
