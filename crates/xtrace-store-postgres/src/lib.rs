//! The shared engine on PostgreSQL 14 or newer: any number of processes on one database.
//!
//! Narrow rows answer lists and aggregates; payloads lie apart, their texts as parts of which each is stored once
//! (`parts`). All are partitioned by the week in which a trace was
//! first heard of, so that retention drops tables. The mergeable states are stored with them; merging happens here,
//! under the lock on the trace's key (`commit`). Plans reach SQL through the shared lowering and [`PostgresDialect`].
//!
//! What this crate deliberately does not do: queue (`xtrace-ingest`), know another engine, read the environment.

mod catalogue;
mod chunks;
mod columns;
mod commit;
mod counted;
mod delete;
pub mod dialect;
mod engine;
mod errors;
mod metrics;
mod migrations;
mod options;
mod pack;
mod partitions;
mod parts;
mod read;
mod retention;
mod rollups;
mod states;
mod sweep;
mod upkeep;
mod values;
mod week;
mod write;
mod writer;

pub use dialect::PostgresDialect;
pub use engine::PostgresEngine;
pub use options::PostgresOptions;
