//! The engine alone. What every engine must do is in the suite.

#![expect(clippy::unwrap_used, reason = "a failed helper is a failed test")]

mod conformance;
mod lowering;
