//! A second server that follows the first, as a streaming standby does, until it is promoted.

use std::sync::Mutex;
use std::sync::atomic::AtomicU32;

use anyhow::{Context as _, bail};

use super::{ClusterOptions, DEADLINE, PORT_ATTEMPTS, SUPERUSER, TestCluster, free_port, process};
use crate::cluster::process::Watchdog;

impl TestCluster {
    /// Starts a streaming standby of this server, in a folder and on a port of its own. From when this returns, a commit
    /// is answered when both have it.
    ///
    /// # Errors
    /// When this server does not run, or the standby does not follow it before the deadline.
    pub fn start_standby(&self) -> anyhow::Result<Self> {
        let folder = process::temporary_folder(self.user.as_ref())?;
        let watchdog = Watchdog::start(&folder)?;
        let mut standby = Self {
            binaries: self.binaries.clone(),
            user: self.user.clone(),
            folder,
            port: 0,
            options: ClusterOptions::default(),
            server: Mutex::new(None),
            databases: AtomicU32::new(0),
            templates: Mutex::new(Vec::new()),
            watchdog,
        };
        standby.copy_from(self)?;
        for attempt in 1..=PORT_ATTEMPTS {
            standby.port = free_port()?;
            match standby.start_again() {
                Ok(()) => break,
                Err(error) if attempt == PORT_ATTEMPTS => return Err(error),
                Err(_) => {}
            }
        }
        self.psql(
            "postgres",
            "ALTER SYSTEM SET synchronous_standby_names = '*'",
        )?;
        self.psql("postgres", "SELECT pg_reload_conf()")?;
        process::wait_until(DEADLINE, "the standby to follow", || {
            let synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
            Ok(self.psql("postgres", synchronous)?.trim() == "1")
        })?;
        Ok(standby)
    }

    /// Makes a primary of a standby and waits until it is one.
    ///
    /// # Errors
    /// When it is none, or does not end its recovery before the deadline.
    pub fn promote(&self) -> anyhow::Result<()> {
        // Of a primary before, this asks nobody to confirm.
        let promoted = self.psql("postgres", "SELECT pg_promote()")?;
        if promoted.trim() != "t" {
            bail!("the standby was not promoted: {promoted}");
        }
        self.psql("postgres", "ALTER SYSTEM RESET synchronous_standby_names")?;
        self.psql("postgres", "SELECT pg_reload_conf()").map(drop)
    }

    fn copy_from(&self, primary: &Self) -> anyhow::Result<()> {
        let mut command = self.binaries.command("pg_basebackup", self.user.as_ref());
        command
            .current_dir(&self.folder)
            .args(["--host=127.0.0.1", "--no-password", "--no-sync"])
            .args([
                "--checkpoint=fast",
                "--wal-method=stream",
                "--write-recovery-conf",
            ])
            .arg(format!("--port={}", primary.port))
            .arg(format!("--username={SUPERUSER}"))
            .arg("--pgdata")
            .arg(self.data());
        process::output(command)
            .context("copying the primary")
            .map(drop)
    }
}
