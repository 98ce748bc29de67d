//! The order of a run: the machine, then on each engine: the bare engine, the idle server, load, size, reads, both,
//! and at last the writing of the other corpora.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use crate::corpus::{Corpus, CorpusKind};
use crate::feed::{self, Feed};
use crate::load::{Load, Pace, closed_loop, open_loop};
use crate::mixed::{self, Mixed, Stage};
use crate::options::{EngineChoice, Options};
use crate::report::{Full, Machine, Measured, Memory, Report, Written};
use crate::server::{Server, beside_this_program};
use crate::stores::{Engine, Store};
use crate::{idle, machine, reads};

/// The n-th observation is the same in every run.
const SEED: u64 = 7;
/// Rows that the bare engines take.
const BARE_ROWS_MAX: u64 = 200_000;
/// Senders of metric points.
pub const POINT_CONNECTIONS: usize = 4;
pub const WRITE: &str = "/v1/l/batch";
pub const WRITE_POINTS: &str = "/v1/metrics/batch";

pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let binary = binary(options)?;
    eprintln!("the machine: fsync, JSON …");
    let machine = tokio::task::block_in_place(|| machine(options))?;
    let mut measured = Vec::new();
    for engine in engines(options)? {
        let course = Course {
            options,
            binary: &binary,
            engine: &engine,
        };
        measured.push(course.run().await?);
    }
    Ok(Report { machine, measured })
}

pub fn binary(options: &Options) -> anyhow::Result<PathBuf> {
    options.xtrace.clone().map_or_else(beside_this_program, Ok)
}

pub fn engines(options: &Options) -> anyhow::Result<Vec<Engine>> {
    let mut engines = Vec::new();
    if options.engine != EngineChoice::Postgres {
        engines.push(Engine::Embedded);
    }
    if options.engine != EngineChoice::Embedded {
        engines.push(Engine::postgres()?);
    }
    Ok(engines)
}

pub fn first_corpus(options: &Options, total: u64) -> Arc<Corpus> {
    Arc::new(Corpus::new(options.first(), SEED, total))
}

fn machine(options: &Options) -> anyhow::Result<Machine> {
    let limit = options.limit_duration();
    let folder = tempfile::tempdir()?;
    let disk = machine::disk(folder.path(), limit)?;
    let json = options.corpus.iter().map(|kind| {
        let corpus = Corpus::new(*kind, SEED, options.other_observations(*kind));
        machine::json(&corpus, options.batch, limit / 4)
    });
    Ok(Machine {
        disk,
        json: json.collect::<anyhow::Result<_>>()?,
    })
}

/// All that is done on one engine.
struct Course<'a> {
    options: &'a Options,
    binary: &'a Path,
    engine: &'a Engine,
}

/// The loads on a server that was empty before.
struct Loads {
    idle: idle::Idle,
    closed: Load,
    open: Load,
    points: Load,
    idle_bytes: u64,
    loaded_bytes: u64,
    sent_bytes: u64,
}

impl Course<'_> {
    async fn run(&self) -> anyhow::Result<Measured> {
        let options = self.options;
        let corpus = first_corpus(options, options.first_observations());
        let mut feed = Feed::new(corpus, options.batch);
        self.say("the bare engine, and lone commits");
        let rows = feed.corpus().total().min(BARE_ROWS_MAX);
        let bare = self.engine.bare(feed.corpus(), rows).await?;
        let writes = options.idle().writes;
        let lone_commit = self.engine.lone_commit(feed.corpus(), writes).await?;
        let store = self.engine.new_store()?;
        let loads = self.load(&store, &mut feed).await?;
        let disk_bytes = store.bytes().await?;
        self.say(&format!("reads at {} observations", feed.corpus().total()));
        let server = store.start(self.binary).await?;
        let idle_full_bytes = server.memory_bytes()?;
        let questions = Arc::new(reads::questions(feed.corpus(), &options.long_traces()));
        let reads = reads::measure(&server.target, &questions, options.reads).await?;
        let stage = Stage {
            target: &server.target,
            store: &store,
            questions: &questions,
        };
        let mixed = self.mix(&stage, &mut feed).await?;
        let ready_full_ms = server.ready_ms;
        self.stop(server).await?;
        store.remove().await?;
        let mut others = Vec::new();
        for kind in options.others() {
            others.push(self.write(*kind).await?);
        }
        Ok(Measured {
            engine: self.engine.name(),
            bare,
            lone_commit,
            idle: loads.idle,
            full: Full {
                corpus: options.first(),
                closed: loads.closed,
                open: loads.open,
                points: loads.points,
                reads,
                mixed,
                memory: Memory {
                    idle_bytes: loads.idle_bytes,
                    loaded_bytes: loads.loaded_bytes,
                    idle_full_bytes,
                },
                ready_full_ms,
                disk_bytes,
                sent_bytes: loads.sent_bytes,
            },
            others,
        })
    }

    async fn load(&self, store: &Store, feed: &mut Feed) -> anyhow::Result<Loads> {
        let options = self.options;
        let server = store.start(self.binary).await?;
        let target = &server.target;
        let idle_bytes = server.memory_bytes()?;
        self.say("lone writes, /healthz");
        let from = feed.skip(options.idle().writes);
        let idle = idle::measure(target, feed.corpus(), from, options.idle()).await?;
        self.say(&format!("closed loop, {} connections", options.connections));
        let closed = closed_loop(target, WRITE, options.connections, None, feed.all()).await?;
        self.say("open loop at half of that");
        let rate = closed.items_per_second / 2.0;
        let more = feed.take(whole(rate * options.seconds as f64) + options.batch as u64);
        let pace = Pace::of_items(rate, options.batch, options.open_duration());
        let open = open_loop(target, WRITE, pace, more).await?;
        let loaded_bytes = server.memory_bytes()?;
        self.say("metric points");
        let points = feed::points(feed.corpus(), options.points);
        let points = closed_loop(target, WRITE_POINTS, POINT_CONNECTIONS, None, points).await?;
        let mut sent_bytes = closed.bytes + open.bytes + points.bytes;
        for trace in options.long_traces() {
            self.say(&format!("a trace of {} observations", trace.observations));
            let bodies = feed::long_trace(feed.corpus(), trace);
            sent_bytes += closed_loop(target, WRITE, 1, None, bodies).await?.bytes;
        }
        self.stop(server).await?;
        Ok(Loads {
            idle,
            closed,
            open,
            points,
            idle_bytes,
            loaded_bytes,
            sent_bytes,
        })
    }

    async fn mix(&self, stage: &Stage<'_>, feed: &mut Feed) -> anyhow::Result<Mixed> {
        self.say("writes at a fixed rate, without and with a reader");
        let options = self.options.mixed();
        let seconds = options.duration.as_secs_f64();
        let count = whole(options.items_per_second * seconds) + options.batch as u64;
        let bodies = [feed.take(count), feed.take(count)];
        mixed::measure(stage, options, bodies).await
    }

    /// Writes a corpus into an empty store, for the figures of that alone.
    async fn write(&self, kind: CorpusKind) -> anyhow::Result<Written> {
        self.say(&format!("writing {}", kind.name()));
        let options = self.options;
        let total = options.other_observations(kind);
        let corpus = Arc::new(Corpus::new(kind, SEED, total));
        let bare = self.engine.bare(&corpus, total.min(BARE_ROWS_MAX)).await?;
        let store = self.engine.new_store()?;
        let server = store.start(self.binary).await?;
        let bodies = Feed::new(corpus, options.batch).all();
        let connections = options.connections;
        let closed = closed_loop(&server.target, WRITE, connections, None, bodies).await?;
        self.stop(server).await?;
        let disk_bytes = store.bytes().await?;
        store.remove().await?;
        Ok(Written {
            corpus: kind,
            closed,
            bare,
            disk_bytes,
        })
    }

    async fn stop(&self, server: Server) -> anyhow::Result<()> {
        let stopped = server.stop().await;
        stopped.with_context(|| format!("stopping the server on {}", self.engine.name()))
    }

    fn say(&self, what: &str) {
        eprintln!("{}: {what} …", self.engine.name());
    }
}

/// The next whole number.
fn whole(number: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of a run are far below 2⁶⁴ and not negative"
    )]
    let whole = number.ceil() as u64;
    whole
}
