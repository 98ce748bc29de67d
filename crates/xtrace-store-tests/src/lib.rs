//! The conformance suite that every engine passes.

pub mod cluster;
