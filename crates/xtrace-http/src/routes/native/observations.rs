//! Observations: list, read.

pub mod detail;
pub mod filters;
pub mod list;
pub mod wire;

#[cfg(test)]
mod tests;
