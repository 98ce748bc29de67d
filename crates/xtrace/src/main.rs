//! The `xtrace` binary: command line, configuration, composition root.

mod banner;
mod cli;
mod config;
mod credentials;
mod demo;
mod doctor;
mod open_files;
mod retention;
mod serve;
mod shutdown;
mod store;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser as _;
use xtrace_model::SystemClock;

use cli::{Cli, Command, ConfigCommand};
use config::LogConfig;

/// Returns memory to the system and scales over threads, which the system's allocator does not.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtrace: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let loaded = config::load(cli.settings.by_key(), cli.settings.config.as_deref());
    if let Some(Command::Config(ConfigCommand::Print)) = cli.command {
        print!("{}", config::print(&loaded.resolved));
    }
    if !loaded.problems.is_empty() {
        eprintln!(
            "xtrace: the configuration has {} problem(s):",
            loaded.problems.len()
        );
        for problem in &loaded.problems {
            eprintln!("  - {problem}");
        }
        return Ok(ExitCode::FAILURE);
    }
    let (config, warnings) = (loaded.config, loaded.warnings);
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => {
            start_log(&config.log);
            for warning in warnings {
                tracing::warn!("{warning}");
            }
            block_on(serve::run(&config)).map(|()| ExitCode::SUCCESS)
        }
        Command::Doctor(args) => block_on(doctor::run(&args, &config)),
        Command::Config(ConfigCommand::Print) => Ok(ExitCode::SUCCESS),
        Command::Config(ConfigCommand::Check) => {
            for warning in warnings {
                eprintln!("xtrace: warning: {warning}");
            }
            println!("the configuration is in order");
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo(args) => {
            block_on(demo::run(&args, &config, &SystemClock)).map(|()| ExitCode::SUCCESS)
        }
        Command::Migrate => block_on(store::migrate(&config)).map(|()| ExitCode::SUCCESS),
    }
}

fn block_on<T>(task: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("xtrace")
        .build()
        .context("cannot start the async runtime")?;
    runtime.block_on(task)
}

fn start_log(config: &LogConfig) {
    let filter = tracing_subscriber::EnvFilter::new(&config.filter);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if config.format == "json" {
        log.json().init();
    } else {
        log.with_target(false).init();
    }
}

/// What every command works with, made in one place.
pub(crate) fn clock() -> Arc<SystemClock> {
    Arc::new(SystemClock)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed_and_explains_itself() {
        Cli::command().debug_assert();
        let help = Cli::command().render_long_help().to_string();
        for word in [
            "serve",
            "doctor",
            "config",
            "demo",
            "migrate",
            "DATABASE_URL",
        ] {
            assert!(help.contains(word), "{word} is missing in\n{help}");
        }
    }

    #[test]
    fn configuration_is_cheap_to_share() {
        let loaded = config::load(std::collections::BTreeMap::new(), None);
        let _ = loaded.config.clone();
    }
}
