//! A session of a client of its own that holds what it has taken: a connection, or locks.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};

/// What a session says once its first statement is done.
const DONE: &str = "the first statement is done";

/// A session; it ends, and gives back what it holds, when dropped.
#[derive(Debug)]
pub struct Session {
    client: Child,
}

impl Session {
    pub(super) fn start(mut command: Command, statement: &str) -> anyhow::Result<Self> {
        command
            .args(["--set=ON_ERROR_STOP=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut session = Self {
            client: command.spawn().context("starting a session")?,
        };
        let (Some(stdin), Some(stdout)) = (&mut session.client.stdin, session.client.stdout.take())
        else {
            bail!("a session has neither input nor output");
        };
        // A session that was refused takes nothing.
        let _refused_is_seen_below = writeln!(stdin, "{statement}\n\\echo {DONE}");
        for line in BufReader::new(stdout).lines() {
            if line? == DONE {
                return Ok(session);
            }
        }
        bail!("the server refused the session or {statement:?}")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _gone_is_fine = self.client.kill();
        let _gone_is_fine = self.client.wait();
    }
}
