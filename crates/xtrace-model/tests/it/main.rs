//! What must hold for all inputs: merging, summaries, money, stored forms.

#![expect(clippy::unwrap_used, reason = "a failed helper is a failed test")]

mod events;
mod merging;
mod money;
mod rollups;
mod summaries;
mod usage;
