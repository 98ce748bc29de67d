//! The storage seam: what every engine does, in small traits by kind of work.
//!
//! # For writers of engines
//! Implement [`TelemetryWriter`], [`TelemetryReader`], [`MetricReader`], [`Catalogue`] and [`Upkeep`];
//! [`Engine`] then holds by itself. Every line under a trait's *Contract* is a case in
//! `xtrace-store-tests`; an engine is done when it passes all of them. What engines share is here: the
//! lowering of plans to SQL in [`lower`], where what differs between dialects is one small trait, and the layout of
//! rows in [`rows`]. An engine knows
//! no other engine, and nothing above the seam names one.
//!
//! Merging, derivation and summaries are `xtrace_model`'s: engines call it and store what it returns.
//! What the seam deliberately does not offer: transactions across batches, partial updates in place,
//! unique keys beyond those of traces, observations and points.

#![deny(missing_docs)]

pub mod catalogue;
pub mod error;
pub mod lower;
pub mod metrics;
pub mod read;
pub mod rows;
pub mod scope;
pub mod series;
pub mod upkeep;
pub mod write;

pub use catalogue::{Catalogue, Project};
pub use error::{BoxError, ErrorKind, StoreError, StoreResult};
pub use metrics::MetricReader;
pub use read::{
    Capabilities, ObservationPayload, ObservationRecord, TelemetryReader, TracePayload,
    TraceRecord, TraceWindow,
};
pub use rows::{RowSink, lay_out_observation, lay_out_trace};
pub use scope::ProjectScope;
pub use upkeep::{Expired, Expiry, StoreStats, Upkeep};
pub use write::{CommitBatch, CommitReport, Outcome, Rejection, TelemetryWriter, Write, WriteItem};

/// A whole engine.
pub trait Engine: TelemetryWriter + TelemetryReader + MetricReader + Catalogue + Upkeep {}

impl<T: TelemetryWriter + TelemetryReader + MetricReader + Catalogue + Upkeep> Engine for T {}
