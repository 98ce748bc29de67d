//! Own figures of the ingest path: every item is accounted for.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use xtrace_store::{CommitReport, ErrorKind, Outcome};

use crate::queue::IngestError;

/// Why items were rejected, by stable name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Reason {
    pub reason: String,
}

/// INVARIANT: at rest, `received = accepted + duplicate + rejected` over all reasons.
#[derive(Debug)]
pub struct IngestFigures {
    pub received: Counter,
    pub accepted: Counter,
    pub duplicate: Counter,
    pub rejected: Family<Reason, Counter>,
    pub queue_items: Gauge,
    pub queue_bytes: Gauge,
    pub commit_seconds: Histogram,
}

impl Default for IngestFigures {
    fn default() -> Self {
        Self {
            received: Counter::default(),
            accepted: Counter::default(),
            duplicate: Counter::default(),
            rejected: Family::default(),
            queue_items: Gauge::default(),
            queue_bytes: Gauge::default(),
            commit_seconds: Histogram::new(exponential_buckets(0.0005, 2.0, 16)),
        }
    }
}

impl IngestFigures {
    /// Names each figure in `registry`, under `xtrace_ingest_…`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("xtrace_ingest");
        let items = "Items (traces, observations, metric points)";
        registry.register(
            "items_received",
            format!("{items} received"),
            self.received.clone(),
        );
        registry.register(
            "items_accepted",
            format!("{items} stored"),
            self.accepted.clone(),
        );
        registry.register(
            "items_duplicate",
            format!("{items} that were there already"),
            self.duplicate.clone(),
        );
        registry.register(
            "items_rejected",
            format!("{items} not stored, by reason"),
            self.rejected.clone(),
        );
        registry.register(
            "queue_items",
            format!("{items} waiting"),
            self.queue_items.clone(),
        );
        registry.register_with_unit(
            "queue",
            "Bytes of requests waiting or being committed",
            Unit::Bytes,
            self.queue_bytes.clone(),
        );
        registry.register_with_unit(
            "commit",
            "Time of a group commit, from queue to disk",
            Unit::Seconds,
            self.commit_seconds.clone(),
        );
    }

    /// Counts items that were refused before they reached the queue.
    pub fn count_refused(&self, reason: &str, count: u64) {
        self.received.inc_by(count);
        self.count_rejected(reason, count);
    }

    /// `weights`: what each item counts, in the order of the report.
    pub(crate) fn count_result(&self, weights: &[u64], result: &Result<CommitReport, IngestError>) {
        let report = match result {
            Ok(report) => report,
            Err(error) => return self.count_rejected(error.reason(), weights.iter().sum()),
        };
        for (outcome, weight) in report.iter().zip(weights) {
            match outcome {
                Outcome::Accepted => _ = self.accepted.inc_by(*weight),
                Outcome::Duplicate => _ = self.duplicate.inc_by(*weight),
                Outcome::Points {
                    accepted,
                    duplicate,
                } => {
                    self.accepted.inc_by(*accepted);
                    self.duplicate.inc_by(*duplicate);
                }
                Outcome::Rejected(rejection) => self.count_rejected(rejection.code, *weight),
            }
        }
    }

    fn count_rejected(&self, reason: &str, count: u64) {
        let reason = Reason {
            reason: reason.to_owned(),
        };
        self.rejected.get_or_create(&reason).inc_by(count);
    }
}

impl IngestError {
    /// Stable name for counting.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::QueueFull { .. } => "queue_full",
            Self::ShuttingDown { .. } => "shutting_down",
            Self::Store(error) => match error.kind {
                ErrorKind::Unavailable => "store_unavailable",
                ErrorKind::Timeout => "store_timeout",
                _ => "store_error",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use xtrace_store::Rejection;

    use super::*;

    #[test]
    fn every_point_of_a_rejected_series_is_accounted_for() {
        let figures = IngestFigures::default();
        let rejection = Rejection {
            code: "series_limit",
            reason: String::new(),
        };
        let points = Outcome::Points {
            accepted: 2,
            duplicate: 1,
        };
        let report = vec![Outcome::Accepted, Outcome::Rejected(rejection), points];
        figures.count_result(&[1, 5, 3], &Ok(report));
        let reason = Reason {
            reason: "series_limit".into(),
        };
        let rejected = figures.rejected.get_or_create(&reason).get();
        let counts = (figures.accepted.get(), figures.duplicate.get(), rejected);
        assert_eq!(counts, (3, 1, 5));
    }
}
