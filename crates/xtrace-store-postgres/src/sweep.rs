//! Sweeping: parts that no payload names any more are removed, week by week and project by project.
//!
//! Whoever deletes or replaces a payload notes only where: which of its parts others name as well shows nowhere but in
//! the recipes of all, which are read here, without a lock on anybody. Why nothing is removed that somebody is just about
//! to name is said in `crate::parts`. One process sweeps at a time; a sweep that is cut off at any point begins anew
//! with the next run.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{Connection as _, PgConnection, Row as _};
use xtrace_payload::{PartId, PayloadError, Recipe};
use xtrace_store::StoreResult;

use crate::columns::Binding;
use crate::engine::PostgresEngine;
use crate::errors::is_lock_timeout;
use crate::parts::{Parts, Trouble, Unfolded};
use crate::week::Week;

const OP: &str = "upkeep.sweep";

/// How long a step waits for writers under way, and others behind it. The server's notation.
const LOCK_TIMEOUT: &str = "1s";
/// How often the lock on a week and project is asked for, and the pause between.
const LOCK_ATTEMPTS_MAX: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(250);
/// Parts noted as named by one statement.
const NAMED_MAX: usize = 8_192;
/// Payloads whose recipes are unpacked at once.
const UNPACKED_MAX: usize = 32;
/// Parts removed under one lock.
const REMOVED_MAX: usize = 2_000;

impl PostgresEngine {
    /// Removes the parts that nothing names, where something was deleted or replaced since the last sweep. Does nothing
    /// while another process sweeps.
    pub(crate) async fn sweep(&self) -> StoreResult<()> {
        self.sweep_all().await.map_err(|trouble| trouble.during(OP))
    }

    async fn sweep_all(&self) -> Result<(), Trouble> {
        let mut connection = self.writes.acquire().await?;
        // The right to sweep, and what is in temporary tables, ends with the connection.
        connection.close_on_drop();
        let alone = sqlx::query_scalar(include_str!("sql/sweep/try_alone.sql"));
        let is_alone: bool = alone.fetch_one(&mut *connection).await?;
        if !is_alone {
            return Ok(());
        }
        let shelves = sqlx::query(include_str!("sql/sweep/shelves.sql"))
            .fetch_all(&mut *connection)
            .await?;
        if shelves.is_empty() {
            return Ok(());
        }
        sqlx::query(include_str!("sql/sweep/create_named.sql"))
            .execute(&mut *connection)
            .await?;
        for row in shelves {
            let sweep = Sweep {
                parts: &self.parts,
                week: Week(row.try_get("week")?),
                project: row.try_get("project")?,
            };
            sweep.run(&mut connection).await?;
        }
        Ok(())
    }
}

/// The sweep of one week and project.
struct Sweep<'a> {
    parts: &'a Arc<Parts>,
    week: Week,
    project: String,
}

impl Sweep<'_> {
    async fn run(&self, connection: &mut PgConnection) -> Result<(), Trouble> {
        let announce = || self.about(include_str!("sql/sweep/announce.sql"));
        if !self.alone(connection, announce).await? {
            // Writers keep it; the next run tries again.
            return Ok(());
        }
        sqlx::query(include_str!("sql/sweep/clear_named.sql"))
            .execute(&mut *connection)
            .await?;
        self.name_from_traces(connection).await?;
        self.name_from_observations(connection).await?;
        if self.remove_unnamed(connection).await? {
            let withdraw = || self.about(include_str!("sql/sweep/withdraw.sql"));
            self.alone(connection, withdraw).await?;
        }
        Ok(())
    }

    fn about(&self, sql: &'static str) -> Binding<'_> {
        sqlx::query(sql).bind(self.week.0).bind(&*self.project)
    }

    /// Runs a statement with all writers kept away; says whether that was possible and gave a row.
    async fn alone<'q>(
        &self,
        connection: &mut PgConnection,
        statement: impl Fn() -> Binding<'q> + Send + Sync,
    ) -> Result<bool, Trouble> {
        for _ in 0..LOCK_ATTEMPTS_MAX {
            let mut transaction = connection.begin().await?;
            match self.run_alone(&mut transaction, statement()).await {
                Ok(is_done) => {
                    transaction.commit().await?;
                    return Ok(is_done);
                }
                Err(error) if is_lock_timeout(&error) => {
                    transaction.rollback().await?;
                    tokio::time::sleep(LOCK_PAUSE).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }

    async fn run_alone(
        &self,
        connection: &mut PgConnection,
        statement: Binding<'_>,
    ) -> sqlx::Result<bool> {
        let limit = sqlx::query(include_str!("sql/retention/limit_lock_wait.sql"));
        limit.bind(LOCK_TIMEOUT).execute(&mut *connection).await?;
        let lock = self.about(include_str!("sql/sweep/lock.sql"));
        lock.execute(&mut *connection).await?;
        Ok(statement.fetch_optional(connection).await?.is_some())
    }

    async fn name_from_traces(&self, connection: &mut PgConnection) -> Result<(), Trouble> {
        let mut last = String::new();
        loop {
            let page = self.about(include_str!("sql/sweep/trace_recipes.sql"));
            let rows = page.bind(&*last).fetch_all(&mut *connection).await?;
            self.name_from(connection, &rows).await?;
            let Some(row) = rows.last() else {
                return Ok(());
            };
            last = row.try_get("trace_id")?;
        }
    }

    async fn name_from_observations(&self, connection: &mut PgConnection) -> Result<(), Trouble> {
        let mut last = (String::new(), String::new());
        loop {
            let page = self.about(include_str!("sql/sweep/observation_recipes.sql"));
            let rows = page
                .bind(&*last.0)
                .bind(&*last.1)
                .fetch_all(&mut *connection)
                .await?;
            self.name_from(connection, &rows).await?;
            let Some(row) = rows.last() else {
                return Ok(());
            };
            last = (row.try_get("trace_id")?, row.try_get("id")?);
        }
    }

    /// Notes all parts that the recipes of some payloads name, and those that these name.
    async fn name_from(
        &self,
        connection: &mut PgConnection,
        rows: &[PgRow],
    ) -> Result<(), Trouble> {
        let mut named = HashSet::new();
        // Few at a time: a recipe may hold megabytes of text that is in no part.
        for some in rows.chunks(UNPACKED_MAX) {
            let mut stored: Vec<Vec<u8>> = Vec::new();
            for row in some {
                let both: [Option<Vec<u8>>; 2] =
                    [row.try_get("input_recipe")?, row.try_get("output_recipe")?];
                stored.extend(both.into_iter().flatten());
            }
            add_named(&self.parts.unpack(connection, stored).await?, &mut named)?;
        }
        while !named.is_empty() {
            let bodies = self.note_named(connection, &named).await?;
            named.clear();
            add_named(&bodies, &mut named)?;
        }
        Ok(())
    }

    /// Notes parts as named; the answer is the bodies of those that were not noted before and name parts themselves.
    async fn note_named(
        &self,
        connection: &mut PgConnection,
        named: &HashSet<PartId>,
    ) -> Result<Vec<Unfolded>, Trouble> {
        let named: Vec<&[u8]> = named.iter().map(|id| id.as_bytes().as_slice()).collect();
        let mut bodies = Vec::new();
        for ids in named.chunks(NAMED_MAX) {
            let note = sqlx::query_scalar(include_str!("sql/sweep/name.sql")).bind(ids);
            let new: Vec<Vec<u8>> = note.fetch_all(&mut *connection).await?;
            let groups = self.about(include_str!("sql/sweep/groups.sql")).bind(new);
            for row in groups.fetch_all(&mut *connection).await? {
                bodies.push(row.try_get("body")?);
            }
        }
        self.parts.unpack(connection, bodies).await
    }

    /// Removes what is not named; says whether it came to the end.
    async fn remove_unnamed(&self, connection: &mut PgConnection) -> Result<bool, Trouble> {
        let mut last: Vec<u8> = Vec::new();
        loop {
            let page = self.about(include_str!("sql/sweep/next_parts.sql"));
            let row = page.bind(&*last).fetch_one(&mut *connection).await?;
            let Some(greatest) = row.try_get("last")? else {
                return Ok(true);
            };
            last = greatest;
            let unnamed: Option<Vec<Vec<u8>>> = row.try_get("unnamed")?;
            for ids in unnamed.unwrap_or_default().chunks(REMOVED_MAX) {
                let remove = || self.about(include_str!("sql/sweep/remove.sql")).bind(ids);
                if !self.alone(connection, remove).await? {
                    return Ok(false);
                }
            }
        }
    }
}

/// Small parts are kept in what names them: they name others, but are no rows themselves.
fn add_named(unfolded: &[Unfolded], named: &mut HashSet<PartId>) -> Result<(), PayloadError> {
    for each in unfolded {
        let small: HashSet<PartId> = each.small.iter().map(|(id, _)| *id).collect();
        let bodies = each.small.iter().map(|(_, body)| body);
        for body in bodies.chain([&each.body]) {
            let ids = Recipe::decode(body)?
                .references()
                .map(|reference| reference.id);
            named.extend(ids.filter(|id| !small.contains(id)));
        }
    }
    Ok(())
}
