//! Builders: every test says in one line what it stores.
//!
//! ```
//! use xtrace_store_tests::builders::{a_trace, an_observation, batch};
//!
//! let batch = batch()
//!     .with(a_trace("t1").name("checkout").tags(["prod"]))
//!     .with(an_observation("t1", "o1").model("m").usage(10, 5))
//!     .build();
//! assert_eq!(batch.items.len(), 2);
//! ```

mod observation;
mod points;
mod trace;

use std::collections::BTreeMap;
use std::sync::Arc;

use xtrace_model::{
    JsonText, Metadata, ObservationId, ObservationKey, PriceBook, ProjectId, Stamp, Timestamp,
    TraceId,
};
use xtrace_store::{CommitBatch, ProjectScope, Write, WriteItem};

pub use observation::{ObservationPatch, an_observation};
pub use points::{PointsPatch, a_series};
pub use trace::{TracePatch, a_trace};

/// 2026-01-31T12:00:00Z, when everything happens that does not say otherwise.
pub fn noon() -> Timestamp {
    Timestamp::from_micros(1_769_860_800_000_000)
}

/// So many seconds after [`noon`].
pub fn after(seconds: f64) -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "tests speak of hours, not of centuries"
    )]
    noon().saturating_add_micros((seconds * 1e6).round() as i64)
}

/// The stamp and receipt of an event so many seconds after [`noon`].
pub fn stamp(seconds: f64) -> Stamp {
    Stamp::new(after(seconds), 0)
}

pub fn trace_id(id: &str) -> TraceId {
    TraceId::new(id).unwrap()
}

pub fn observation_key(trace: &str, id: &str) -> ObservationKey {
    ObservationKey {
        trace_id: trace_id(trace),
        id: ObservationId::new(id).unwrap(),
    }
}

pub fn project(id: &str) -> ProjectScope {
    ProjectScope::new(ProjectId::new(id).unwrap())
}

pub fn labels<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<Box<str>, Box<str>> {
    pairs
        .into_iter()
        .map(|(key, value)| (key.into(), value.into()))
        .collect()
}

/// Valid JSON, kept as written.
pub fn json(text: &str) -> JsonText {
    JsonText::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn metadata(stamp: Stamp, text: &str) -> Metadata {
    Metadata::sent(stamp, &json(text).to_raw())
}

/// The project that tests use which need only one.
pub const PROJECT: &str = "project";

/// An empty batch for [`PROJECT`].
pub fn batch() -> Batch {
    Batch {
        scope: project(PROJECT),
        items: Vec::new(),
        prices: Arc::default(),
    }
}

/// A batch being put together.
#[derive(Clone, Debug)]
pub struct Batch {
    scope: ProjectScope,
    items: Vec<WriteItem>,
    prices: Arc<PriceBook>,
}

impl Batch {
    /// What follows belongs to that project.
    #[must_use]
    pub fn scope(mut self, scope: &ProjectScope) -> Self {
        self.scope = scope.clone();
        self
    }

    #[must_use]
    pub fn prices(mut self, prices: Arc<PriceBook>) -> Self {
        self.prices = prices;
        self
    }

    #[must_use]
    pub fn with(mut self, write: impl Into<Write>) -> Self {
        self.items.push(WriteItem {
            scope: self.scope.clone(),
            write: write.into(),
        });
        self
    }

    #[must_use]
    pub fn with_all<W: Into<Write>>(self, writes: impl IntoIterator<Item = W>) -> Self {
        writes.into_iter().fold(self, Self::with)
    }

    pub fn build(self) -> CommitBatch {
        CommitBatch {
            items: self.items,
            prices: self.prices,
        }
    }
}

impl From<Batch> for CommitBatch {
    fn from(batch: Batch) -> Self {
        batch.build()
    }
}
