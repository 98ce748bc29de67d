//! Traces: list, read, delete.

pub mod delete;
pub mod detail;
pub mod filters;
pub mod list;
pub mod wire;

#[cfg(test)]
mod tests;
