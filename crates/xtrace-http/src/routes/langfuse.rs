//! Langfuse's API, in its own words.

pub mod metrics;
