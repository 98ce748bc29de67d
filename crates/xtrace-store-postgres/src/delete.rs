//! Deleting traces with all that belongs to them.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use xtrace_model::TraceId;
use xtrace_model::derive::trace_row;
use xtrace_store::{ErrorKind, ProjectScope, StoreError, StoreResult};

use crate::commit::Failure;
use crate::commit::summing::summaries;
use crate::engine::PostgresEngine;
use crate::errors::{InOperation as _, is_transient};
use crate::rollups::{Changed, Place, note};
use crate::states::TraceKept;
use crate::week::Week;

const OP: &str = "telemetry.delete";
/// How often a step is begun anew because a partition went away or a lock went in a circle.
const ATTEMPTS_MAX: u32 = 8;
/// Traces of one transaction.
const STEP: usize = 1_000;

impl PostgresEngine {
    pub(crate) async fn delete(&self, scope: &ProjectScope, ids: &[TraceId]) -> StoreResult<u64> {
        let mut ids: Vec<&str> = ids.iter().map(TraceId::as_str).collect();
        // Locks are taken in the order of the keys, here as in a commit.
        ids.sort_unstable();
        ids.dedup();
        let mut deleted = 0;
        for step in ids.chunks(STEP) {
            deleted += self.delete_step(scope, step).await?;
        }
        Ok(deleted)
    }

    async fn delete_step(&self, scope: &ProjectScope, ids: &[&str]) -> StoreResult<u64> {
        for _ in 0..ATTEMPTS_MAX {
            let mut transaction = self.writes.begin().await.during(OP)?;
            match delete_locked(&mut transaction, scope, ids).await {
                Ok(deleted) => {
                    transaction.commit().await.during(OP)?;
                    return Ok(deleted);
                }
                Err(Failure::Server(error)) if is_transient(&error) => {}
                Err(failure) => return Err(failure.during(OP)),
            }
        }
        Err(StoreError::new(
            ErrorKind::Conflict,
            OP,
            "other writers were quicker each time",
        ))
    }
}

async fn delete_locked(
    connection: &mut PgConnection,
    scope: &ProjectScope,
    ids: &[&str],
) -> Result<u64, Failure> {
    let projects = vec![scope.project().as_str(); ids.len()];
    let locked = sqlx::query(include_str!("sql/delete/lock_keys.sql"))
        .bind(projects)
        .bind(ids)
        .fetch_all(&mut *connection)
        .await?;
    remove(connection, &Keys::of(&locked)?).await
}

/// Keys of traces that this transaction has locked.
#[derive(Default)]
pub struct Keys {
    projects: Vec<String>,
    ids: Vec<String>,
}

impl Keys {
    /// From the columns `project` and `trace_id`.
    pub fn of(rows: &[PgRow]) -> sqlx::Result<Self> {
        let mut keys = Self::default();
        for row in rows {
            keys.projects.push(row.try_get("project")?);
            keys.ids.push(row.try_get("trace_id")?);
        }
        Ok(keys)
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub fn projects(&self) -> &[String] {
        &self.projects
    }

    pub fn ids(&self) -> &[String] {
        &self.ids
    }
}

/// Removes traces whose keys are locked, from the rollups as well; says how many there were.
///
/// INVARIANT: the lock is older than the statements' snapshots, so that what was written under the lock is removed, too.
pub async fn remove(connection: &mut PgConnection, keys: &Keys) -> Result<u64, Failure> {
    // Reading the rows keeps their weeks from being retired until this transaction has ended.
    let changes = changes(&mut *connection, keys).await?;
    let remove = sqlx::query(include_str!("sql/delete/remove.sql"));
    let row = remove
        .bind(keys.projects())
        .bind(keys.ids())
        .fetch_one(&mut *connection)
        .await?;
    let removed: i64 = row.try_get(0)?;
    note(connection, changes).await?;
    Ok(removed.unsigned_abs())
}

/// What the rollups change by when these traces go.
async fn changes(connection: &mut PgConnection, keys: &Keys) -> Result<Changed, Failure> {
    let rows = sqlx::query(include_str!("sql/delete/states.sql"))
        .bind(keys.projects())
        .bind(keys.ids())
        .fetch_all(&mut *connection)
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let project: String = row.try_get("project")?;
        let id: String = row.try_get("id")?;
        let id =
            TraceId::new(id).map_err(|error| StoreError::new(ErrorKind::Corrupt, OP, error))?;
        let kept = TraceKept::decode(row.try_get("state")?, OP)?;
        found.push((
            (Week(row.try_get("week")?), project.into_boxed_str()),
            id,
            kept,
        ));
    }
    let is_lacking = |(_, _, kept): &&(Place, TraceId, TraceKept)| kept.lacks_calls;
    let lacking = found.iter().filter(is_lacking);
    let lacking: Vec<_> = lacking
        .map(|((week, project), id, _)| (*week, &**project, id))
        .collect();
    let mut summaries = summaries(connection, &lacking).await?.into_iter();
    let mut changes = Changed::default();
    for (place, id, kept) in found {
        let anew = kept.lacks_calls.then(|| summaries.next()).flatten();
        let summary = anew.unwrap_or(kept.summary);
        let row = trace_row(id, &kept.facts, summary);
        changes.replace(&place, Some(&row), None);
    }
    Ok(changes)
}
