//! The embedded engine.

pub mod dialect;
