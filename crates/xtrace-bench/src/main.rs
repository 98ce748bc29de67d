//! `make bench`: how fast xtrace stores and answers, beside the bare engines in the same run.
//!
//! It starts the `xtrace` binary that lies beside it, once per engine and corpus, on a fresh folder or a private
//! PostgreSQL server, loads it over HTTP, and reports ratios to what the same machine does with the same rows
//! and no server in between. Every figure is taken in this run; none is remembered. `docs/performance.md` says
//! what each is compared with and what it is bound by.

mod bare;
mod corpus;
mod feed;
mod idle;
mod latency;
mod load;
mod machine;
mod mixed;
mod options;
mod plot;
mod profile;
mod reads;
mod report;
mod run;
mod server;
mod stores;

use anyhow::Context as _;
use clap::Parser as _;

use crate::options::Options;

/// The server uses it, so the generator does as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let options = Options::parse().settled();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    if let Some(folder) = &options.profile {
        return runtime.block_on(profile::run(&options, folder));
    }
    let report = runtime.block_on(run::run(&options))?;
    println!("{}", report.to_table());
    if let Some(path) = &options.json {
        let written = std::fs::write(path, report.to_json()?);
        written.with_context(|| format!("writing {}", path.display()))?;
        println!("figures written to {}", path.display());
    }
    if let Some(folder) = &options.plots {
        for path in plot::write(&report, folder)? {
            println!("plot written to {}", path.display());
        }
    }
    Ok(())
}
