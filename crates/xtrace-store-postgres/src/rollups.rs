//! Rollups as they are kept: changes that commits append, and sums that they are added to now and then.
//!
//! Several processes may commit at once, and all of them change the same few cells: those of now. So no commit touches a
//! sum; it appends its changes, and whoever has appended enough adds all changes to the sums, in one transaction. Readers
//! add up both, and so see the same before and after.

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{PgConnection, PgPool, Row as _};
use xtrace_model::{Rollup, Sums, Timestamp, TraceRow};
use xtrace_store::StoreResult;

use crate::columns::Binding;
use crate::counted::Counts;
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

/// What a transaction changes of the rollups, and of the numbers that are kept as they are.
#[derive(Default)]
pub struct Changed {
    sums: Rollup<Place>,
    counts: Counts,
}

impl Changed {
    /// A trace was `before` and is `after`, where there was one or is one.
    pub fn replace(&mut self, place: &Place, before: Option<&TraceRow>, after: Option<&TraceRow>) {
        self.counts.replace(place, before, after);
        if let Some(before) = before {
            self.sums.subtract(place, before);
        }
        if let Some(after) = after {
            self.sums.add(place, after);
        }
    }
}

/// Rows to be appended, as columns.
#[derive(Default)]
pub struct Rows {
    weeks: Vec<i32>,
    projects: Vec<String>,
    kinds: Vec<i16>,
    buckets: Vec<Instant>,
    models: Vec<String>,
    sums: Vec<Sums>,
}

impl Rows {
    pub fn of(changed: Changed) -> Self {
        let mut rows = Self::default();
        for (place, cell, sums) in changed.sums.into_cells() {
            let model = storable(cell.model()).into_owned();
            rows.push(place, (cell.kind(), cell.bucket(), model), sums);
        }
        for (place, kind, value, traces) in changed.counts.into_changes() {
            let sums = Sums {
                traces,
                ..Sums::default()
            };
            let cell = (kind as i16, Timestamp::default(), value.into());
            rows.push(place, cell, sums);
        }
        rows
    }

    fn push(
        &mut self,
        (week, project): Place,
        (kind, bucket, model): (i16, Timestamp, String),
        sums: Sums,
    ) {
        self.weeks.push(week.0);
        self.projects.push(project.into());
        self.kinds.push(kind);
        self.buckets.push(Instant(bucket));
        self.models.push(model);
        self.sums.push(sums);
    }

    pub fn count(&self) -> u64 {
        self.sums.len() as u64
    }

    /// Binds the columns in the order of `note.sql`.
    pub fn bind_to<'q>(&self, query: Binding<'q>) -> Binding<'q> {
        query
            .bind(self.weeks.clone())
            .bind(self.buckets.clone())
            .bind(self.each(|sums| sums.traces))
            .bind(self.each(|sums| sums.observations))
            .bind(self.each(|sums| sums.sent_traces))
            .bind(self.kinds.clone())
            .bind(self.projects.clone())
            .bind(self.models.clone())
            .bind(self.each(|sums| sums.input_tokens.to_string()))
            .bind(self.each(|sums| sums.output_tokens.to_string()))
            .bind(self.each(|sums| sums.total_tokens.to_string()))
            .bind(self.each(|sums| Money(sums.cost)))
            .bind(self.each(|sums| Money(sums.sent_cost)))
    }

    fn each<T>(&self, one: impl Fn(&Sums) -> T) -> Vec<T> {
        self.sums.iter().map(one).collect()
    }
}

/// Appends what a transaction changed.
pub async fn note(connection: &mut PgConnection, changed: Changed) -> sqlx::Result<()> {
    let rows = Rows::of(changed);
    if rows.count() == 0 {
        return Ok(());
    }
    let note = rows.bind_to(sqlx::query(include_str!("sql/rollups/note.sql")));
    note.execute(connection).await.map(drop)
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
