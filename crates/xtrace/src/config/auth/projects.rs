//! Credentials of several projects, as lists in one variable each: `project:write_token[:read_token]` and
//! `project:public_key:secret_key`.

use xtrace_http::{Access, Credential, Key};
use xtrace_model::ProjectId;

use super::Secret;
use crate::config::reader::Reader;

pub(super) const TOKENS: &str = "XTRACE_PROJECT_TOKENS";
pub(super) const PAIRS: &str = "XTRACE_PROJECT_BASIC_AUTH";
pub(super) const TOKENS_EXPECTED: &str = "project:write_token or project:write_token:read_token";
pub(super) const PAIRS_EXPECTED: &str = "project:public_key:secret_key";

/// The tokens of a list; what is wrong with an entry is noted by its position, for the entry is secret.
pub(super) fn tokens(reader: &mut Reader, list: &Secret) -> Vec<Credential> {
    let mut credentials = Vec::new();
    for (place, parts) in entries(list, TOKENS) {
        let (project, write, read) = match parts.as_slice() {
            [project, write] => (project, write, None),
            [project, write, read] => (project, write, Some(read)),
            _ => {
                reader.problem(format!("{place} is not {TOKENS_EXPECTED}"));
                continue;
            }
        };
        let Some(project) = project_of(reader, &place, project) else {
            continue;
        };
        let mut add = |kind: &str, access, token: &str| {
            credentials.push(Credential {
                name: format!("{place}, {kind} token"),
                project: project.clone(),
                access,
                key: Key::Bearer(token.to_owned()),
            });
        };
        add("write", Access::Write, write);
        if let Some(read) = read {
            add("read", Access::Read, read);
        }
    }
    credentials
}

/// The key pairs of a list.
pub(super) fn pairs(reader: &mut Reader, list: &Secret) -> Vec<Credential> {
    let mut credentials = Vec::new();
    for (place, parts) in entries(list, PAIRS) {
        let [project, public, secret] = parts.as_slice() else {
            reader.problem(format!("{place} is not {PAIRS_EXPECTED}"));
            continue;
        };
        let Some(project) = project_of(reader, &place, project) else {
            continue;
        };
        credentials.push(Credential {
            name: place,
            project,
            access: Access::Write,
            key: Key::Pair {
                public: public.clone(),
                secret: secret.clone(),
            },
        });
    }
    credentials
}

/// What each entry is called, and its parts: none where one of them is empty. Nothing between two commas is no entry.
fn entries(list: &Secret, variable: &str) -> Vec<(String, Vec<String>)> {
    let mut entries = Vec::new();
    for (index, entry) in list.reveal().split(',').enumerate() {
        if entry.trim().is_empty() {
            continue;
        }
        let parts = entry.split(':').map(|part| part.trim().to_owned());
        let parts: Vec<String> = parts.collect();
        let is_whole = parts.iter().all(|part| !part.is_empty());
        let place = format!("{variable}, entry {}", index + 1);
        entries.push((place, if is_whole { parts } else { Vec::new() }));
    }
    entries
}

fn project_of(reader: &mut Reader, place: &str, text: &str) -> Option<ProjectId> {
    let project = ProjectId::new(text).ok();
    if project.is_none() {
        reader.problem(format!(
            "{place}: the project is not {}",
            super::PROJECT_EXPECTED
        ));
    }
    project
}

/// One key must not mean two things: it opens one project with one permission. The same key again is no harm, as in
/// two entries of a project that have the same read token.
pub(super) fn check_unambiguous(reader: &mut Reader, credentials: &[Credential]) {
    for (index, later) in credentials.iter().enumerate() {
        let is_other = |earlier: &&Credential| {
            is_same_key(&earlier.key, &later.key)
                && (&earlier.project, earlier.access) != (&later.project, later.access)
        };
        if let Some(earlier) = credentials[..index].iter().find(is_other) {
            reader.problem(format!(
                "{} is the same as {}; each opens one project, to write or to read",
                later.name, earlier.name
            ));
        }
    }
}

/// A public key names its project, whatever secrets belong to it.
fn is_same_key(one: &Key, other: &Key) -> bool {
    match (one, other) {
        (Key::Bearer(one), Key::Bearer(other)) => one == other,
        (Key::Pair { public: one, .. }, Key::Pair { public: other, .. }) => one == other,
        _ => false,
    }
}
