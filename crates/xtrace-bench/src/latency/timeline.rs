//! Latencies over the time of a load, in slots of 100 ms.
//!
//! A request belongs to the slot in which it was due, so a stall shows for as long as it was felt. Memory is
//! bounded: when a load takes longer than the slots last, neighbours are put together and slots become twice as
//! long. Percentiles are exact to 1 %; the figures that are reported come from [`super::Latencies`].

use std::time::Duration;

use hdrhistogram::Histogram;

const FIRST_SLOT: Duration = Duration::from_millis(100);
const SLOTS_MAX: usize = 1_200;

pub struct Timeline {
    slot: Duration,
    slots: Vec<Option<Histogram<u32>>>,
}

/// The requests that were due in one slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The slot's middle, from the start of the load.
    pub at_seconds: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    pub count: u64,
}

impl Timeline {
    pub fn new() -> Self {
        Self {
            slot: FIRST_SLOT,
            slots: Vec::new(),
        }
    }

    /// A request that was due so long after the start of the load.
    pub fn record(&mut self, due: Duration, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let index = self.make_room(due);
        let slot = self.slots[index].get_or_insert_with(new_histogram);
        slot.saturating_record(micros);
    }

    /// The slots in which something was due.
    pub fn moments(&self) -> Vec<Moment> {
        let ms = |micros: u64| micros as f64 / 1000.0;
        let slots = self.slots.iter().enumerate();
        let moment = |(index, slot): (usize, &Option<Histogram<u32>>)| {
            let slot = slot.as_ref()?;
            Some(Moment {
                at_seconds: (index as f64 + 0.5) * self.slot.as_secs_f64(),
                p50_ms: ms(slot.value_at_quantile(0.5)),
                p99_ms: ms(slot.value_at_quantile(0.99)),
                max_ms: ms(slot.max()),
                count: slot.len(),
            })
        };
        slots.filter_map(moment).collect()
    }

    /// The index of the slot for this time, which exists afterwards.
    fn make_room(&mut self, due: Duration) -> usize {
        let index = |slot: Duration| (due.as_nanos() / slot.as_nanos()) as usize;
        while index(self.slot) >= SLOTS_MAX {
            self.slots = merge_neighbours(std::mem::take(&mut self.slots));
            self.slot *= 2;
        }
        let index = index(self.slot);
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
        }
        index
    }
}

fn new_histogram() -> Histogram<u32> {
    let histogram = Histogram::new_with_bounds(1, 600_000_000, 2);
    histogram.expect("1 µs to 10 minutes with two digits is a valid range")
}

fn merge_neighbours(slots: Vec<Option<Histogram<u32>>>) -> Vec<Option<Histogram<u32>>> {
    let mut merged = Vec::with_capacity(SLOTS_MAX);
    let mut slots = slots.into_iter();
    while let Some(first) = slots.next() {
        let second = slots.next().flatten();
        merged.push(match (first, second) {
            (Some(mut first), Some(second)) => {
                first += second;
                Some(first)
            }
            (first, second) => first.or(second),
        });
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(timeline: &mut Timeline, due_ms: u64, latency_ms: u64) {
        let (due, latency) = (
            Duration::from_millis(due_ms),
            Duration::from_millis(latency_ms),
        );
        timeline.record(due, latency);
    }

    #[test]
    fn requests_are_put_where_they_were_due_in_whatever_order_they_were_answered() {
        let mut timeline = Timeline::new();
        record(&mut timeline, 250, 2);
        record(&mut timeline, 10, 500);
        record(&mut timeline, 90, 1);
        let moments = timeline.moments();
        let seen: Vec<(f64, u64)> = moments.iter().map(|m| (m.at_seconds, m.count)).collect();
        assert_eq!(seen, [(0.05, 2), (0.25, 1)]);
        assert!((moments[0].max_ms - 500.0).abs() < 5.0, "{moments:?}");
        assert!((moments[0].p50_ms - 1.0).abs() < 0.1, "{moments:?}");
    }

    #[test]
    fn a_long_load_takes_no_more_slots_and_loses_no_request() {
        let mut timeline = Timeline::new();
        for second in 0..3600 {
            record(&mut timeline, second * 1000, 1 + second % 7);
        }
        let moments = timeline.moments();
        assert!(moments.len() <= SLOTS_MAX, "{}", moments.len());
        assert_eq!(moments.iter().map(|moment| moment.count).sum::<u64>(), 3600);
        assert!(moments.is_sorted_by(|a, b| a.at_seconds < b.at_seconds));
        assert!(moments.last().is_some_and(|last| last.at_seconds > 3590.0));
    }
}
