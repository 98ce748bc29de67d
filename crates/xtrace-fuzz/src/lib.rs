//! What must hold for any bytes whatever, as functions that panic where it does not.
//!
//! `fuzz/` hands them to libFuzzer, which looks for bytes that break them; the tests of this crate hand them the corpus
//! that was found so far, so that `make test` walks every path that fuzzing has ever reached. Each target says more than
//! "does not panic": texts come back, orders do not matter, two ways of saying the same give the same.
//! What it deliberately does not do: read files, know where bytes come from.

mod bytes;
mod content_codings;
mod json_metadata;
mod merging;
mod metric_points;
mod native_batch;
mod price_list;
mod queries;
mod scalars;
mod server;
mod split_payload;
mod stored_payload;
mod stored_states;

/// A property of all bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// As its folder in the corpus and its program in `fuzz/` are called.
    pub name: &'static str,
    /// Panics where the property does not hold.
    pub run: fn(&[u8]),
}

/// All targets, in order of name.
pub const TARGETS: &[Target] = &[
    Target::new("content_codings", content_codings::run),
    Target::new("json_metadata", json_metadata::run),
    Target::new("merging", merging::run),
    Target::new("metric_points", metric_points::run),
    Target::new("native_batch", native_batch::run),
    Target::new("price_list", price_list::run),
    Target::new("queries", queries::run),
    Target::new("scalars", scalars::run),
    Target::new("split_payload", split_payload::run),
    Target::new("stored_payload", stored_payload::run),
    Target::new("stored_states", stored_states::run),
];

impl Target {
    const fn new(name: &'static str, run: fn(&[u8])) -> Self {
        Self { name, run }
    }
}

pub use content_codings::run as content_codings;
pub use json_metadata::run as json_metadata;
pub use merging::run as merging;
pub use metric_points::run as metric_points;
pub use native_batch::run as native_batch;
pub use price_list::run as price_list;
pub use queries::run as queries;
pub use scalars::run as scalars;
pub use split_payload::run as split_payload;
pub use stored_payload::run as stored_payload;
pub use stored_states::run as stored_states;
