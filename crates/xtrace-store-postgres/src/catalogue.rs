//! The catalogue: projects.

use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use xtrace_model::{ProjectId, Timestamp};
use xtrace_store::{Catalogue, ErrorKind, Project, StoreError, StoreResult};

use crate::engine::PostgresEngine;
use crate::errors::InOperation as _;
use crate::values::Instant;

#[async_trait]
impl Catalogue for PostgresEngine {
    async fn ensure_project(&self, id: &ProjectId, now: Timestamp) -> StoreResult<Project> {
        const OP: &str = "catalogue.ensure_project";
        let mut connection = self.writes.acquire().await.during(OP)?;
        let create = sqlx::query(include_str!("sql/catalogue/ensure_project.sql"));
        create
            .bind(id.as_str())
            .bind(Instant(now))
            .execute(&mut *connection)
            .await
            .during(OP)?;
        let read = sqlx::query(include_str!("sql/catalogue/project.sql"));
        let row = read
            .bind(id.as_str())
            .fetch_one(&mut *connection)
            .await
            .during(OP)?;
        project(&row, OP)
    }

    async fn projects(&self) -> StoreResult<Vec<Project>> {
        const OP: &str = "catalogue.projects";
        let mut reader = self.reader(OP).await?;
        let projects = sqlx::query(include_str!("sql/catalogue/projects.sql"));
        let rows = projects.fetch_all(reader.connection()).await.during(OP)?;
        reader.done();
        rows.iter().map(|row| project(row, OP)).collect()
    }
}

fn project(row: &PgRow, op: &'static str) -> StoreResult<Project> {
    let id: String = row.try_get("id").during(op)?;
    let name: String = row.try_get("name").during(op)?;
    let created_at: Instant = row.try_get("created_at").during(op)?;
    Ok(Project {
        id: ProjectId::new(id).map_err(|error| StoreError::new(ErrorKind::Corrupt, op, error))?,
        name: name.into(),
        created_at: created_at.0,
    })
}
