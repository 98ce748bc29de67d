//! The server under test: started on a fresh folder, asked over HTTP, ended by its process id.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bytes::Bytes;

const TOKEN: &str = "the token of a benchmark";
const START_DEADLINE: Duration = Duration::from_secs(60);

/// Where requests go.
#[derive(Clone)]
pub struct Target {
    client: reqwest::Client,
    url: String,
}

/// A running server; ends when dropped.
pub struct Server {
    child: Child,
    pub target: Target,
    /// From start to the first `readyz` that says so.
    pub ready_ms: f64,
}

impl Target {
    pub async fn post(&self, path: &str, body: Bytes) -> anyhow::Result<reqwest::Response> {
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .bearer_auth(TOKEN);
        let request = request
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body);
        request.send().await.with_context(|| format!("POST {path}"))
    }

    /// The body of an answer 200.
    pub async fn get(&self, path: &str) -> anyhow::Result<Bytes> {
        let request = self
            .client
            .get(format!("{}{path}", self.url))
            .bearer_auth(TOKEN);
        let response = request
            .send()
            .await
            .with_context(|| format!("GET {path}"))?;
        if !response.status().is_success() {
            bail!(
                "GET {path}: {}: {}",
                response.status(),
                response.text().await?
            );
        }
        Ok(response.bytes().await?)
    }
}

impl Server {
    /// Starts `binary` with its data in `folder`, on PostgreSQL when there is a `database_url`.
    pub async fn start(
        binary: &Path,
        folder: &Path,
        database_url: Option<&str>,
    ) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(binary);
        command
            .env_clear()
            .env("XTRACE_DATA_DIR", folder)
            .env("BIND_ADDR", &address)
            .env("API_BEARER_TOKEN", TOKEN)
            .env("RATE_LIMIT_QPS", "1000000")
            .env("RATE_LIMIT_BURST", "1000000")
            .env("RUST_LOG", "warn")
            .stdout(Stdio::null());
        if let Some(url) = database_url {
            command.env("DATABASE_URL", url);
        }
        let started = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let client = reqwest::Client::builder()
            .pool_max_idle_per_host(256)
            .build()?;
        let target = Target {
            client,
            url: format!("http://{address}"),
        };
        let mut server = Self {
            child,
            target,
            ready_ms: 0.0,
        };
        while server.target.get("/readyz").await.is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended while starting: {status}");
            }
            if started.elapsed() > START_DEADLINE {
                bail!("the server was not ready after {START_DEADLINE:?}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.ready_ms = started.elapsed().as_secs_f64() * 1000.0;
        Ok(server)
    }

    /// Of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in bytes.
    pub fn memory_bytes(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .context("no VmRSS")?;
        let kib: u64 = line
            .split_whitespace()
            .nth(1)
            .context("no figure in VmRSS")?
            .parse()?;
        Ok(kib * 1024)
    }

    /// Asks the server to end and waits for it.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        // The shell's own `kill`: the program is not on every machine.
        let is_sent = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.child.id())])
            .status()?
            .success();
        if !is_sent {
            bail!("SIGTERM could not be sent to the server");
        }
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() {
                    Ok(())
                } else {
                    bail!("the server ended with {status}")
                };
            }
            if started.elapsed() > START_DEADLINE {
                bail!("the server did not end within {START_DEADLINE:?}");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended after `stop`; killing it then changes nothing.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The binary beside this program.
pub fn beside_this_program() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let binary = own.with_file_name("xtrace");
    if !binary.is_file() {
        bail!(
            "{} does not exist: build it first (`make bench` does)",
            binary.display()
        );
    }
    Ok(binary)
}

/// Bytes of all files below a folder.
pub fn folder_bytes(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        bytes += if about.is_dir() {
            folder_bytes(&entry.path())?
        } else {
            about.len()
        };
    }
    Ok(bytes)
}
