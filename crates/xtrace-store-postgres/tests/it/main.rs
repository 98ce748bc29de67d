//! The engine alone. What every engine must do is in the suite.

#![expect(clippy::unwrap_used, reason = "a failed helper is a failed test")]

mod concurrency;
mod conformance;
mod faults;
mod lowering;
mod packing;
mod parts;
mod plans;
mod poison;
mod retention;
mod rollups;
mod schema;
mod support;
