//! Buckets of time as SQL.

use xtrace_model::Timestamp;
use xtrace_query::Bucket;
use xtrace_query::zone::{MONDAY_MICROS, WEEK_MICROS};

use super::builder::Builder;
use super::{Bind, Dialect};

/// What rows are grouped by, and what is shown of it where it is called `name`.
pub(super) fn keyed(
    time: &str,
    bucket: &Bucket,
    name: &str,
    builder: &mut Builder<'_>,
) -> (String, String) {
    let buckets = match bucket {
        Bucket::Fixed { micros } => Buckets::new(*micros, builder),
        Bucket::Week => Buckets::from(WEEK_MICROS, MONDAY_MICROS, builder),
        Bucket::Month => return (builder.dialect.month(time), name.to_owned()),
        Bucket::Day { offsets } => return (local_day(time, offsets, builder), name.to_owned()),
    };
    let dialect = builder.dialect;
    (buckets.key(time, dialect), buckets.start(name, dialect))
}

/// Buckets of one length as bound parameters.
pub(super) struct Buckets {
    micros: String,
    origin: String,
}

impl Buckets {
    /// Aligned to the epoch.
    pub(super) fn new(micros: i64, builder: &mut Builder<'_>) -> Self {
        Self::from(micros, 0, builder)
    }

    /// One begins at `start`, in microseconds since the epoch.
    fn from(micros: i64, start: i64, builder: &mut Builder<'_>) -> Self {
        // The first start within the range of times: only a part of a bucket comes before it.
        let first = Timestamp::MIN.as_micros();
        let origin = first + (start - first).rem_euclid(micros);
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
fn local_day(time: &str, offsets: &[(Timestamp, i32)], builder: &mut Builder<'_>) -> String {
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
