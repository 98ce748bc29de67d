//! Rollups as they are kept: changes that commits append, and sums that they are added to now and then.
//!
//! Several processes may commit at once, and all of them change the same few cells: those of now. So no commit touches a
//! sum; it appends its changes, and whoever has appended enough adds all changes to the sums, in one transaction. Readers
//! add up both, and so see the same before and after.

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{PgConnection, PgPool, Row as _};
use xtrace_model::{Rollup, Sums};
use xtrace_store::StoreResult;

use crate::engine::PostgresEngine;
use crate::errors::InOperation as _;
use crate::values::{Instant, Money, storable};
use crate::week::Week;

/// Changes of this process after which it adds them to the sums: each reader looks at all that are not.
const CHANGES_MAX: u64 = 2_000;

/// Where a trace's cells are kept: in its week and project.
pub type Place = (Week, Box<str>);

/// Counts changes that are not in the sums yet.
#[derive(Debug, Default)]
pub struct Changes(AtomicU64);

impl Changes {
    /// Counts changes that were committed; says whether it is time to add them to the sums.
    pub fn count(&self, new: u64) -> bool {
        let before = self.0.fetch_add(new, Ordering::Relaxed);
        if before + new < CHANGES_MAX {
            return false;
        }
        self.0.swap(0, Ordering::Relaxed) >= CHANGES_MAX
    }
}

/// Appends what a transaction changed; the answer is how many rows that took.
pub async fn note(connection: &mut PgConnection, changes: Rollup<Place>) -> sqlx::Result<u64> {
    let cells: Vec<_> = changes.into_cells().collect();
    if cells.is_empty() {
        return Ok(0);
    }
    let (mut parts, mut projects) = (Vec::new(), Vec::new());
    let (mut kinds, mut buckets, mut models) = (Vec::new(), Vec::new(), Vec::new());
    for ((week, project), cell, _) in &cells {
        parts.push(week.0);
        projects.push(&**project);
        kinds.push(cell.kind());
        buckets.push(Instant(cell.bucket()));
        models.push(storable(cell.model()));
    }
    fn of<T>(cells: &[(Place, xtrace_model::Cell, Sums)], one: impl Fn(&Sums) -> T) -> Vec<T> {
        cells.iter().map(|(_, _, sums)| one(sums)).collect()
    }
    sqlx::query(include_str!("sql/rollups/note.sql"))
        .bind(parts)
        .bind(buckets)
        .bind(of(&cells, |sums| sums.traces))
        .bind(of(&cells, |sums| sums.observations))
        .bind(of(&cells, |sums| sums.sent_traces))
        .bind(kinds)
        .bind(projects)
        .bind(models)
        .bind(of(&cells, |sums| sums.input_tokens.to_string()))
        .bind(of(&cells, |sums| sums.output_tokens.to_string()))
        .bind(of(&cells, |sums| sums.total_tokens.to_string()))
        .bind(of(&cells, |sums| Money(sums.cost)))
        .bind(of(&cells, |sums| Money(sums.sent_cost)))
        .execute(connection)
        .await?;
    Ok(cells.len() as u64)
}

impl PostgresEngine {
    /// Counts changes that were committed, and lets them be added to the sums beside other work when there are enough.
    pub(crate) fn count_changes(&self, new: u64) {
        if !self.rollup_changes.count(new) {
            return;
        }
        let pool = self.writes.clone();
        tokio::spawn(async move {
            match sum(&pool).await {
                Ok(changes) => tracing::debug!(changes, "added changes to the rollups"),
                Err(sqlx::Error::PoolClosed) => {}
                // Readers add them up as they are; the next time there are more of them.
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot add changes to the rollups; reading them takes longer until it works"
                ),
            }
        });
    }

    /// Adds all changes to the sums and removes empty ones.
    pub(crate) async fn tidy_rollups(&self) -> StoreResult<()> {
        const OP: &str = "rollups.tidy";
        sum(&self.writes).await.during(OP)?;
        let remove = sqlx::query(include_str!("sql/rollups/remove_empty.sql"));
        remove.execute(&self.writes).await.during(OP).map(drop)
    }

    /// Makes all rollups anew from the rows; commits wait meanwhile. The answer is how many cells there are.
    ///
    /// # Errors
    /// The server cannot be reached, or takes longer than a commit may.
    pub async fn rebuild_rollups(&self) -> StoreResult<u64> {
        self.number("rollups.rebuild", include_str!("sql/rollups/rebuild.sql"))
            .await
    }

    /// How many cells of the rollups differ from what the rows say; reads all rows.
    ///
    /// # Errors
    /// As [`Self::rebuild_rollups`].
    pub async fn wrong_rollups(&self) -> StoreResult<u64> {
        self.number("rollups.check", include_str!("sql/rollups/wrong.sql"))
            .await
    }

    /// Runs a statement for as long as it takes.
    async fn number(&self, op: &'static str, sql: &'static str) -> StoreResult<u64> {
        let mut transaction = self.writes.begin().await.during(op)?;
        let unlimited = sqlx::query(include_str!("sql/session/unlimited.sql"));
        unlimited.execute(&mut *transaction).await.during(op)?;
        let row = sqlx::query(sql).fetch_one(&mut *transaction).await;
        let number: i64 = row.and_then(|row| row.try_get(0)).during(op)?;
        transaction.commit().await.during(op)?;
        Ok(number.unsigned_abs())
    }
}

async fn sum(pool: &PgPool) -> sqlx::Result<i64> {
    let row = sqlx::query(include_str!("sql/rollups/sum.sql"));
    row.fetch_one(pool).await?.try_get(0)
}
