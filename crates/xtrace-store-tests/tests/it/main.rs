//! The suite against the reference engine, and the private test server.

#![expect(clippy::unwrap_used, reason = "a failed helper is a failed test")]

mod cluster;
mod conformance;
