//! Buckets of time as SQL.

use xtrace_model::Timestamp;

use super::builder::Builder;
use super::{Bind, Dialect};

/// Buckets of one length, aligned to the epoch, as bound parameters.
pub(super) struct Buckets {
    micros: String,
    origin: String,
}

impl Buckets {
    pub(super) fn new(micros: i64, builder: &mut Builder<'_>) -> Self {
        // The first start within the range of times: only a part of a bucket comes before it.
        let first = Timestamp::MIN.as_micros();
        let origin = first + (-first).rem_euclid(micros);
        Self {
            micros: builder.bind(Bind::Int(micros)),
            origin: builder.bind(Bind::Time(Timestamp::from_micros(origin))),
        }
    }

    /// What to group and order by.
    pub(super) fn key(&self, time: &str, dialect: &dyn Dialect) -> String {
        dialect.bucket_key(time, &self.micros, &self.origin)
    }

    /// What to show of a key.
    pub(super) fn start(&self, key: &str, dialect: &dyn Dialect) -> String {
        dialect.bucket_start(key, &self.micros, &self.origin)
    }
}

/// The number of the local day, by the offset from UTC in force at `time`. The first offset also holds before its
/// instant.
pub(super) fn local_day(
    time: &str,
    offsets: &[(Timestamp, i32)],
    builder: &mut Builder<'_>,
) -> String {
    let mut cases = String::new();
    let mut current = "0".to_owned();
    for (index, (from, seconds)) in offsets.iter().enumerate() {
        if index > 0 {
            let until = builder.bind(Bind::Time(*from));
            cases.push_str(&format!("WHEN {time} < {until} THEN {current} "));
        }
        current = builder.bind(Bind::Int(i64::from(*seconds)));
    }
    if cases.is_empty() {
        return builder.dialect.local_day(time, &current);
    }
    let offset = format!("(CASE {cases}ELSE {current} END)");
    builder.dialect.local_day(time, &offset)
}
