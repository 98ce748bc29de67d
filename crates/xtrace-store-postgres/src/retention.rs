//! Retention: whole weeks are detached and dropped, what is old in the others is deleted in small steps.
//!
//! No step holds a lock that a commit needs for longer than [`LOCK_TIMEOUT`]; a week that is in use then is left for
//! the next run.

use std::time::Duration;

use sqlx::{PgConnection, Row as _};
use xtrace_model::Timestamp;
use xtrace_store::{Expired, Expiry, StoreResult};

use crate::delete::{Keys, remove};
use crate::engine::PostgresEngine;
use crate::errors::{InOperation as _, is_lock_timeout, store_error};
use crate::values::Instant;
use crate::week::Week;

const OP: &str = "upkeep.expire";

/// How long a step waits for a lock, and others behind it. The server's notation.
const LOCK_TIMEOUT: &str = "100ms";
/// How often a week in use is tried again within a run, and the pause between.
const LOCK_ATTEMPTS_MAX: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(500);
/// Keys of a retired week removed by one statement.
const KEYS_STEP: i64 = 5_000;
/// Blocks of a partition of points looked through by one statement: 4 MiB.
const BLOCKS_STEP: i64 = 512;
/// Chunks of points removed by one statement.
const CHUNKS_STEP: i64 = 5_000;

impl PostgresEngine {
    pub(crate) async fn expire_all(&self, expiry: Expiry) -> StoreResult<Expired> {
        let mut expired = Expired::default();
        if let Some(cutoff) = expiry.traces_before {
            expired.traces = self.expire_traces(cutoff).await?;
        }
        if let Some(cutoff) = expiry.points_before {
            expired.points = self.expire_points(cutoff).await?;
            self.remove_silent_series().await?;
        }
        self.sweep().await?;
        self.tidy_rollups().await?;
        self.forget_weeks();
        self.prepare_weeks().await?;
        Ok(expired)
    }

    async fn expire_traces(&self, cutoff: Timestamp) -> StoreResult<u64> {
        for week in self
            .weeks_of(include_str!("sql/retention/weeks.sql"))
            .await?
        {
            if week < self.present_week()
                && self
                    .newest_activity(week)
                    .await?
                    .is_none_or(|newest| newest < cutoff)
            {
                self.retire(week, cutoff).await?;
            }
        }
        let mut traces = 0;
        // Also those that an earlier run has not come to the end of.
        for week in self
            .weeks_of(include_str!("sql/retention/retired_weeks.sql"))
            .await?
        {
            traces += self.drop_retired(week).await?;
        }
        while let removed @ 1.. = self.expire_some_traces(cutoff).await? {
            traces += removed;
        }
        Ok(traces)
    }

    async fn weeks_of(&self, sql: &'static str) -> StoreResult<Vec<Week>> {
        let mut connection = self.writes.acquire().await.during(OP)?;
        let rows = sqlx::query(sql)
            .fetch_all(&mut *connection)
            .await
            .during(OP)?;
        rows.iter()
            .map(|row| row.try_get("week").map(Week).during(OP))
            .collect()
    }

    async fn newest_activity(&self, week: Week) -> StoreResult<Option<Timestamp>> {
        let mut connection = self.writes.acquire().await.during(OP)?;
        let newest = sqlx::query(include_str!("sql/retention/newest_activity.sql"));
        let row = newest
            .bind(week.0)
            .fetch_one(&mut *connection)
            .await
            .during(OP)?;
        let newest: Option<Instant> = row.try_get("newest").during(OP)?;
        Ok(newest.map(|instant| instant.0))
    }

    /// Detaches a week; leaves it where it stays in use.
    async fn retire(&self, week: Week, cutoff: Timestamp) -> StoreResult<()> {
        for _ in 0..LOCK_ATTEMPTS_MAX {
            let mut transaction = self.writes.begin().await.during(OP)?;
            limit_lock_wait(&mut transaction).await.during(OP)?;
            let retire = sqlx::query(include_str!("sql/retention/retire_week.sql"));
            match retire
                .bind(week.0)
                .bind(Instant(cutoff))
                .execute(&mut *transaction)
                .await
            {
                Ok(_) => return transaction.commit().await.during(OP),
                Err(error) if is_lock_timeout(&error) => tokio::time::sleep(LOCK_PAUSE).await,
                Err(error) => return Err(store_error(OP, error)),
            }
        }
        tracing::info!(
            monday_days = week.0,
            "a week to be dropped stays in use; the next run tries again"
        );
        Ok(())
    }

    async fn drop_retired(&self, week: Week) -> StoreResult<u64> {
        let mut connection = self.writes.acquire().await.during(OP)?;
        loop {
            let step = sqlx::query(include_str!("sql/retention/remove_keys.sql"))
                .bind(week.0)
                .bind(KEYS_STEP);
            let removed: i64 = step
                .fetch_one(&mut *connection)
                .await
                .and_then(|row| row.try_get(0))
                .during(OP)?;
            if removed == 0 {
                break;
            }
        }
        let drop = sqlx::query(include_str!("sql/retention/drop_week.sql")).bind(week.0);
        let held: i64 = drop
            .fetch_one(&mut *connection)
            .await
            .and_then(|row| row.try_get(0))
            .during(OP)?;
        Ok(held.unsigned_abs())
    }

    /// One step: locks some old traces that nobody is writing, looks again, removes them.
    async fn expire_some_traces(&self, cutoff: Timestamp) -> StoreResult<u64> {
        let mut transaction = self.writes.begin().await.during(OP)?;
        let lock =
            sqlx::query(include_str!("sql/retention/lock_old_traces.sql")).bind(Instant(cutoff));
        let locked = lock
            .fetch_all(&mut *transaction)
            .await
            .and_then(|rows| Keys::of(&rows))
            .during(OP)?;
        if locked.is_empty() {
            return Ok(0);
        }
        let still_old = sqlx::query(include_str!("sql/retention/still_old_traces.sql"))
            .bind(locked.projects())
            .bind(locked.ids())
            .bind(Instant(cutoff));
        let old = still_old
            .fetch_all(&mut *transaction)
            .await
            .and_then(|rows| Keys::of(&rows))
            .during(OP)?;
        let removed = remove(&mut transaction, &old).await;
        let removed = removed.map_err(|failure| failure.during(OP))?;
        transaction.commit().await.during(OP)?;
        Ok(removed)
    }

    async fn expire_points(&self, cutoff: Timestamp) -> StoreResult<u64> {
        // So that no point is counted twice, as a row and in a chunk.
        self.packer.pack(cutoff).await?;
        let mut points = 0;
        for week in self
            .weeks_of(include_str!("sql/retention/points_weeks.sql"))
            .await?
        {
            if week.end() <= cutoff {
                points += self.drop_points(week).await?;
            } else if week <= Week::of(cutoff) {
                points += self.delete_points(Some(week), cutoff).await?;
            }
        }
        points += self.delete_points(None, cutoff).await?;
        points += self.packer.trim(cutoff).await?;
        self.forget_hours(cutoff).await?;
        Ok(points)
    }

    async fn drop_points(&self, week: Week) -> StoreResult<u64> {
        for _ in 0..LOCK_ATTEMPTS_MAX {
            let mut transaction = self.writes.begin().await.during(OP)?;
            limit_lock_wait(&mut transaction).await.during(OP)?;
            let drop = sqlx::query(include_str!("sql/retention/drop_points_week.sql")).bind(week.0);
            match drop
                .fetch_one(&mut *transaction)
                .await
                .and_then(|row| row.try_get::<i64, _>(0))
            {
                Ok(held) => {
                    transaction.commit().await.during(OP)?;
                    return Ok(held.unsigned_abs());
                }
                Err(error) if is_lock_timeout(&error) => tokio::time::sleep(LOCK_PAUSE).await,
                Err(error) => return Err(store_error(OP, error)),
            }
        }
        Ok(0)
    }

    /// Deletes old points from one partition, rows block by block, then chunks; `None` is the default partition.
    async fn delete_points(&self, week: Option<Week>, cutoff: Timestamp) -> StoreResult<u64> {
        let mut connection = self.writes.acquire().await.during(OP)?;
        let mut deleted = 0;
        let mut block: i64 = 0;
        loop {
            let step = sqlx::query(include_str!("sql/retention/delete_points.sql"))
                .bind(week.map(|week| week.0))
                .bind(Instant(cutoff))
                .bind(block)
                .bind(BLOCKS_STEP);
            let count: i64 = step
                .fetch_one(&mut *connection)
                .await
                .and_then(|row| row.try_get(0))
                .during(OP)?;
            let Ok(count) = u64::try_from(count) else {
                break;
            };
            deleted += count;
            block += BLOCKS_STEP;
        }
        loop {
            let step = sqlx::query(include_str!("sql/retention/delete_chunks.sql"))
                .bind(week.map(|week| week.0))
                .bind(Instant(cutoff))
                .bind(CHUNKS_STEP);
            let count: i64 = step
                .fetch_one(&mut *connection)
                .await
                .and_then(|row| row.try_get(0))
                .during(OP)?;
            let Ok(count) = u64::try_from(count) else {
                return Ok(deleted);
            };
            deleted += count;
        }
    }

    /// Forgets hours whose rows have been deleted, with writers of points kept away: they note an hour before they write
    /// a row of it.
    async fn forget_hours(&self, cutoff: Timestamp) -> StoreResult<()> {
        let mut transaction = self.writes.begin().await.during(OP)?;
        limit_lock_wait(&mut transaction).await.during(OP)?;
        let lock = sqlx::query(include_str!("sql/retention/lock_series.sql"));
        match lock.execute(&mut *transaction).await {
            Ok(_) => {}
            // Writers keep it; the next run tries again.
            Err(error) if is_lock_timeout(&error) => return Ok(()),
            Err(error) => return Err(store_error(OP, error)),
        }
        let forget = sqlx::query(include_str!("sql/retention/forget_hours.sql"));
        forget
            .bind(Instant(cutoff))
            .execute(&mut *transaction)
            .await
            .during(OP)?;
        transaction.commit().await.during(OP)
    }

    /// Removes series that have no points left, some thousand at a time.
    async fn remove_silent_series(&self) -> StoreResult<()> {
        let mut last: i64 = 0;
        loop {
            let mut transaction = self.writes.begin().await.during(OP)?;
            let next = sqlx::query(include_str!("sql/retention/silent_series.sql")).bind(last);
            let row = next.fetch_one(&mut *transaction).await.during(OP)?;
            let Some(greatest) = row.try_get("last").during(OP)? else {
                return Ok(());
            };
            last = greatest;
            let silent: Option<Vec<i64>> = row.try_get("silent").during(OP)?;
            let Some(silent) = silent else { continue };
            limit_lock_wait(&mut transaction).await.during(OP)?;
            let lock = sqlx::query(include_str!("sql/retention/lock_series.sql"));
            match lock.execute(&mut *transaction).await {
                Ok(_) => {}
                // Writers keep it; the next run tries again.
                Err(error) if is_lock_timeout(&error) => return Ok(()),
                Err(error) => return Err(store_error(OP, error)),
            }
            let remove = sqlx::query(include_str!("sql/retention/remove_series.sql")).bind(silent);
            remove.execute(&mut *transaction).await.during(OP)?;
            transaction.commit().await.during(OP)?;
            self.series.forget();
        }
    }
}

async fn limit_lock_wait(connection: &mut PgConnection) -> sqlx::Result<()> {
    let limit = sqlx::query(include_str!("sql/retention/limit_lock_wait.sql")).bind(LOCK_TIMEOUT);
    limit.execute(connection).await.map(drop)
}
