//! The rules of the tree that no lint can express, as tests: sizes, names, direction of dependencies, who may
//! say or call what, what documents must mention. The rules are in `tests/it/`, one test each; this library
//! reads the tree once for all of them.
//!
//! It reads files and nothing else: no cargo, no git, no network, so that it runs in a second and on a
//! source archive as well.

mod exceptions;
mod findings;
mod manifest;
mod rust_file;
mod tokens;
mod tree;

pub use exceptions::{Exception, exceptions};
pub use findings::{Finding, report};
pub use manifest::{Dependency, Manifest};
pub use rust_file::{Function, RustFile};
pub use tokens::{CodeLine, FormatCall};
pub use tree::{TextFile, Tree, tree};
