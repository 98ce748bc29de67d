//! Figures by day.

pub mod filters;
pub mod plans;
pub mod read;
pub mod wire;

#[cfg(test)]
mod tests;
