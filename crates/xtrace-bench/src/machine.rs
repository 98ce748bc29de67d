//! What this machine can do at best, taken in the same run: writing through to the disk, and reading JSON.

use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use xtrace_ingest::native::decode_batch;
use xtrace_model::Timestamp;

use crate::corpus::{Corpus, CorpusKind};
use crate::latency::{Latencies, Percentiles};

/// Bytes written before each fsync.
const FSYNC_BYTES: usize = 4096;
/// Bytes of different bodies that are read over and over; more than a processor's caches hold.
const JSON_BYTES: usize = 32_000_000;

/// One sender appending 4 KB to a file and having them written through, over and over.
#[derive(Clone, Debug, Serialize)]
pub struct Disk {
    pub fsyncs_per_second: f64,
    pub fsync: Percentiles,
}

/// How fast one thread reads the bodies of a corpus.
#[derive(Clone, Debug, Serialize)]
pub struct Json {
    pub corpus: CorpusKind,
    /// Of one observation, with its share of the trace's header.
    pub mean_bytes: f64,
    /// Into items, each split into its fields, as the server does first.
    pub split_mb_per_second: f64,
    /// All that the server does with a body before it is queued.
    pub decode_mb_per_second: f64,
}

/// In a file in `folder`, for `limit`.
pub fn disk(folder: &Path, limit: Duration) -> anyhow::Result<Disk> {
    let path = folder.join("fsyncs");
    let mut file = std::fs::File::create(&path).with_context(|| format!("{}", path.display()))?;
    let block = [b'x'; FSYNC_BYTES];
    let mut latencies = Latencies::new();
    let started = Instant::now();
    while started.elapsed() < limit {
        let began = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        latencies.record(began.elapsed());
    }
    let fsync = latencies.percentiles();
    Ok(Disk {
        fsyncs_per_second: fsync.count as f64 / started.elapsed().as_secs_f64(),
        fsync,
    })
}

/// Bodies of `batch` observations each, for about `limit` each way of reading.
pub fn json(corpus: &Corpus, batch: usize, limit: Duration) -> anyhow::Result<Json> {
    let mut bodies = Vec::new();
    let (mut bytes, mut observations) = (0, 0);
    while bytes < JSON_BYTES && observations < corpus.total() {
        let body = corpus.batch(observations, batch as u64);
        bytes += body.len();
        observations += batch as u64;
        bodies.push(body);
    }
    Ok(Json {
        corpus: corpus.kind(),
        mean_bytes: bytes as f64 / observations as f64,
        split_mb_per_second: mb_per_second(&bodies, limit, |body| {
            let traces: Vec<Trace<'_>> = serde_json::from_str(body)?;
            black_box(traces);
            Ok(())
        })?,
        decode_mb_per_second: mb_per_second(&bodies, limit, |body| {
            black_box(decode_batch(body.as_bytes(), Timestamp::from_micros(0))?);
            Ok(())
        })?,
    })
}

fn mb_per_second(
    bodies: &[String],
    limit: Duration,
    read: impl Fn(&str) -> anyhow::Result<()>,
) -> anyhow::Result<f64> {
    let mut bytes = 0;
    let started = Instant::now();
    for body in bodies.iter().cycle() {
        read(body)?;
        bytes += body.len();
        if started.elapsed() >= limit {
            break;
        }
    }
    Ok(bytes as f64 / 1e6 / started.elapsed().as_secs_f64())
}

/// A trace of a body, with its observations' fields left as text.
#[derive(Deserialize)]
#[expect(dead_code, reason = "what was read is only looked at by its size")]
struct Trace<'a> {
    #[serde(borrow)]
    trace: Option<&'a RawValue>,
    #[serde(borrow)]
    observations: Vec<Fields<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "what was read is only looked at by its size")]
struct Fields<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    trace_id: &'a RawValue,
    #[serde(borrow)]
    start_time: Option<&'a RawValue>,
    #[serde(borrow)]
    end_time: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bodies_of_every_corpus_are_read_by_both_ways() {
        for kind in CorpusKind::ALL {
            let corpus = Corpus::new(kind, 7, 100);
            let json = json(&corpus, 20, Duration::from_millis(1)).unwrap();
            assert!(json.split_mb_per_second > 0.0, "{json:?}");
            assert!(json.decode_mb_per_second > 0.0, "{json:?}");
        }
    }

    #[test]
    fn fsyncs_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let disk = disk(folder.path(), Duration::from_millis(20)).unwrap();
        assert!(disk.fsyncs_per_second > 0.0 && disk.fsync.count > 0);
    }
}
