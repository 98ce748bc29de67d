//! The reads that are measured.

mod questions;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde::Serialize;

pub use self::questions::{Question, questions};
use crate::latency::{Latencies, Percentiles};
use crate::server::Target;

#[derive(Clone, Debug, Serialize)]
pub struct Read {
    pub name: String,
    pub latency: Percentiles,
}

/// Asks each read `times` times, one after the other, and once before to warm up.
pub async fn measure(
    target: &Target,
    questions: &[Question],
    times: usize,
) -> anyhow::Result<Vec<Read>> {
    let mut reads = Vec::new();
    for question in questions {
        let mut latencies = Latencies::new();
        question.ask(target, 0).await?;
        for n in 0..times {
            let asked = Instant::now();
            question.ask(target, n).await?;
            latencies.record(asked.elapsed());
        }
        reads.push(Read {
            name: question.name.clone(),
            latency: latencies.percentiles(),
        });
    }
    Ok(reads)
}

/// Asks the reads in turn, one at a time, until told to stop.
pub async fn ask_until(
    target: &Target,
    questions: &[Question],
    is_over: &AtomicBool,
) -> anyhow::Result<Vec<Read>> {
    let mut latencies: Vec<Latencies> = questions.iter().map(|_| Latencies::new()).collect();
    'rounds: for round in 0.. {
        for (question, latencies) in questions.iter().zip(&mut latencies) {
            if is_over.load(Ordering::Relaxed) {
                break 'rounds;
            }
            let asked = Instant::now();
            question.ask(target, round).await?;
            latencies.record(asked.elapsed());
        }
    }
    let reads = questions.iter().zip(&latencies);
    Ok(reads
        .map(|(question, latencies)| Read {
            name: question.name.clone(),
            latency: latencies.percentiles(),
        })
        .collect())
}
