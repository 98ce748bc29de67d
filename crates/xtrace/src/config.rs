//! Configuration: one file per section, all problems reported together.
//!
//! Precedence: flags > environment > file > default. Unknown keys of the file are problems; a value that
//! does not parse is one, never a silent default. This is the only place that reads the environment.

mod auth;
mod ingest;
mod kinds;
mod log;
mod query;
mod reader;
mod retention;
mod server;
mod storage;
mod unserved;

use std::collections::BTreeMap;
use std::path::Path;

pub use auth::AuthConfig;
pub use ingest::IngestConfig;
pub use kinds::Secret;
pub use log::LogConfig;
pub use query::QueryConfig;
pub use reader::{Problem, Resolved};
pub use retention::RetentionConfig;
pub use server::ServerConfig;
pub use storage::StorageConfig;

use reader::Reader;

/// Everything that can be configured.
#[derive(Clone, Debug)]
pub struct Config {
    pub server: ServerConfig,
    pub auth: AuthConfig,
    pub storage: StorageConfig,
    pub ingest: IngestConfig,
    pub query: QueryConfig,
    pub retention: RetentionConfig,
    pub log: LogConfig,
}

/// A configuration with where each value came from, and what is wrong with it.
pub struct Loaded {
    pub config: Config,
    pub resolved: Vec<Resolved>,
    pub problems: Vec<Problem>,
    /// What does not keep the server from starting, but somebody should know.
    pub warnings: Vec<String>,
}

/// Name of the environment variable that names the configuration file.
const FILE_VARIABLE: &str = "XTRACE_CONFIG";

/// Reads flags, the process's environment, and the file that `--config` or `XTRACE_CONFIG` names.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]
pub fn load(flags: BTreeMap<&'static str, String>, file: Option<&Path>) -> Loaded {
    let env: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let file = file
        .map(Path::to_owned)
        .or_else(|| env.get(FILE_VARIABLE).map(Into::into));
    let text = file.as_ref().map(|path| {
        let text = std::fs::read_to_string(path);
        text.map_err(|error| Problem(format!("configuration file {}: {error}", path.display())))
    });
    match text {
        None => read(flags, env, None),
        Some(Ok(text)) => read(flags, env, Some(&text)),
        Some(Err(problem)) => {
            let mut loaded = read(flags, env, None);
            loaded.problems.insert(0, problem);
            loaded
        }
    }
}

fn read(
    flags: BTreeMap<&'static str, String>,
    env: BTreeMap<String, String>,
    file: Option<&str>,
) -> Loaded {
    let mut warnings = unserved::warnings(&env);
    let mut reader = Reader::new(flags, env, file);
    let config = Config {
        server: ServerConfig::read(&mut reader),
        auth: AuthConfig::read(&mut reader),
        storage: StorageConfig::read(&mut reader),
        ingest: IngestConfig::read(&mut reader),
        query: QueryConfig::read(&mut reader),
        retention: RetentionConfig::read(&mut reader),
        log: LogConfig::read(&mut reader),
    };
    let (resolved, problems) = reader.finish();
    warnings.extend(config.auth.warnings());
    Loaded {
        config,
        resolved,
        problems,
        warnings,
    }
}

/// The configuration as a file, each setting with its meaning and origin; secrets masked.
pub fn print(resolved: &[Resolved]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let mut section = "";
    for setting in resolved {
        let (this, name) = setting.key.split_once('.').expect("keys have a section");
        if this != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            _ = writeln!(text, "{gap}[{this}]");
            section = this;
        }
        _ = writeln!(text, "# {} ({})", setting.doc, setting.env.join(", "));
        match &setting.value {
            Some(value) => {
                let value = toml::Value::String(value.clone());
                _ = writeln!(text, "{name} = {value} # {}", setting.origin);
            }
            None => _ = writeln!(text, "# {name} is not set"),
        }
    }
    text
}

#[cfg(test)]
mod tests;
