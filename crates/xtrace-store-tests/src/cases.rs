//! The cases, by topic. Each is named in the list of [`crate::suite`]; its name is the rule it proves.

pub mod deleting;
pub mod filtering;
pub mod grouping;
pub mod lasting;
pub mod metrics;
pub mod selecting;
pub mod writing;
