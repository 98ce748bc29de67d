//! Latencies in microseconds, and their percentiles.

pub mod timeline;

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

pub struct Latencies(Histogram<u64>);

/// Milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Percentiles {
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    pub count: u64,
}

impl Latencies {
    pub fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, 600_000_000, 3);
        Self(histogram.expect("1 µs to 10 minutes with three digits is a valid range"))
    }

    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros);
    }

    pub fn add(&mut self, other: &Self) {
        self.0 += &other.0;
    }

    pub fn percentiles(&self) -> Percentiles {
        let ms = |micros: u64| micros as f64 / 1000.0;
        Percentiles {
            p50_ms: ms(self.0.value_at_quantile(0.5)),
            p99_ms: ms(self.0.value_at_quantile(0.99)),
            max_ms: ms(self.0.max()),
            count: self.0.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(micros: impl Iterator<Item = u64>, p50_ms: f64, p99_ms: f64, max_ms: f64) {
        let mut latencies = Latencies::new();
        for micros in micros {
            latencies.record(Duration::from_micros(micros));
        }
        let found = latencies.percentiles();
        let is_near = |found: f64, expected: f64| (found - expected).abs() <= expected * 0.001;
        assert!(is_near(found.p50_ms, p50_ms), "p50 of {found:?}");
        assert!(is_near(found.p99_ms, p99_ms), "p99 of {found:?}");
        assert!(is_near(found.max_ms, max_ms), "max of {found:?}");
    }

    #[test]
    fn percentiles_of_even_latencies_are_exact_to_three_digits() {
        check((1..=1000).map(|n| n * 100), 50.0, 99.0, 100.0);
    }

    #[test]
    fn one_slow_request_of_a_hundred_shows_in_the_maximum_alone() {
        check((0..99).map(|_| 1000).chain([250_000]), 1.0, 1.0, 250.0);
    }

    #[test]
    fn a_latency_beyond_the_range_counts_as_its_end() {
        let mut latencies = Latencies::new();
        latencies.record(Duration::from_secs(3600));
        assert!(latencies.percentiles().max_ms >= 600_000.0);
        assert_eq!(latencies.percentiles().count, 1);
    }

    #[test]
    fn no_latencies_have_percentiles_of_zero() {
        let found = Latencies::new().percentiles();
        assert_eq!((found.count, found.max_ms), (0, 0.0));
    }
}
