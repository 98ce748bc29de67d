//! A private PostgreSQL cluster for tests.
//!
//! It starts the installed server binaries in a temporary folder on a free port, so that no running service is
//! needed and several test binaries may run at once. When the test runs as root, the server runs as `postgres` or
//! `nobody`, because it refuses root. Faults are part of the interface: orderly stop, immediate stop, `kill -9`, and
//! starting again on the same files and port.
//!
//! INVARIANT: no server outlives the process that started it. A watchdog holds the read end of a pipe; when the
//! process ends for whatever reason, `kill -9` included, the pipe closes and the watchdog ends the server and
//! removes its folder.
//!
//! It deliberately knows nothing of the schema: a template database is filled by a closure of the caller.

mod binaries;
mod process;
mod session;
mod small_disk;
mod standby;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};

use self::binaries::Binaries;
use self::process::{Signal, Unprivileged, Watchdog};
pub use self::session::Session;

/// How long the server may take to start, stop or recover before a test gives up on it.
const DEADLINE: Duration = Duration::from_secs(60);
/// How often a start is tried again on another port when the chosen one was taken in between.
const PORT_ATTEMPTS: u32 = 5;
const SUPERUSER: &str = "xtrace_test";

/// How a cluster is to be set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClusterOptions {
    /// Write through to the disk at each commit. Only figures and loss of power need it: what a killed server has
    /// handed to the operating system survives without.
    pub fsync: bool,
    /// Connections the server accepts; the default suits a test binary that runs its tests in parallel.
    pub connections_max: Option<u32>,
    /// Size of a disk that can be filled up, for [`TestCluster::create_database_on_small_disk`]. What it holds is gone
    /// when the server stops. Needs `unshare` and `setpriv` of util-linux.
    pub small_disk_mib: Option<u32>,
}

/// A running (or deliberately stopped) private server.
#[derive(Debug)]
pub struct TestCluster {
    binaries: Binaries,
    user: Option<Unprivileged>,
    folder: PathBuf,
    port: u16,
    options: ClusterOptions,
    server: Mutex<Option<Child>>,
    databases: AtomicU32,
    templates: Mutex<Vec<String>>,
    watchdog: Watchdog,
}

impl TestCluster {
    /// The cluster that all tests of this process share, started by the first that asks.
    ///
    /// # Errors
    /// When the binaries are missing or the server does not start.
    pub fn shared() -> anyhow::Result<&'static Self> {
        static SHARED: OnceLock<Result<TestCluster, String>> = OnceLock::new();
        let started = SHARED.get_or_init(|| {
            Self::start(ClusterOptions::default()).map_err(|error| format!("{error:#}"))
        });
        started
            .as_ref()
            .map_err(|message| anyhow::anyhow!("{message}"))
    }

    /// Starts a cluster of its own, for tests that stop or kill it. It ends when dropped.
    ///
    /// # Errors
    /// When the binaries are missing or the server does not start.
    pub fn start(options: ClusterOptions) -> anyhow::Result<Self> {
        let binaries = Binaries::find()?;
        let user = Unprivileged::needed()?;
        let folder = process::temporary_folder(user.as_ref())?;
        let watchdog = Watchdog::start(&folder)?;
        let mut cluster = Self {
            binaries,
            user,
            folder,
            port: 0,
            options,
            server: Mutex::new(None),
            databases: AtomicU32::new(0),
            templates: Mutex::new(Vec::new()),
            watchdog,
        };
        cluster.initialise()?;
        for attempt in 1..=PORT_ATTEMPTS {
            cluster.port = free_port()?;
            match cluster.start_again() {
                Ok(()) => return Ok(cluster),
                Err(error) if attempt == PORT_ATTEMPTS => return Err(error),
                Err(_) => {}
            }
        }
        bail!("no attempt to start the test server was made")
    }

    /// The connection string of a database on this server.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgresql://{SUPERUSER}@127.0.0.1:{}/{database}",
            self.port
        )
    }

    /// Creates an empty database and returns its name.
    ///
    /// # Errors
    /// When the server is not running.
    pub fn create_database(&self) -> anyhow::Result<String> {
        let name = self.new_name();
        self.psql(
            "postgres",
            &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"),
        )?;
        Ok(name)
    }

    /// Creates an empty database whose tables lie on the small disk (the log of transactions does not) and returns its
    /// name.
    ///
    /// # Errors
    /// When the server is not running or has no small disk.
    pub fn create_database_on_small_disk(&self) -> anyhow::Result<String> {
        let name = self.new_name();
        let place = self.folder.join(small_disk::FOLDER);
        for statement in [
            format!("CREATE TABLESPACE {name} LOCATION '{}'", place.display()),
            format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' TABLESPACE {name}"),
        ] {
            self.psql("postgres", &statement)?;
        }
        Ok(name)
    }

    /// The small disk as this process sees it, unless the server is stopped.
    #[must_use]
    pub fn small_disk(&self) -> Option<PathBuf> {
        let folder = self.folder.join(small_disk::FOLDER);
        let root = format!("/proc/{}/root{}", self.pid()?, folder.display());
        Some(root.into())
    }

    /// Creates a database as a copy of the template called `template`, which `fill` (given the URL of an empty
    /// database) makes when it is asked for the first time. Returns the new database's name.
    ///
    /// # Errors
    /// When the server is not running or `fill` fails.
    pub fn create_database_from(
        &self,
        template: &str,
        fill: impl FnOnce(String) -> anyhow::Result<()>,
    ) -> anyhow::Result<String> {
        {
            let mut templates = lock(&self.templates);
            if !templates.iter().any(|made| made == template) {
                self.psql(
                    "postgres",
                    &format!("CREATE DATABASE {template} TEMPLATE template0 ENCODING 'UTF8'"),
                )?;
                fill(self.url(template))
                    .with_context(|| format!("filling the template database {template}"))?;
                templates.push(template.to_owned());
            }
        }
        let name = self.new_name();
        self.psql(
            "postgres",
            &format!("CREATE DATABASE {name} TEMPLATE {template}"),
        )?;
        Ok(name)
    }

    /// Runs one statement and returns its rows as unaligned text, columns separated by `|`.
    ///
    /// # Errors
    /// When the server is not running or refuses the statement.
    pub fn psql(&self, database: &str, statement: &str) -> anyhow::Result<String> {
        let mut command = self.binaries.command("psql", None);
        command.args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
        ]);
        command
            .arg(self.url(database))
            .arg("--command")
            .arg(statement);
        process::output(command)
            .with_context(|| format!("running {statement:?} on database {database}"))
    }

    /// Stops the server as an administrator would: connections are cut, everything is written.
    ///
    /// # Errors
    /// When the server is still running at the deadline.
    pub fn stop(&self) -> anyhow::Result<()> {
        self.end(Signal::Interrupt)
    }

    /// Stops the server without a checkpoint; it recovers from its log when started again.
    ///
    /// # Errors
    /// When the server is still running at the deadline.
    pub fn stop_immediately(&self) -> anyhow::Result<()> {
        self.end(Signal::Quit)
    }

    /// Kills the server as an out-of-memory killer would (`kill -9`).
    ///
    /// # Errors
    /// When the server is still running at the deadline.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.end(Signal::Kill)
    }

    /// Stops all processes of the server where they are, as a machine that hangs does.
    ///
    /// # Errors
    /// When the server is not running.
    pub fn pause(&self) -> anyhow::Result<()> {
        process::signal_folder(&self.data(), Signal::Pause)
    }

    /// Lets a paused server go on.
    ///
    /// # Errors
    /// When the server is not running.
    pub fn resume(&self) -> anyhow::Result<()> {
        process::signal_folder(&self.data(), Signal::Resume)
    }

    /// Lets a stopped server be another one when it starts again: on the same address, with a copy of the files.
    ///
    /// # Errors
    /// When the server runs, or the files cannot be copied.
    pub fn replace_by_copy(&self) -> anyhow::Result<()> {
        if lock(&self.server).is_some() {
            bail!("the test server on port {} is running", self.port);
        }
        let copy = self.folder.join("copy");
        let mut command = Command::new("cp");
        command.arg("--archive").arg(self.data()).arg(&copy);
        process::output(command)?;
        std::fs::remove_dir_all(self.data()).context("removing the files of the old server")?;
        std::fs::rename(copy, self.data()).context("putting the copy in place")
    }

    /// A session that lasts until it is dropped.
    ///
    /// # Errors
    /// When the server refuses the session or its first statement.
    pub fn session(&self, database: &str, statement: &str) -> anyhow::Result<Session> {
        let mut command = self.binaries.command("psql", None);
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        command.arg(self.url(database));
        Session::start(command, statement)
    }

    /// Starts a stopped server on the same files and port and waits until it answers.
    ///
    /// # Errors
    /// When it does not answer before the deadline; its log is part of the error.
    pub fn start_again(&self) -> anyhow::Result<()> {
        let mut server = lock(&self.server);
        if server.is_some() {
            bail!("the test server on port {} is already running", self.port);
        }
        process::wait_until(DEADLINE, "the backends of the killed server to end", || {
            Ok(!process::any_in_folder(&self.data()))
        })?;
        let mut child = self
            .postgres()?
            .spawn()
            .context("starting the test server")?;
        let answered = process::wait_until(DEADLINE, "the test server to answer", || {
            if let Some(status) = child.try_wait()? {
                bail!("the test server ended with {status}: {}", self.log_tail());
            }
            Ok(self.is_ready(child.id()))
        });
        if let Err(error) = answered {
            process::signal(child.id(), Signal::Kill)?;
            child.wait()?;
            return Err(error);
        }
        *server = Some(child);
        Ok(())
    }

    /// The process id of the server, unless it is stopped.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        lock(&self.server).as_ref().map(Child::id)
    }

    /// The port the server listens on, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that holds the data, the log and the socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn initialise(&self) -> anyhow::Result<()> {
        let mut command = self.binaries.command("initdb", self.user.as_ref());
        command
            .current_dir(&self.folder)
            .arg("--pgdata")
            .arg(self.data());
        command.args([
            "--username",
            SUPERUSER,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        process::output(command)
            .context("creating the files of the test server")
            .map(drop)
    }

    fn postgres(&self) -> anyhow::Result<Command> {
        let on_off = if self.options.fsync { "on" } else { "off" };
        let connections_max = self.options.connections_max.unwrap_or(200);
        // Where a disk is to be mounted first, the command becomes the unprivileged user only then.
        let user = self.user.as_ref();
        let small_disk = self.options.small_disk_mib;
        let mut command = self
            .binaries
            .command("postgres", user.filter(|_| small_disk.is_none()));
        command.current_dir(&self.folder).arg("-D").arg(self.data());
        for setting in [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", self.folder.display()),
            format!("fsync={on_off}"),
            format!("full_page_writes={on_off}"),
            format!("max_connections={connections_max}"),
            "shared_buffers=64MB".to_owned(),
            "max_wal_size=4GB".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
        if let Some(mib) = small_disk {
            command = small_disk::beside_small_disk(&command, &self.folder, user, mib)?;
        }
        process::log_to(&mut command, &self.log());
        process::own_group(&mut command);
        Ok(command)
    }

    fn end(&self, how: Signal) -> anyhow::Result<()> {
        let mut server = lock(&self.server);
        let Some(mut child) = server.take() else {
            return Ok(());
        };
        process::signal(child.id(), how)?;
        process::wait_until(DEADLINE, "the test server to stop", || {
            Ok(child.try_wait()?.is_some())
        })
    }

    fn is_ready(&self, pid: u32) -> bool {
        // Unlike an open port this says that recovery is over; the process id tells it from a killed server's file.
        let state = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = state.lines();
        lines
            .next()
            .is_some_and(|line| line.trim() == pid.to_string())
            && lines
                .nth(6)
                // A standby that answers questions is as ready as it gets.
                .is_some_and(|line| matches!(line.trim(), "ready" | "standby"))
    }

    fn new_name(&self) -> String {
        format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(8)..].join(" / ")
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        // The watchdog removes the folder; stopping here merely frees the server before the process ends.
        let _stopped_or_watchdog_will = self.stop_immediately();
        self.watchdog.dismiss();
    }
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panicking test must not take the cluster from its neighbours.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
