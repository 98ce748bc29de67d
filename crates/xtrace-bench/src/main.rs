//! `make bench`: how fast xtrace stores and answers, beside the bare engines in the same run.
//!
//! It starts the `xtrace` binary that lies beside it, once per engine, on a fresh folder or a private
//! PostgreSQL server, loads it over HTTP, and reports ratios to what the same machine does with the same rows
//! and no server in between. Every figure is taken in this run; none is remembered.

mod bare;
mod corpus;
mod latency;
mod load;
mod reads;
mod report;
mod run;
mod server;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// The server uses it, so the generator does as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the server beside the bare engines.
#[derive(Clone, Debug, Parser)]
#[command(name = "xtrace-bench", version)]
pub struct Options {
    /// Which engines to measure
    #[arg(long, value_enum, default_value = "both")]
    engine: EngineChoice,
    /// Observations stored before the reads are measured
    #[arg(long, default_value_t = 1_000_000)]
    observations: u64,
    /// Metric points stored before the reads are measured
    #[arg(long, default_value_t = 5_000_000)]
    points: u64,
    /// Connections of the closed loop
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Observations per request
    #[arg(long, default_value_t = 50)]
    batch: usize,
    /// Length of the closed and of the open loop
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Times each read is asked
    #[arg(long, default_value_t = 60)]
    reads: usize,
    /// A short run on little data: shows that everything works, not how fast it is
    #[arg(long)]
    quick: bool,
    /// Where the figures go as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The server's binary; by default the one beside this program
    #[arg(long, value_name = "FILE")]
    xtrace: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EngineChoice {
    Embedded,
    Postgres,
    Both,
}

impl Options {
    /// The options with `--quick` applied.
    fn settled(mut self) -> Self {
        if self.quick {
            self.observations = self.observations.min(10_000);
            self.points = self.points.min(50_000);
            self.seconds = self.seconds.min(2);
            self.reads = self.reads.min(5);
        }
        self
    }
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse().settled();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(run::run(&options))?;
    println!("{}", report.to_table());
    if let Some(path) = &options.json {
        std::fs::write(path, report.to_json()?)?;
        println!("figures written to {}", path.display());
    }
    Ok(())
}
