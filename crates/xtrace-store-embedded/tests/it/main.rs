//! The engine alone: recovery, moves, full disks, limits. What every engine must do is in the suite.

#![expect(clippy::unwrap_used, reason = "a failed helper is a failed test")]

mod moves;
mod support;
