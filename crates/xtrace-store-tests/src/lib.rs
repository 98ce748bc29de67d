//! The conformance suite that every engine passes: see [`suite!`].
//!
//! Every line of a *Contract* in `xtrace-store` is a case here, and so is every field, measure, bucket and kind of
//! condition. What is right is said by the reference engine in [`model`], which is written to be read; cases that
//! carry the meaning of a rule state it by hand as well. Random operations drive both and compare.
//!
//! Beside it: [`builders`] for everybody's tests, [`lowering`], cases for the SQL of dialects, and [`cluster`], a private
//! PostgreSQL server.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a failed helper is a failed test"
)]

pub mod builders;
mod cases;
pub mod cluster;
pub mod compare;
mod dataset;
pub mod harness;
mod list;
pub mod lowering;
pub mod model;
pub mod plans;
mod random;
pub mod soak;
pub mod stage;
pub mod suite;

pub use harness::{Harness, ReferenceHarness, SERIES_MAX};
pub use stage::Stage;
