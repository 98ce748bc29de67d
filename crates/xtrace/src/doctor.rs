//! `xtrace doctor`: checks what a server needs, one line per finding, and says what to do.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::net::TcpListener;
use xtrace_store::Upkeep as _;
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedError};
use xtrace_store_postgres::PostgresEngine;

use crate::cli::DoctorArgs;
use crate::config::Config;
use crate::store::{embedded_options, postgres_options};

/// An fsync slower than this makes every acknowledgement slow.
const FSYNC_SLOW: Duration = Duration::from_millis(20);
/// How long a running server may take to say how it is.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Below this, a store should not be started.
const DISK_FREE_MIN: u64 = 1024 * 1024 * 1024;

/// What was found, line by line.
#[derive(Default)]
struct Findings {
    failures: usize,
}

impl Findings {
    #[expect(clippy::unused_self, reason = "reads as one list of findings")]
    fn good(&self, what: &str, detail: impl std::fmt::Display) {
        println!("  ok    {what:<12} {detail}");
    }

    fn bad(&mut self, what: &str, detail: impl std::fmt::Display) {
        self.failures += 1;
        println!("  FAIL  {what:<12} {detail}");
    }
}

/// Exits 1 when something is wrong.
pub async fn run(args: &DoctorArgs, config: &Config) -> anyhow::Result<ExitCode> {
    if args.rebuild {
        match &config.storage.database_url {
            Some(url) => rebuild_postgres(config, url.reveal()).await?,
            None => rebuild(config)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    println!("xtrace {}", env!("CARGO_PKG_VERSION"));
    let mut findings = Findings::default();
    let is_running = check_address(config, &mut findings).await;
    match &config.storage.database_url {
        Some(url) => check_postgres(config, url.reveal(), &mut findings).await,
        None => check_embedded(config, is_running, &mut findings).await,
    }
    check_credentials(config, &findings);
    if findings.failures == 0 {
        println!("everything is in order");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} finding(s) need attention", findings.failures);
    Ok(ExitCode::FAILURE)
}

/// Whether an xtrace is running there.
async fn check_address(config: &Config, findings: &mut Findings) -> bool {
    let address = &config.server.bind_addr;
    match TcpListener::bind(address).await {
        Ok(_) => findings.good("address", format_args!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            return check_running(address, findings).await;
        }
        Err(error) => findings.bad(
            "address",
            format_args!("cannot listen on {address}: {error}"),
        ),
    }
    false
}

/// Asks who listens on an address whether it is ready.
async fn check_running(address: &str, findings: &mut Findings) -> bool {
    let client = reqwest::Client::builder().timeout(ANSWER_MAX).build();
    let answer = match client {
        Ok(client) => client.get(format!("http://{address}/readyz")).send().await,
        Err(error) => Err(error),
    };
    let body: Option<serde_json::Value> = match answer {
        Ok(answer) => answer.json().await.ok(),
        Err(_) => None,
    };
    let status = body.as_ref().and_then(|body| body["status"].as_str());
    match status {
        Some("ready") => findings.good(
            "address",
            format_args!("an xtrace runs on {address} and is ready"),
        ),
        Some(_) => findings.bad(
            "address",
            format_args!(
                "an xtrace runs on {address} and is not ready: {}",
                body.as_ref()
                    .map_or(&serde_json::Value::Null, |body| &body["reason"])
            ),
        ),
        None => findings.bad(
            "address",
            format_args!("{address} is in use by another program; choose another BIND_ADDR"),
        ),
    }
    status.is_some()
}

async fn check_postgres(config: &Config, url: &str, findings: &mut Findings) {
    let started = Instant::now();
    let engine = match PostgresEngine::open(postgres_options(&config.storage, url)).await {
        Ok(engine) => engine,
        Err(error) => {
            return findings.bad("store", format_args!("{:#}", anyhow::Error::from(error)));
        }
    };
    let elapsed = started.elapsed();
    report_stats(&engine, findings).await;
    findings.good(
        "schema",
        format_args!("up to date (checked in {elapsed:.0?})"),
    );
    report_rollups(engine.wrong_rollups().await, findings);
    if let Err(error) = engine.close().await {
        findings.bad("store", format_args!("{:#}", anyhow::Error::from(error)));
    }
}

async fn check_embedded(config: &Config, is_running: bool, findings: &mut Findings) {
    let dir = config.storage.data_dir.clone();
    if !dir.exists() {
        findings.good(
            "store",
            format_args!(
                "{} does not exist yet; the first start creates it",
                dir.display()
            ),
        );
        return;
    }
    match fsync_time(&dir) {
        Ok(time) if time > FSYNC_SLOW => findings.bad(
            "disk",
            format_args!("writing through takes {time:.1?}: acknowledgements will be as slow"),
        ),
        Ok(time) => findings.good(
            "disk",
            format_args!("writing 4 KB through takes {time:.1?}"),
        ),
        Err(error) => findings.bad("disk", format_args!("{error:#}")),
    }
    check_space(&dir, findings);
    let options = embedded_options(&config.storage);
    let opened = tokio::task::spawn_blocking(move || EmbeddedEngine::open(options)).await;
    match opened {
        Ok(Ok(engine)) => {
            report_stats(&engine, findings).await;
            report_rollups(engine.wrong_rollups(), findings);
            if let Err(error) = engine.close().await {
                findings.bad("store", format_args!("{:#}", anyhow::Error::from(error)));
            }
        }
        Ok(Err(EmbeddedError::Locked { dir, .. })) if is_running => findings.good(
            "store",
            format_args!(
                "{} is in use by the running server; stop it to look inside",
                dir.display()
            ),
        ),
        Ok(Err(error)) => findings.bad("store", format_args!("{:#}", anyhow::Error::from(error))),
        Err(error) => findings.bad("store", error),
    }
}

async fn report_stats(engine: &dyn xtrace_store::Upkeep, findings: &mut Findings) {
    match engine.stats().await {
        Ok(stats) => {
            let megabytes = stats.disk_bytes / 1_000_000;
            findings.good(
                "store",
                format_args!("{} {}, {megabytes} MB", stats.engine, stats.version),
            );
            for (name, value) in stats.gauges {
                println!("        {name} = {value}");
            }
        }
        Err(error) => findings.bad("store", format_args!("{:#}", anyhow::Error::from(error))),
    }
}

/// Rollups against the rows.
fn report_rollups<E>(wrong: Result<u64, E>, findings: &mut Findings)
where
    anyhow::Error: From<E>,
{
    match wrong {
        Ok(0) => findings.good("rollups", "as the rows"),
        Ok(cells) => findings.bad(
            "rollups",
            format_args!(
                "{cells} sums differ from the rows: totals and daily metrics are wrong; run `xtrace doctor --rebuild`"
            ),
        ),
        Err(error) => findings.bad("rollups", format_args!("{:#}", anyhow::Error::from(error))),
    }
}

fn check_credentials(config: &Config, findings: &Findings) {
    let configured = config.auth.credentials().len();
    if configured > 0 {
        findings.good("credentials", format_args!("{configured} configured"));
    } else {
        findings.good(
            "credentials",
            format_args!("generated, kept in {}", config.storage.data_dir.display()),
        );
    }
}

/// The median of nine.
fn fsync_time(dir: &Path) -> anyhow::Result<Duration> {
    use std::io::Write as _;
    let path = dir.join("doctor.tmp");
    let mut file = std::fs::File::create(&path)
        .with_context(|| format!("cannot write in {}", dir.display()))?;
    let mut times = Vec::new();
    for _ in 0..9 {
        let started = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    std::fs::remove_file(&path)?;
    times.sort();
    Ok(times[times.len() / 2])
}

fn check_space(dir: &Path, findings: &mut Findings) {
    let space = rustix::fs::statvfs(dir).map(|about| about.f_bavail.saturating_mul(about.f_frsize));
    match space {
        Ok(free) if free < DISK_FREE_MIN => {
            findings.bad(
                "space",
                format_args!("only {} MB are free in {}", free / 1_000_000, dir.display()),
            );
        }
        Ok(free) => findings.good("space", format_args!("{} MB are free", free / 1_000_000)),
        Err(error) => findings.bad("space", error),
    }
}

/// Makes the rollups anew: everything else that PostgreSQL has is what it is.
async fn rebuild_postgres(config: &Config, url: &str) -> anyhow::Result<()> {
    let engine = PostgresEngine::open(postgres_options(&config.storage, url)).await?;
    let cells = engine.rebuild_rollups().await;
    let cells = cells.context("cannot rebuild the rollups")?;
    println!("rebuilt: {cells} cells of the rollups");
    Ok(engine.close().await?)
}

fn rebuild(config: &Config) -> anyhow::Result<()> {
    let options = embedded_options(&config.storage);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {msg}  (about {eta} left)");
    let bar = ProgressBar::new(0).with_style(style.expect("the template is well formed"));
    let mut last = None;
    let aside = xtrace_store_embedded::rebuild(&options, &mut |progress| {
        bar.set_length(progress.rows_estimate);
        bar.set_position(progress.traces + progress.observations);
        bar.set_message(format!(
            "{} observations, {} points",
            progress.observations, progress.points
        ));
        last = Some(progress);
    })
    .with_context(|| format!("cannot rebuild the store in {}", options.dir.display()))?;
    bar.finish_and_clear();
    let done = last.unwrap_or_default();
    println!(
        "rebuilt: {} traces, {} observations, {} metric points",
        done.traces, done.observations, done.points
    );
    for file in aside {
        println!(
            "set aside: {} is damaged; metric points that were only there are missing now",
            file.display()
        );
    }
    Ok(())
}
