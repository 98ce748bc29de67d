//! Keys: parts in order, separated by NUL, which no id contains. Numbers are big-endian, so that the
//! order of keys is the order of numbers.

use xtrace_model::{ObservationId, ObservationKey, ProjectId, TraceId};

const SEPARATOR: u8 = 0;

/// `project NUL trace`
pub fn trace(project: &ProjectId, id: &TraceId) -> Vec<u8> {
    join(&[project.as_str(), id.as_str()])
}

/// `project NUL trace NUL`: the prefix of the observations of a trace.
pub fn trace_prefix(project: &ProjectId, id: &TraceId) -> Vec<u8> {
    let mut key = trace(project, id);
    key.push(SEPARATOR);
    key
}

/// `project NUL trace NUL observation`
pub fn observation(project: &ProjectId, key: &ObservationKey) -> Vec<u8> {
    join(&[project.as_str(), key.trace_id.as_str(), key.id.as_str()])
}

/// `project NUL observation NUL trace`: finds an observation that is named by its id alone.
pub fn observation_by_id(project: &ProjectId, key: &ObservationKey) -> Vec<u8> {
    join(&[project.as_str(), key.id.as_str(), key.trace_id.as_str()])
}

/// The prefix of all [`observation_by_id`] keys of one id.
pub fn observation_id_prefix(project: &ProjectId, id: &ObservationId) -> Vec<u8> {
    let mut key = join(&[project.as_str(), id.as_str()]);
    key.push(SEPARATOR);
    key
}

/// `project NUL`
pub fn project_prefix(project: &ProjectId) -> Vec<u8> {
    let mut key = project.as_str().as_bytes().to_vec();
    key.push(SEPARATOR);
    key
}

/// The texts between the separators.
pub fn split(key: &[u8]) -> Option<Vec<&str>> {
    key.split(|byte| *byte == SEPARATOR)
        .map(|part| std::str::from_utf8(part).ok())
        .collect()
}

/// The project of any key that begins with one.
pub fn project_of(key: &[u8]) -> Option<ProjectId> {
    let project = key.split(|byte| *byte == SEPARATOR).next()?;
    ProjectId::new(std::str::from_utf8(project).ok()?).ok()
}

/// The three ids of an [`observation`] key.
pub fn parse_observation(key: &[u8]) -> Option<(ProjectId, ObservationKey)> {
    let parts = split(key)?;
    let [project, trace_id, id] = parts.as_slice() else {
        return None;
    };
    let key = ObservationKey {
        trace_id: TraceId::new(*trace_id).ok()?,
        id: ObservationId::new(*id).ok()?,
    };
    Some((ProjectId::new(*project).ok()?, key))
}

/// The two ids of a [`trace`] key.
pub fn parse_trace(key: &[u8]) -> Option<(ProjectId, TraceId)> {
    let parts = split(key)?;
    let [project, id] = parts.as_slice() else {
        return None;
    };
    Some((ProjectId::new(*project).ok()?, TraceId::new(*id).ok()?))
}

fn join(parts: &[&str]) -> Vec<u8> {
    let mut key = Vec::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            key.push(SEPARATOR);
        }
        key.extend_from_slice(part.as_bytes());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(project: &str, trace: &str, id: &str) -> (ProjectId, ObservationKey) {
        let key = ObservationKey {
            trace_id: TraceId::new(trace).unwrap(),
            id: ObservationId::new(id).unwrap(),
        };
        (ProjectId::new(project).unwrap(), key)
    }

    #[test]
    fn observation_keys_can_be_read_back() {
        let (project, key) = ids("p/1", "trace 1", "ü");
        assert_eq!(
            parse_observation(&observation(&project, &key)),
            Some((project, key))
        );
    }

    #[test]
    fn a_prefix_covers_its_trace_and_no_other() {
        let (project, key) = ids("p", "t", "o");
        let (_, longer) = ids("p", "t2", "o");
        let prefix = trace_prefix(&project, &key.trace_id);
        assert!(observation(&project, &key).starts_with(&prefix));
        assert!(!observation(&project, &longer).starts_with(&prefix));
    }
}
