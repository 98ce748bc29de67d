//! Where the server's binaries are: the newest installed version, wherever the distribution keeps it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use super::process::{self, Unprivileged};

/// The oldest major version that is supported.
const MAJOR_MIN: u32 = 14;
/// Debian and Ubuntu keep each major version in a folder of its own.
const VERSIONED_ROOT: &str = "/usr/lib/postgresql";

/// The folder that holds `initdb`, `postgres` and `psql`.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test finds the server as a shell would"
    )]
    pub(super) fn find() -> anyhow::Result<Self> {
        if let Some(folder) = newest_versioned(Path::new(VERSIONED_ROOT)) {
            return Ok(Self { folder });
        }
        let on_path = std::env::var_os("PATH").unwrap_or_default();
        for folder in std::env::split_paths(&on_path) {
            if folder.join("initdb").is_file() && folder.join("postgres").is_file() {
                return Ok(Self { folder });
            }
        }
        bail!(
            "no PostgreSQL server of version {MAJOR_MIN} or newer in {VERSIONED_ROOT} or PATH; `make test` installs it"
        )
    }

    /// A command of this version, run as `user` if one is given.
    pub(super) fn command(&self, name: &str, user: Option<&Unprivileged>) -> Command {
        let mut command = Command::new(self.folder.join(name));
        // The tester's own settings must not leak in.
        for variable in [
            "PGDATA",
            "PGHOST",
            "PGPORT",
            "PGUSER",
            "PGPASSWORD",
            "PGDATABASE",
            "PGOPTIONS",
        ] {
            command.env_remove(variable);
        }
        command.env("LC_ALL", "C");
        if let Some(user) = user {
            process::run_as(&mut command, user);
        }
        command
    }
}

fn newest_versioned(root: &Path) -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(root).ok()?.flatten() {
        let Some(major) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let folder = entry.path().join("bin");
        if major >= MAJOR_MIN
            && folder.join("initdb").is_file()
            && folder.join("postgres").is_file()
        {
            versions.push((major, folder));
        }
    }
    versions.into_iter().max().map(|(_, folder)| folder)
}

#[cfg(test)]
mod tests {
    use super::newest_versioned;

    #[test]
    fn takes_the_newest_version_that_is_complete_and_supported() {
        let root = std::env::temp_dir().join(format!("xtrace-binaries-{}", std::process::id()));
        for (version, files) in [("9", 2), ("14", 2), ("16", 2), ("17", 1), ("other", 2)] {
            let bin = root.join(version).join("bin");
            std::fs::create_dir_all(&bin).unwrap();
            for file in ["initdb", "postgres"].iter().take(files) {
                std::fs::write(bin.join(file), "").unwrap();
            }
        }
        let found = newest_versioned(&root);
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(found, Some(root.join("16").join("bin")));
    }
}
