//! The suite against the reference engine, and the private test server.

mod cluster;
mod conformance;
