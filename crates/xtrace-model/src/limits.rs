//! Every limit on what one item may carry, with its unit and reason: one page for all decoders.
//!
//! What is over a limit is rejected by name, item by item; nothing is cut silently. Limits on whole
//! requests and queues belong to the edges that enforce them.

pub use crate::ids::ID_BYTES_MAX;
pub use crate::metadata::METADATA_DEPTH_MAX;

/// Short texts that people filter and group by: names, users, sessions, turns, models, versions,
/// environments. Bytes of UTF-8; every engine can put two of them into one index entry.
pub const DIMENSION_BYTES_MAX: usize = 1_024;

/// Status messages, which may be stack traces. Bytes of UTF-8.
pub const STATUS_MESSAGE_BYTES_MAX: usize = 64 * 1_024;

/// Tags of one item.
pub const TAGS_MAX: usize = 256;

/// One tag. Bytes of UTF-8.
pub const TAG_BYTES_MAX: usize = 256;

/// Nesting of any JSON value that is stored. Most parsers give up at 128 levels, and an answer wraps
/// a payload in a few of its own.
pub const JSON_DEPTH_MAX: usize = 100;

/// Keys of one metadata object, at all levels together: each is merged on its own.
pub const METADATA_KEYS_MAX: usize = 10_000;

/// Buckets of one usage or cost object.
pub const BUCKETS_MAX: usize = 100;

/// The name of a usage or cost bucket. Bytes of UTF-8.
pub const BUCKET_BYTES_MAX: usize = 128;

/// Units in one bucket: millions of such observations still add up within 64 bits.
pub const UNITS_MAX: u64 = 1_000_000_000_000;

/// A latency or time to first token. Seconds; some thirty years.
pub const DURATION_SECONDS_MAX: f64 = 1e9;

/// Items of one request: what they need while they are decoded must stay bounded as well.
pub const BATCH_ITEMS_MAX: usize = 50_000;

/// Points of one metrics request.
pub const BATCH_POINTS_MAX: usize = 500_000;

/// A metric's name. Bytes of UTF-8.
pub const METRIC_NAME_BYTES_MAX: usize = 256;

/// A point's value, without its sign. Sums of squares of millions of such values still fit a 64-bit float, which
/// averages in one of the engines need.
pub const METRIC_VALUE_MAX: f64 = 1e140;

/// Labels of one point; configurable.
pub const LABELS_MAX: usize = 64;

/// A label's name. Bytes of UTF-8.
pub const LABEL_NAME_BYTES_MAX: usize = 256;

/// A label's value. Bytes of UTF-8; configurable.
pub const LABEL_VALUE_BYTES_MAX: usize = 256;

/// A point's timestamp is not before this: 2000-01-01T00:00:00Z in microseconds since 1970.
pub const POINT_TIME_MIN_MICROS: i64 = 946_684_800_000_000;

/// How far a point's timestamp may lie in the future. Microseconds; a day, for clocks that are off.
pub const POINT_FUTURE_MAX_MICROS: i64 = 24 * 3_600 * 1_000_000;
