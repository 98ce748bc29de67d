//! The limit of open files: connections and the store share it, and the usual 1,024 are fewer than the connections that
//! are served at once.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Connections that are served at once, and as many files of the store again.
const WANTED: u64 = 8_192;

/// Takes as many as the system allows without asking an operator.
pub fn allow_all() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    if let Some(allowed) = getrlimit(Resource::Nofile)
        .current
        .filter(|allowed| *allowed < WANTED)
    {
        tracing::warn!(
            "only {allowed} open files are allowed: so many connections keep others out, and the store may fail; allow \
             {WANTED} (ulimit -n)"
        );
    }
}
