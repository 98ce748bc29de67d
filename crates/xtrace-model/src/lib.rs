//! The vocabulary of xtrace: what is received, how it merges, what is derived from it.
//!
//! Pure: no I/O, no clock of its own, no async. Everything an engine stores is a *state* (a
//! join-semilattice, see [`merge`]); everything a reader sees is a *row* or a payload [`mod@derive`]d
//! from states. What it deliberately does not do: decode wire formats (`xtrace-ingest`), query
//! (`xtrace-query`), store (`xtrace-store`).
//!
//! ```
//! use xtrace_model::{Costing, Latest, ObservationState, PriceBook, Stamp, Timestamp, UsageReading};
//!
//! let event = |time| Stamp::new(Timestamp::from_micros(time), 0);
//! let mut update = ObservationState::default();
//! let reading = UsageReading::of(r#"{"prompt_tokens": 1000, "completion_tokens": 100}"#);
//! update.facts.usage = Latest::set(event(2), reading.usage);
//! let mut create = ObservationState::default();
//! create.facts.model = Latest::set(event(1), "gpt-4o".into());
//!
//! // The update arrived first: what is stored is the same.
//! let mut stored = update;
//! stored.join(create);
//! let costing = Costing::of(&stored.facts, &PriceBook::built_in());
//! assert_eq!(costing.cost.total().unwrap().to_string(), "0.0035");
//! ```

pub mod derive;
pub mod ids;
pub mod json;
pub mod limits;
pub mod merge;
pub mod metadata;
pub mod metric;
pub mod money;
pub mod observation;
pub mod pricing;
pub mod rollup;
pub mod steps;
pub mod summary;
pub mod time;
pub mod trace;
pub mod usage;

pub use derive::Costing;
pub use ids::{ObservationId, ObservationKey, ProjectId, TraceId};
pub use json::JsonText;
pub use merge::{Change, First, Latest, Real, Stamp};
pub use metadata::Metadata;
pub use metric::{MetricPoint, SeriesKey};
pub use money::Usd;
pub use observation::{Level, ObservationFacts, ObservationRow, ObservationState, ObservationType};
pub use pricing::PriceBook;
pub use rollup::{Cell, Rollup, Sums};
pub use summary::{CallSums, Contribution, SummaryWithoutCalls, TraceSummary};
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
pub use trace::{TraceFacts, TraceRow, TraceState};
pub use usage::{Cost, Provenance, TokenCounts, Usage, UsageReading};
