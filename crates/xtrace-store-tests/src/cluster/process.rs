//! Processes: the unprivileged user, signals, waiting, and the watchdog that leaves nothing behind.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

const POLL: Duration = Duration::from_millis(10);

/// Waits for the end of its standard input, then ends the server of the folder `$1` and removes the folder.
const WATCHDOG: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
    kill -QUIT "$pid" 2>/dev/null
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$1"
"#;

/// How a server is asked to end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signal {
    Interrupt,
    Quit,
    Kill,
    Pause,
    Resume,
}

/// The user a server runs as when the test itself is root.
#[derive(Clone, Debug)]
pub(super) struct Unprivileged {
    uid: u32,
    gid: u32,
}

impl Unprivileged {
    /// Nobody when the test is not root.
    pub(super) fn needed() -> anyhow::Result<Option<Self>> {
        if Self::own_ids()?.0 != 0 {
            return Ok(None);
        }
        let users = std::fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
        for name in ["postgres", "nobody"] {
            if let Some(user) = Self::named(&users, name) {
                return Ok(Some(user));
            }
        }
        bail!(
            "the test runs as root and neither a user `postgres` nor `nobody` exists to run the server as"
        )
    }

    pub(super) fn ids(&self) -> (u32, u32) {
        (self.uid, self.gid)
    }

    /// User and group that the test runs as.
    pub(super) fn own_ids() -> anyhow::Result<(u32, u32)> {
        let own = std::fs::metadata("/proc/self").context("reading /proc/self")?;
        Ok((own.uid(), own.gid()))
    }

    fn named(users: &str, name: &str) -> Option<Self> {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(str::parse);
        Some(Self {
            uid: ids.next()?.ok()?,
            gid: ids.next()?.ok()?,
        })
    }
}

/// Ends the server when the process that holds this ends.
#[derive(Debug)]
pub(super) struct Watchdog {
    child: Child,
    alive: Option<ChildStdin>,
}

impl Watchdog {
    pub(super) fn start(folder: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(WATCHDOG).arg("watchdog").arg(folder);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        own_group(&mut command);
        let mut child = command
            .spawn()
            .context("starting the watchdog of the test server")?;
        let alive = child.stdin.take();
        Ok(Self { child, alive })
    }

    /// Lets the watchdog do its work now and waits for it.
    pub(super) fn dismiss(&mut self) {
        drop(self.alive.take());
        let _already_gone_is_fine = self.child.wait();
    }
}

pub(super) fn run_as(command: &mut Command, user: &Unprivileged) {
    command.uid(user.uid).gid(user.gid);
}

/// Puts the command out of reach of a Ctrl-C in the tester's terminal, so that its end stays in our hands.
pub(super) fn own_group(command: &mut Command) {
    command.process_group(0);
}

pub(super) fn log_to(command: &mut Command, log: &Path) {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Ok(file) = OpenOptions::new().create(true).append(true).open(log) {
        command.stderr(Stdio::from(file));
    }
}

/// Runs a command to its end and returns what it printed.
pub(super) fn output(mut command: Command) -> anyhow::Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("running {:?}", command.get_program()))?;
    if !output.status.success() {
        bail!(
            "{:?}: {}",
            command.get_program(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

pub(super) fn signal(pid: u32, signal: Signal) -> anyhow::Result<()> {
    let name = match signal {
        Signal::Interrupt => "INT",
        Signal::Quit => "QUIT",
        Signal::Kill => "KILL",
        Signal::Pause => "STOP",
        Signal::Resume => "CONT",
    };
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("kill -{name} {pid}"));
    output(command).map(drop)
}

/// Sends a signal to all processes that work in `folder`.
pub(super) fn signal_folder(folder: &Path, how: Signal) -> anyhow::Result<()> {
    let mut count = 0;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        if std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder) {
            // A backend may end on its own meanwhile.
            let _gone_is_fine = signal(pid, how);
            count += 1;
        }
    }
    if count == 0 {
        bail!("no process works in {}", folder.display());
    }
    Ok(())
}

/// Whether a process still works in `folder`. The backends of a killed server notice its death only after a moment,
/// and a new one must not start beside them.
pub(super) fn any_in_folder(folder: &Path) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return false;
    };
    processes
        .flatten()
        .any(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder))
}

/// Waits until `condition` holds.
pub(super) fn wait_until(
    deadline: Duration,
    what: &str,
    mut condition: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let started = Instant::now();
    while !condition()? {
        if started.elapsed() > deadline {
            bail!("waited {deadline:?} for {what}");
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

/// A new folder that `user` may write to, with a path short enough for a socket.
pub(super) fn temporary_folder(user: Option<&Unprivileged>) -> anyhow::Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "xtrace-pg-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let folder = std::env::temp_dir().join(name);
    // A process of an earlier boot may have had this id and no watchdog that survived it.
    let _absent_is_usual = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).with_context(|| format!("creating {}", folder.display()))?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
    File::create(folder.join("server.log"))?;
    if let Some(user) = user {
        std::os::unix::fs::chown(&folder, Some(user.uid), Some(user.gid))?;
    }
    Ok(folder)
}
