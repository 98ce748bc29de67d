//! The native API.

pub mod batch;
pub mod daily;
pub mod ids;
pub mod listing;
pub mod metrics;
pub mod observations;
pub mod payloads;
pub mod projects;
pub mod sessions;
pub mod stored;
pub mod traces;

#[cfg(test)]
pub(in crate::routes) mod testing;
