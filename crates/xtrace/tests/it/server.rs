//! A server process of a test.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

pub const TOKEN: &str = "a-token-of-the-tests";
const DEADLINE: Duration = Duration::from_secs(60);

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Start {
    pub dir: PathBuf,
    pub env: BTreeMap<String, String>,
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    pub url: String,
    /// Everything it printed before it was ready.
    pub banner: String,
    client: reqwest::Client,
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Start {
    /// On the embedded engine, with a token.
    pub fn embedded(dir: &Path) -> Self {
        let start = Self {
            dir: dir.to_owned(),
            env: BTreeMap::new(),
        };
        start
            .with("API_BEARER_TOKEN", TOKEN)
            .with("BIND_ADDR", "127.0.0.1:0")
            .with("RUST_LOG", "warn")
            .with("RATE_LIMIT_QPS", "100000")
            .with("RATE_LIMIT_BURST", "100000")
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    /// Starts the server with its log in a file of the folder.
    pub fn start_with_log(&self) -> Server {
        let started = self.try_start();
        started.unwrap_or_else(|(status, log)| panic!("{status}: {log}"))
    }

    /// The same for a command that ends up being the server.
    pub fn start_by_with_log(&self, mut command: Command) -> Server {
        command.stderr(std::fs::File::create(self.log_file()).unwrap());
        self.start_by(command)
    }

    /// What a server that was started so has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap()
    }

    fn log_file(&self) -> PathBuf {
        self.dir.join("server.log")
    }

    /// The command with its environment, and nothing of ours in it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtrace"));
        self.fill(&mut command);
        command.args(arguments);
        command
    }

    /// Another program with this server's environment.
    pub fn fill(&self, command: &mut Command) {
        command
            .env_clear()
            .env("XTRACE_DATA_DIR", self.dir.join("data"))
            .envs(&self.env)
            .current_dir(&self.dir);
        #[expect(
            clippy::disallowed_methods,
            reason = "commands are found as the tester finds them"
        )]
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
    }

    pub fn start(&self) -> Server {
        self.start_by(self.command(&[]))
    }

    /// Starts a command that ends up being the server.
    pub fn start_by(&self, command: Command) -> Server {
        self.try_start_by(command).unwrap_or_else(|status| {
            panic!("the server ended before it was ready: {status}");
        })
    }

    /// The server, or how its start ended and what it logged.
    pub fn try_start(&self) -> Result<Server, (ExitStatus, String)> {
        let mut command = self.command(&[]);
        command.stderr(std::fs::File::create(self.log_file()).unwrap());
        self.try_start_by(command)
            .map_err(|status| (status, self.log()))
    }

    fn try_start_by(&self, mut command: Command) -> Result<Server, ExitStatus> {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let banner = read_banner(child.stdout.take().unwrap());
        let Some(banner) = banner else {
            return Err(child.wait().unwrap());
        };
        let url = banner
            .lines()
            .find_map(|line| line.trim().strip_prefix("URL"))
            .unwrap()
            .trim()
            .to_owned();
        Ok(Server {
            child,
            url,
            banner,
            client: reqwest::Client::new(),
        })
    }
}

/// Reads up to the end of the banner (its last line is empty, two seconds of silence also end it), then keeps
/// reading in the background so that the server never blocks on its output.
fn read_banner(stdout: ChildStdout) -> Option<String> {
    let (sender, lines) = mpsc::sync_channel(1024);
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            let Ok(line) = line else { return };
            drop(sender.send(line));
        }
    });
    let mut banner = String::new();
    let started = Instant::now();
    loop {
        let is_known = banner.contains("URL ");
        let wait = if is_known {
            Duration::from_millis(300)
        } else {
            DEADLINE.saturating_sub(started.elapsed())
        };
        match lines.recv_timeout(wait) {
            Ok(line) => {
                banner.push_str(&line);
                banner.push('\n');
            }
            Err(_) => return is_known.then_some(banner),
        }
    }
}

impl Server {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.unwrap()
    }

    pub async fn try_get(&self, path: &str) -> reqwest::Result<Answer> {
        let request = self
            .client
            .get(format!("{}{path}", self.url))
            .bearer_auth(TOKEN);
        answer(request.send().await?).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    pub async fn try_post(&self, path: &str, body: &Value) -> reqwest::Result<Answer> {
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .bearer_auth(TOKEN)
            .json(body);
        answer(request.send().await?).await
    }

    pub async fn delete(&self, path: &str) {
        let request = self.client.delete(format!("{}{path}", self.url));
        let response = request.bearer_auth(TOKEN).send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.status());
    }

    /// Waits until `readyz` answers `status`.
    pub async fn until_ready_is(&self, status: u16) {
        let started = Instant::now();
        loop {
            let answer = self.try_get("/readyz").await;
            if answer.is_ok_and(|answer| answer.status == status) {
                return;
            }
            assert!(
                started.elapsed() < DEADLINE,
                "readyz did not answer {status} in time"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the answer to `path` is as told.
    pub async fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) {
        let started = Instant::now();
        loop {
            let answer = self.get(path).await;
            if is_so(&answer.body) {
                return;
            }
            assert!(
                started.elapsed() < DEADLINE,
                "{path} stays at {}",
                answer.body
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The sum of a figure of `/metrics` over all series that have this label, such as `status="503"`.
    pub async fn figure(&self, name: &str, label: &str) -> f64 {
        let answer = self.get("/metrics").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let text = answer.body.as_str().unwrap().to_owned();
        let lines = text.lines().filter(|line| {
            let behind = line.strip_prefix(name);
            behind.is_some_and(|behind| behind.starts_with(['{', ' '])) && line.contains(label)
        });
        lines
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    }

    /// Waits until `/metrics` says whether the store gives its figures.
    pub async fn until_store_is_up(&self, is_up: bool) {
        let expected = f64::from(u8::from(is_up));
        let started = Instant::now();
        while self.figure("xtrace_store_up", "").await.to_bits() != expected.to_bits() {
            assert!(
                started.elapsed() < DEADLINE,
                "xtrace_store_up did not become {expected} in time"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// `/metrics` counts answers of this status.
    pub async fn assert_counts(&self, status: u16) {
        let label = format!("status=\"{status}\"");
        let counted = self.figure("xtrace_http_requests_total", &label).await;
        assert!(counted > 0.0, "/metrics counts no answer with {label}");
    }

    /// The most memory it has had, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            * 1024
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn send_terminate(&self) {
        // The shell's own `kill`: the program is not on every machine.
        let status = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.id())])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Sends SIGTERM and waits for the end.
    pub fn terminate(self) -> ExitStatus {
        self.send_terminate();
        self.wait_for_end()
    }

    pub fn wait_for_end(mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                started.elapsed() < DEADLINE,
                "the server did not end in time"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn answer(response: reqwest::Response) -> reqwest::Result<Answer> {
    let status = response.status().as_u16();
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Answer { status, body })
}
