//! The catalogue: projects under their id.

use fjall::Readable;
use serde::{Deserialize, Serialize};
use xtrace_model::{ProjectId, Timestamp};
use xtrace_store::Project;

use crate::commit::Writer;
use crate::errors::EmbeddedError;
use crate::truth::Truth;
use crate::truth::records::{decode, encode};

const PROJECT: &[u8] = b"project\0";

#[derive(Serialize, Deserialize)]
struct StoredProject {
    name: Box<str>,
    created_at: Timestamp,
}

fn project_key(id: &ProjectId) -> Vec<u8> {
    [PROJECT, id.as_str().as_bytes()].concat()
}

fn project(id: ProjectId, value: &[u8]) -> Result<Project, EmbeddedError> {
    let StoredProject { name, created_at } = decode("project", value)?;
    Ok(Project {
        id,
        name,
        created_at,
    })
}

/// All projects by id.
pub fn projects(truth: &Truth) -> Result<Vec<Project>, EmbeddedError> {
    let mut projects = Vec::new();
    for entry in truth.snapshot().prefix(&truth.catalogue, PROJECT) {
        let (key, value) = entry.into_inner()?;
        let id = std::str::from_utf8(&key[PROJECT.len()..])
            .ok()
            .and_then(|text| ProjectId::new(text).ok());
        let id = id.ok_or(EmbeddedError::Corrupt {
            what: "project key",
            why: "not an id".to_owned(),
        })?;
        projects.push(project(id, &value)?);
    }
    Ok(projects)
}

/// One project, if it is there.
pub fn find_project(truth: &Truth, id: &ProjectId) -> Result<Option<Project>, EmbeddedError> {
    let value = truth.catalogue.get(project_key(id))?;
    value.map(|value| project(id.clone(), &value)).transpose()
}

impl Writer {
    /// The project of that id, created where there is none.
    pub fn ensure_project(
        &mut self,
        id: ProjectId,
        now: Timestamp,
    ) -> Result<Project, EmbeddedError> {
        let truth = &self.instance.truth;
        if let Some(found) = find_project(truth, &id)? {
            return Ok(found);
        }
        let stored = StoredProject {
            name: id.as_str().into(),
            created_at: now,
        };
        let mut batch = truth.batch();
        batch.insert(&truth.catalogue, project_key(&id), encode(&stored));
        truth.commit(batch)?;
        Ok(Project {
            id,
            name: stored.name,
            created_at: now,
        })
    }
}
