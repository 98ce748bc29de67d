//! Metrics: one question as JSON, answered by groups of a view.
//!
//! [`question`] reads it with the names of a [`vocabulary`], [`plan`] makes a plan of it, [`answer`] shows the groups.
//! What the vocabulary names but the store does not hold is refused by name, never answered by zeros.

pub mod answer;
pub mod calendar;
pub mod filters;
pub mod json;
pub mod plan;
pub mod question;
pub mod read;
pub mod v1;
pub mod v2;
pub mod vocabulary;

#[cfg(test)]
mod tests;
