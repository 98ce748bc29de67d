//! The write path between the edges and the store: decoding, normalising, admission, group commit.
//!
//! Decoding is pure and per item, so that one bad item never costs its neighbours; [`Ingest`] queues what
//! was decoded, bounded by bytes and by count, and answers when it is durable. What it deliberately does
//! not do: speak HTTP (`xtrace-http`), merge (`xtrace-model`, called by the engines).

pub mod figures;
pub mod native;
pub mod queue;
pub mod receipt;

pub use figures::IngestFigures;
pub use queue::{Admitted, Ingest, IngestError, QueueDepth, QueueOptions};
pub use receipt::ReceiptClock;
