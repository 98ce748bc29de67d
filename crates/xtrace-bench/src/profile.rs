//! `make profile`: where the server's time goes while it writes and while it reads, as flame graphs.
//!
//! `perf` looks at the server 99 times a second and keeps the stack, unwound by the tables that every build has, so
//! neither a build of its own nor frame pointers are needed, and the libraries' frames show as well. Where the
//! machine does not count cycles, which many virtual ones do not, the clock chooses the moments. Beside each flame
//! graph lie its stacks, one a line, for tools that search and zoom.

mod flame;
mod sampler;
mod stacks;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;

use self::sampler::{Perf, Sampler};
use crate::feed::{self, Feed};
use crate::load::closed_loop;
use crate::options::Options;
use crate::reads;
use crate::run::{POINT_CONNECTIONS, WRITE, WRITE_POINTS, binary, engines, first_corpus};
use crate::server::Server;
use crate::stores::Engine;

/// Of the observations and points of a full run, those that are stored beforehand: one of so many. The reads ask for
/// them, and a server that has just started does other things.
const FILLED_SHARE: u64 = 10;

/// Profiles the server on each engine that was chosen; the graphs go into `folder`.
pub async fn run(options: &Options, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let perf = Perf::find()?;
    let binary = binary(options)?;
    for engine in engines(options)? {
        let server = Profiled {
            options,
            binary: &binary,
            engine: &engine,
            perf,
            folder,
        };
        server.run().await?;
    }
    Ok(())
}

/// The server on one engine.
struct Profiled<'a> {
    options: &'a Options,
    binary: &'a Path,
    engine: &'a Engine,
    perf: Perf,
    folder: &'a Path,
}

impl Profiled<'_> {
    async fn run(&self) -> anyhow::Result<()> {
        let (options, name) = (self.options, self.engine.name());
        let store = self.engine.new_store()?;
        let server = store.start(self.binary).await?;
        let target = &server.target;
        let (connections, duration) = (options.connections, options.open_duration());
        eprintln!("{name}: filling …");
        let corpus = first_corpus(options, options.first_observations() / FILLED_SHARE);
        let mut feed = Feed::new(corpus, options.batch);
        let points = feed::points(feed.corpus(), options.points / FILLED_SHARE);
        closed_loop(target, WRITE_POINTS, POINT_CONNECTIONS, None, points).await?;
        closed_loop(target, WRITE, connections, None, feed.all()).await?;
        eprintln!("{name}: writes …");
        let sampler = self.perf.look_at(server.id(), self.folder)?;
        let endless = feed.take(u64::MAX / 2);
        closed_loop(target, WRITE, connections, Some(duration), endless).await?;
        self.write(sampler, "writes")?;
        eprintln!("{name}: reads …");
        let sampler = self.perf.look_at(server.id(), self.folder)?;
        read_for(&server, &feed, duration).await?;
        self.write(sampler, "reads")?;
        server.stop().await?;
        store.remove().await
    }

    fn write(&self, sampler: Sampler, what: &str) -> anyhow::Result<()> {
        let stacks = sampler.finish()?;
        let name = format!("{}-{what}", self.engine.name().to_lowercase());
        let title = format!("xtrace, {name}: {} samples", stacks.samples());
        for (ending, text) in [
            ("svg", flame::to_svg(&stacks, &title)),
            ("folded", stacks.to_folded()),
        ] {
            let path = self.folder.join(format!("{name}.{ending}"));
            std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
            println!("written to {}", path.display());
        }
        Ok(())
    }
}

async fn read_for(server: &Server, feed: &Feed, duration: Duration) -> anyhow::Result<()> {
    let is_over = Arc::new(AtomicBool::new(false));
    let timer = {
        let is_over = is_over.clone();
        tokio::spawn(async move {
            tokio::time::sleep(duration).await;
            is_over.store(true, Ordering::Relaxed);
        })
    };
    reads::ask_until(
        &server.target,
        &reads::questions(feed.corpus(), &[]),
        &is_over,
    )
    .await?;
    Ok(timer.await?)
}
