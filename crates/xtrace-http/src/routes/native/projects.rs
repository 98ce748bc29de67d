//! `GET /api/public/projects` — the project that the credentials open.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Open, ProjectAuth};
use crate::error::{ApiError, ApiResult};
use crate::map::scalar::Instant;

/// Exactly one project.
#[derive(Serialize, ToSchema)]
pub struct Projects {
    data: Vec<Project>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    id: String,
    name: String,
    created_at: Instant,
    updated_at: Instant,
    metadata: Map<String, Value>,
    organization: Organization,
}

/// There are no organizations; clients that expect one get the project under both names.
#[derive(Serialize, ToSchema)]
pub struct Organization {
    id: String,
    name: String,
}

/// Who am I?
///
/// The project that the credentials open; clients use it to check them.
#[utoipa::path(get, path = "/api/public/projects", operation_id = "listProjects", tag = "projects",
    responses((status = 200, description = "Exactly one project.", body = Projects)))]
pub async fn list(auth: ProjectAuth<Open>, State(app): State<App>) -> ApiResult<Json<Projects>> {
    let id = auth.scope().project();
    let projects = app.engine().projects().await?;
    let stored = projects.into_iter().find(|project| project.id == *id);
    let stored = stored
        .ok_or_else(|| ApiError::internal(format!("project {id} is not in the catalogue")))?;
    let (id, name) = (stored.id.to_string(), stored.name.to_string());
    let organization = Organization {
        id: id.clone(),
        name: name.clone(),
    };
    let created_at = Instant(stored.created_at);
    let project = Project {
        id,
        name,
        created_at,
        updated_at: created_at,
        metadata: Map::new(),
        organization,
    };
    Ok(Json(Projects {
        data: vec![project],
    }))
}

#[cfg(test)]
mod tests;
