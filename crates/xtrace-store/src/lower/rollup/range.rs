//! Which times a plan asks for: whole buckets, and what sticks out of them.

use xtrace_model::Timestamp;
use xtrace_model::rollup::BUCKET_MICROS;
use xtrace_query::{Comparison, Condition, Value, traces};

/// From the first to before the second, in microseconds since the epoch; without a bound there are all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Range {
    from: Option<i64>,
    end: Option<i64>,
}

impl Range {
    /// What conditions on the time of the trace leave, and the other conditions.
    pub(super) fn of(conditions: &[Condition]) -> (Self, Vec<&Condition>) {
        let mut range = Self::default();
        let others = conditions
            .iter()
            .filter(|condition| !range.narrow(condition));
        let others = others.collect();
        (range, others)
    }

    /// Whether that is a condition on the time of the trace, taken into account by now.
    fn narrow(&mut self, condition: &Condition) -> bool {
        let Condition::Compare {
            field,
            comparison,
            value: Value::Time(time),
        } = condition
        else {
            return false;
        };
        if **field != traces::TIMESTAMP {
            return false;
        }
        let micros = time.as_micros();
        match comparison {
            Comparison::Equal => return false,
            Comparison::GreaterOrEqual => self.begin(micros),
            Comparison::Greater => self.begin(micros + 1),
            Comparison::Less => self.finish(micros),
            Comparison::LessOrEqual => self.finish(micros + 1),
        }
        true
    }

    fn begin(&mut self, micros: i64) {
        self.from = Some(self.from.map_or(micros, |from| from.max(micros)));
    }

    fn finish(&mut self, micros: i64) {
        self.end = Some(self.end.map_or(micros, |end| end.min(micros)));
    }

    pub(super) fn is_unbounded(&self) -> bool {
        self.from.is_none() && self.end.is_none()
    }

    /// Where the first whole bucket begins.
    pub(super) fn lowest(&self) -> Option<i64> {
        self.from
            .map(|from| from + (-from).rem_euclid(BUCKET_MICROS))
    }

    /// Where the last whole bucket ends.
    pub(super) fn end(&self) -> Option<i64> {
        self.end.map(|end| end - end.rem_euclid(BUCKET_MICROS))
    }

    pub(super) fn has_whole_buckets(&self) -> bool {
        match (self.lowest(), self.end()) {
            (Some(lowest), Some(end)) => lowest < end,
            _ => true,
        }
    }

    /// Conditions that leave, of the rows asked for, those before the first whole bucket and those behind the last.
    pub(super) fn edges(&self) -> Vec<Condition> {
        let mut edges = Vec::new();
        if self.lowest() != self.from {
            edges.extend(self.lowest().map(|lowest| beyond(Comparison::Less, lowest)));
        }
        if self.end() != self.end {
            let end = self.end();
            edges.extend(end.map(|end| beyond(Comparison::GreaterOrEqual, end)));
        }
        edges
    }
}

fn beyond(comparison: Comparison, micros: i64) -> Condition {
    Condition::Compare {
        field: &traces::TIMESTAMP,
        comparison,
        value: Value::Time(Timestamp::from_micros(micros)),
    }
}
