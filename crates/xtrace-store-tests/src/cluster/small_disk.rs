//! A disk that can be filled up: the server sees a small tmpfs in its folder, which holds a tablespace.
//!
//! The tmpfs is mounted in a mount namespace of the server's own, so that nothing stays mounted whatever happens. It is
//! empty again when the server is started again.

use std::path::Path;
use std::process::Command;

use super::process::Unprivileged;

/// Folder of the tmpfs within the cluster's folder.
pub(super) const FOLDER: &str = "small";

/// Mounts as the user that may, then becomes the one that the server runs as; `$0` and `$@` are the server's command.
const AS_ROOT: &str = r#"
mount -t tmpfs -o "size=$SMALL_DISK_MIB"m,mode=0700,uid="$SERVER_UID",gid="$SERVER_GID" tmpfs "$SMALL_DISK" &&
exec setpriv --reuid "$SERVER_UID" --regid "$SERVER_GID" --clear-groups -- "$0" "$@"
"#;
const AS_USER: &str = r#"
mount -t tmpfs -o "size=$SMALL_DISK_MIB"m,mode=0700 tmpfs "$SMALL_DISK" &&
exec unshare --user --map-user="$SERVER_UID" --map-group="$SERVER_GID" -- "$0" "$@"
"#;

/// The same command, run beside a tmpfs of `mib` MiB at [`FOLDER`] of `folder`. Without `user` the tester is not root
/// and gets the right to mount from a user namespace, which the server leaves through a second one, since it refuses
/// to run as the root of the first.
pub(super) fn beside_small_disk(
    server: &Command,
    folder: &Path,
    user: Option<&Unprivileged>,
    mib: u32,
) -> anyhow::Result<Command> {
    let disk = folder.join(FOLDER);
    std::fs::create_dir_all(&disk)?;
    let (rights, script, (uid, gid)) = match user {
        Some(user) => (["--mount"].as_slice(), AS_ROOT, user.ids()),
        None => (
            ["--mount", "--map-root-user"].as_slice(),
            AS_USER,
            Unprivileged::own_ids()?,
        ),
    };
    let mut command = Command::new("unshare");
    for (name, value) in server.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
        .env("SMALL_DISK", disk)
        .env("SMALL_DISK_MIB", mib.to_string())
        .env("SERVER_UID", uid.to_string())
        .env("SERVER_GID", gid.to_string())
        .current_dir(folder)
        .args(rights)
        .args(["--", "sh", "-c", script])
        .arg(server.get_program())
        .args(server.get_args());
    Ok(command)
}
