//! Time series: names, query, latest points.

pub mod latest;
pub mod names;
pub mod query;
pub mod write;

#[cfg(test)]
mod tests;
