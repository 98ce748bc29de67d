//! Receipt times: what orders events that carry no time of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use xtrace_model::{Clock, Timestamp};

/// Gives each request a receipt time later than all before, even when the clock stands still or jumps back.
pub struct ReceiptClock {
    clock: Arc<dyn Clock>,
    last: AtomicI64,
}

impl ReceiptClock {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            last: AtomicI64::new(i64::MIN),
        }
    }

    pub fn next(&self) -> Timestamp {
        let now = self.clock.now().as_micros();
        let later = |last: i64| Some(now.max(last.saturating_add(1)));
        let last = self
            .last
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, later);
        let last = last.unwrap_or_else(|last| last);
        Timestamp::from_micros(now.max(last.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xtrace_model::ManualClock;

    #[test]
    fn never_repeats_or_goes_back() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(10)));
        let receipts = ReceiptClock::new(clock.clone());
        assert_eq!(receipts.next().as_micros(), 10);
        assert_eq!(receipts.next().as_micros(), 11);
        clock.set(Timestamp::from_micros(5));
        assert_eq!(receipts.next().as_micros(), 12);
        clock.set(Timestamp::from_micros(100));
        assert_eq!(receipts.next().as_micros(), 100);
    }
}
