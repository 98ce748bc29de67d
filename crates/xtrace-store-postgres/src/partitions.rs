//! Partitions exist before the first row that needs them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use sqlx::PgConnection;
use xtrace_model::Timestamp;
use xtrace_store::StoreResult;

use crate::engine::PostgresEngine;
use crate::errors::InOperation as _;
use crate::week::Week;

/// Points further from the present than this go to the default partition.
const POINTS_WEEKS_BACK: i32 = 13;
const POINTS_WEEKS_AHEAD: i32 = 1;

impl PostgresEngine {
    /// The week that new traces are put in.
    pub(crate) fn present_week(&self) -> Week {
        Week::of(self.clock.now())
    }

    /// Creates the partitions of this week and the next, so that no commit waits for them at midnight on Sunday.
    pub(crate) async fn prepare_weeks(&self) -> StoreResult<()> {
        let week = self.present_week();
        for week in [week, week.plus(1)] {
            self.ensure_week(week).await?;
            self.ensure_points_week(week).await?;
        }
        Ok(())
    }

    pub(crate) async fn ensure_week(&self, week: Week) -> StoreResult<()> {
        self.ensure(
            &self.weeks,
            week,
            include_str!("sql/commit/create_week.sql"),
        )
        .await
    }

    /// Creates the partitions for points of these times.
    pub(crate) async fn ensure_points_weeks(
        &self,
        times: impl Iterator<Item = Timestamp>,
    ) -> StoreResult<()> {
        let present = self.present_week();
        let own = present.plus(-POINTS_WEEKS_BACK)..=present.plus(POINTS_WEEKS_AHEAD);
        let weeks: BTreeSet<Week> = times
            .map(Week::of)
            .filter(|week| own.contains(week))
            .collect();
        for week in weeks {
            self.ensure_points_week(week).await?;
        }
        Ok(())
    }

    async fn ensure_points_week(&self, week: Week) -> StoreResult<()> {
        self.ensure(
            &self.points_weeks,
            week,
            include_str!("sql/metrics/create_week.sql"),
        )
        .await
    }

    async fn ensure(
        &self,
        known: &Mutex<BTreeSet<Week>>,
        week: Week,
        create: &'static str,
    ) -> StoreResult<()> {
        const OP: &str = "partitions.create";
        if locked(known).contains(&week) {
            return Ok(());
        }
        let mut connection = self.writes.acquire().await.during(OP)?;
        create_week(&mut connection, week, create)
            .await
            .during(OP)?;
        locked(known).insert(week);
        Ok(())
    }

    /// Another process may have dropped a partition we remember.
    pub(crate) fn forget_weeks(&self) {
        locked(&self.weeks).clear();
        locked(&self.points_weeks).clear();
    }
}

async fn create_week(
    connection: &mut PgConnection,
    week: Week,
    create: &'static str,
) -> sqlx::Result<()> {
    sqlx::query(create)
        .bind(week.0)
        .execute(connection)
        .await
        .map(drop)
}

fn locked(known: &Mutex<BTreeSet<Week>>) -> std::sync::MutexGuard<'_, BTreeSet<Week>> {
    // A set that a panic left behind is still a set of weeks that exist.
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
