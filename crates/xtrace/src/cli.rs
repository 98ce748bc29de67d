//! The command line.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Self-hosted observability backend for LLM applications and agents.
///
/// Without a command, serves: HTTP API on 127.0.0.1:8742, stored in ./xtrace-data, or in PostgreSQL when
/// DATABASE_URL is set. `xtrace config print` lists every setting and its environment variable.
#[derive(Debug, Parser)]
#[command(
    name = "xtrace",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub settings: SettingFlags,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Settings that have a flag; all others by environment variable or file.
#[derive(Args, Debug)]
pub struct SettingFlags {
    /// Configuration file (TOML); also XTRACE_CONFIG
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address to listen on; also BIND_ADDR
    #[arg(long, global = true, value_name = "HOST:PORT")]
    pub bind: Option<String>,
    /// Folder of the embedded store; also XTRACE_DATA_DIR
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve (the default)
    Serve,
    /// Check the machine, the configuration and the store, and say what is wrong
    Doctor(DoctorArgs),
    /// Show or check the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Fill a running server with realistic demo data
    Demo(DemoArgs),
    /// Apply the database migrations and exit
    Migrate,
}

#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// Make anew what is derived: the embedded store's column file (the server must be stopped), on PostgreSQL the sums
    /// that totals and daily metrics come from
    #[arg(long)]
    pub rebuild: bool,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every setting with its value, where it came from and what it does
    Print,
    /// Report all problems; exits 1 when there are any
    Check,
}

#[derive(Args, Debug)]
pub struct DemoArgs {
    /// The server to fill; by default the configured address
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// How many days back the data reach
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub days: u32,
    /// Agent sessions per day
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub sessions: u32,
    /// The same seed at the same time makes the same data
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl SettingFlags {
    /// The given flags by the key of their setting.
    pub fn by_key(&self) -> BTreeMap<&'static str, String> {
        let flags = [
            ("server.bind_addr", &self.bind),
            ("storage.data_dir", &self.data_dir),
        ];
        flags
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.clone()?)))
            .collect()
    }
}
