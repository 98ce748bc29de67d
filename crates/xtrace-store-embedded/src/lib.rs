//! The embedded engine: a log-structured row store and a columnar projection, in one process.
//!
//! * [`truth`]: every state, payload and series, in fjall. One group commit is one atomic, fsynced batch.
//!   Joining, idempotence, one trace by id: point and prefix reads here. Texts are kept as parts, each once
//!   (`xtrace-payload`); those that nothing refers to any more are removed by the [`sweep`].
//! * [`projection`]: the narrow rows as columns, in DuckDB. Commits enter small tables in memory, visible
//!   before the acknowledgement; a background thread moves them in large batches into the database file.
//!
//! The life of a commit is [`commit`]; what a killed process leaves is put right in [`instance`] and
//! [`replay`]; an engine whose disk was full goes the same way without ending the process
//! ([`writing`]). Why two stores: docs/adr and design §4.
//!
//! What it deliberately does not do: serve several processes. The data directory is locked.

mod background;
mod bell;
mod catalogue;
mod commit;
mod delete;
pub mod dialect;
mod engine;
mod entering;
mod errors;
pub mod failpoint;
mod figures;
#[cfg(feature = "failpoints")]
pub mod inspect;
mod instance;
mod keeper;
mod lock;
mod metrics;
mod options;
mod pages;
mod parts;
mod priority;
mod projection;
mod read;
mod replay;
mod retention;
mod rollups;
mod sweep;
mod truth;
mod upkeep;
mod writing;

pub use engine::EmbeddedEngine;
pub use errors::EmbeddedError;
pub use lock::FORMAT_VERSION;
pub use options::EmbeddedOptions;
pub use projection::rebuild::Progress;

/// Makes the database file anew from the truth; the store must not be open elsewhere. Answers with the files that are
/// damaged and were set aside; the metric points in them are not in the new one.
///
/// # Errors
/// The directory is in use, or cannot be read or written.
pub fn rebuild(
    options: &EmbeddedOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<std::path::PathBuf>, EmbeddedError> {
    let dir = lock::DataDir::open(&options.dir)?;
    let truth = truth::Truth::open(&dir.truth(), options)?;
    projection::rebuild::rebuild_damaged_file(&dir, options, &truth, progress)
}
