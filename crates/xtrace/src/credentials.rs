//! Credentials: as configured, or generated at first start and kept in the data folder.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rand::distr::{Alphanumeric, SampleString as _};
use serde::{Deserialize, Serialize};
use xtrace_http::{Access, Credential, Key};

use crate::config::{AuthConfig, Secret};

const FILE_NAME: &str = "credentials.toml";

/// What opens the projects.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Of the server's own project, as is the key pair.
    pub bearer_token: Option<Secret>,
    pub key_pair: Option<(String, Secret)>,
    pub all: Vec<Credential>,
    /// Where generated ones are kept; `None` when all were configured.
    pub file: Option<PathBuf>,
}

#[derive(Deserialize, Serialize)]
struct Stored {
    bearer_token: String,
    public_key: String,
    secret_key: String,
}

impl Credentials {
    /// The configured ones; where none at all are configured, those kept in `data_dir`, generated (mode 0600) if there
    /// are none yet.
    pub fn resolve(config: &AuthConfig, data_dir: &Path) -> anyhow::Result<Self> {
        if !config.credentials().is_empty() {
            return Ok(Self::of(config, None));
        }
        let path = data_dir.join(FILE_NAME);
        let stored = match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .with_context(|| format!("{} does not hold credentials", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => generate(&path)?,
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let Stored {
            bearer_token,
            public_key,
            secret_key,
        } = stored;
        let generated = AuthConfig {
            bearer_token: Some(Secret::new(bearer_token)),
            public_key: Some(public_key),
            secret_key: Some(Secret::new(secret_key)),
            ..config.clone()
        };
        Ok(Self::of(&generated, Some(path)))
    }

    fn of(config: &AuthConfig, file: Option<PathBuf>) -> Self {
        Self {
            bearer_token: config.bearer_token.clone(),
            key_pair: config.public_key.clone().zip(config.secret_key.clone()),
            all: config.credentials(),
            file,
        }
    }

    /// What a client that writes may use: a token, if there is one.
    pub fn writing_key(&self) -> Option<&Key> {
        let writing = || self.all.iter().filter(|one| one.access == Access::Write);
        let token = writing().find(|one| matches!(one.key, Key::Bearer(_)));
        token.or_else(|| writing().next()).map(|one| &one.key)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "secrets come from the system's randomness; tests configure their own"
)]
fn generate(path: &Path) -> anyhow::Result<Stored> {
    let random = |length| Alphanumeric.sample_string(&mut rand::rng(), length);
    let stored = Stored {
        bearer_token: format!("xt-{}", random(40)),
        public_key: format!("pk-lf-{}", random(24)),
        secret_key: format!("sk-lf-{}", random(40)),
    };
    let folder = path.parent().context("the data folder has no path")?;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let text = toml::to_string(&stored)?;
    let write = || -> std::io::Result<()> {
        // A crash while writing must not leave half a file: it is written aside, then moved.
        let aside = path.with_extension("new");
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&aside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&aside, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))?;
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use xtrace_model::ProjectId;

    use super::*;

    fn nothing_configured() -> AuthConfig {
        AuthConfig {
            bearer_token: None,
            read_bearer_token: None,
            public_key: None,
            secret_key: None,
            of_projects: Vec::new(),
            project_id: ProjectId::new("default").unwrap(),
            allow_unauthenticated_compat: false,
        }
    }

    #[test]
    fn generates_once_for_the_owner_alone_and_keeps_what_it_generated() {
        let folder = tempfile::tempdir().unwrap();
        let first = Credentials::resolve(&nothing_configured(), folder.path()).unwrap();
        let file = first.file.unwrap();
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let second = Credentials::resolve(&nothing_configured(), folder.path()).unwrap();
        assert_eq!(
            first.bearer_token.unwrap().reveal(),
            second.bearer_token.unwrap().reveal()
        );
    }

    #[test]
    fn what_is_configured_is_not_added_to() {
        let folder = tempfile::tempdir().unwrap();
        let config = AuthConfig {
            bearer_token: Some(Secret::new("t")),
            ..nothing_configured()
        };
        let credentials = Credentials::resolve(&config, folder.path()).unwrap();
        assert!(credentials.key_pair.is_none() && credentials.file.is_none());
        assert!(!folder.path().join(FILE_NAME).exists());
    }

    #[test]
    fn any_credential_of_any_project_is_enough_not_to_generate_some() {
        let folder = tempfile::tempdir().unwrap();
        let of_project = Credential {
            name: "a token".into(),
            project: ProjectId::new("a").unwrap(),
            access: Access::Write,
            key: Key::Bearer("t".into()),
        };
        for config in [
            AuthConfig {
                read_bearer_token: Some(Secret::new("t")),
                ..nothing_configured()
            },
            AuthConfig {
                of_projects: vec![of_project],
                ..nothing_configured()
            },
        ] {
            let credentials = Credentials::resolve(&config, folder.path()).unwrap();
            assert_eq!((credentials.all.len(), credentials.file), (1, None));
        }
    }
}
