//! The engine alone: recovery, moves, full disks, limits. What every engine must do is in the suite.

#![expect(clippy::unwrap_used, reason = "a failed helper is a failed test")]

mod child;
mod concurrency;
mod conformance;
mod crash;
mod full_disk;
mod library;
mod limits;
mod lowering;
mod moves;
mod panics;
mod payload_model;
mod payloads;
mod rollups;
mod support;
mod upkeep;
