//! What can be chosen.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::corpus::{CorpusKind, LongTrace};
use crate::idle::IdleOptions;
use crate::mixed::MixedOptions;

/// Of the observations that a corpus has when it is the first, those it has when it is not: one of so many.
const OTHERS_SHARE: u64 = 8;
const OTHERS_MIN: u64 = 500;
/// Of the observations that a corpus has by default, those of a quick run: one of so many.
const QUICK_SHARE: u64 = 100;

/// Measures the server beside the bare engines.
#[derive(Clone, Debug, Parser)]
#[command(name = "xtrace-bench", version)]
pub struct Options {
    /// Which engines to measure
    #[arg(long, value_enum, default_value = "both")]
    pub engine: EngineChoice,
    /// What is written: everything is measured with the first, of the others only the writing of fewer
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_values_t = CorpusKind::ALL
    )]
    pub corpus: Vec<CorpusKind>,
    /// Observations of the first corpus stored before the reads are measured; by default about 2 GB
    #[arg(long)]
    observations: Option<u64>,
    /// Metric points stored before the reads are measured
    #[arg(long, default_value_t = 5_000_000)]
    pub points: u64,
    /// Connections of the closed loop
    #[arg(long, default_value_t = 16)]
    pub connections: usize,
    /// Observations per request
    #[arg(long, default_value_t = 50)]
    pub batch: usize,
    /// Length of the open loop
    #[arg(long, default_value_t = 20)]
    pub seconds: u64,
    /// Times each read is asked
    #[arg(long, default_value_t = 60)]
    pub reads: usize,
    /// Length of the writes without and with readers, each
    #[arg(long, default_value_t = 60)]
    mixed_seconds: u64,
    /// Observations per second of these writes
    #[arg(long, default_value_t = 2_000)]
    mixed_rate: u32,
    /// A short run on little data: shows that everything works, not how fast it is
    #[arg(long)]
    quick: bool,
    /// Where the figures go as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Where plots go as SVG
    #[arg(long, value_name = "FOLDER")]
    pub plots: Option<PathBuf>,
    /// Measures nothing: profiles the server while it writes and while it reads, and puts flame graphs there
    #[arg(long, value_name = "FOLDER")]
    pub profile: Option<PathBuf>,
    /// The server's binary; by default the one beside this program
    #[arg(long, value_name = "FILE")]
    pub xtrace: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineChoice {
    Embedded,
    Postgres,
    Both,
}

impl Options {
    /// The options with `--quick` applied.
    pub fn settled(mut self) -> Self {
        if self.quick {
            let few = self.first().observations_by_default() / QUICK_SHARE;
            self.observations = Some(self.first_observations().min(few));
            self.points = self.points.min(50_000);
            self.seconds = self.seconds.min(2);
            self.reads = self.reads.min(5);
            self.mixed_seconds = self.mixed_seconds.min(3);
        }
        self
    }

    /// The corpus everything is measured with.
    pub fn first(&self) -> CorpusKind {
        self.corpus[0]
    }

    pub fn others(&self) -> &[CorpusKind] {
        &self.corpus[1..]
    }

    pub fn first_observations(&self) -> u64 {
        let by_default = self.first().observations_by_default();
        self.observations.unwrap_or(by_default)
    }

    /// Observations of a corpus that is not the first: in proportion.
    pub fn other_observations(&self, kind: CorpusKind) -> u64 {
        let proportional = u128::from(kind.observations_by_default())
            * u128::from(self.first_observations())
            / u128::from(self.first().observations_by_default() * OTHERS_SHARE);
        u64::try_from(proportional)
            .unwrap_or(u64::MAX)
            .max(OTHERS_MIN)
    }

    /// Traces whose length is what their reading costs.
    pub fn long_traces(&self) -> [LongTrace; 3] {
        let longest = if self.quick { 2_000 } else { 100_000 };
        [(50, true), (1_000, false), (longest, false)].map(|(observations, has_payloads)| {
            LongTrace {
                observations,
                has_payloads,
            }
        })
    }

    /// How long one of the machine's limits is measured.
    pub fn limit_duration(&self) -> Duration {
        Duration::from_millis(if self.quick { 100 } else { 2_000 })
    }

    pub fn open_duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    pub fn idle(&self) -> IdleOptions {
        IdleOptions {
            writes: if self.quick { 30 } else { 300 },
            connections: self.connections,
            limit: self.limit_duration(),
        }
    }

    pub fn mixed(&self) -> MixedOptions {
        MixedOptions {
            items_per_second: f64::from(self.mixed_rate),
            batch: self.batch,
            duration: Duration::from_secs(self.mixed_seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Options {
        let program = ["xtrace-bench"].iter();
        Options::try_parse_from(program.chain(arguments))
            .unwrap()
            .settled()
    }

    #[test]
    fn a_run_without_choices_measures_every_corpus_the_agents_first() {
        let options = parse(&[]);
        assert_eq!(options.corpus, CorpusKind::ALL);
        assert_eq!(options.first_observations(), 1_000_000);
        assert_eq!(options.other_observations(CorpusKind::Unique), 10_000);
    }

    #[test]
    fn fewer_observations_of_the_first_corpus_make_fewer_of_the_others() {
        let options = parse(&["--observations", "100000"]);
        assert_eq!(options.other_observations(CorpusKind::Spans), 25_000);
        assert_eq!(options.other_observations(CorpusKind::Unique), 1_000);
    }

    #[test]
    fn a_quick_run_stays_small_whatever_else_is_chosen() {
        let options = parse(&["--quick", "--seconds", "500", "--mixed-seconds", "500"]);
        assert_eq!(options.first_observations(), 10_000);
        assert_eq!(options.open_duration(), Duration::from_secs(2));
        assert_eq!(options.mixed().duration, Duration::from_secs(3));
    }

    #[test]
    fn a_quick_run_stays_small_whatever_corpus_comes_first() {
        let options = parse(&["--quick", "--corpus", "unique,spans"]);
        assert_eq!(options.first_observations(), 800);
        assert_eq!(options.other_observations(CorpusKind::Spans), 2_500);
    }

    #[test]
    fn corpora_are_taken_in_the_order_in_which_they_are_named() {
        let options = parse(&["--corpus", "unique,spans"]);
        assert_eq!(options.first(), CorpusKind::Unique);
        assert_eq!(options.others(), [CorpusKind::Spans]);
    }
}
