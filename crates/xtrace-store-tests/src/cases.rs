//! The cases, by topic. Each is named in the list of [`suite`](mod@crate::suite); its name is the rule it proves.

pub mod batches;
pub mod belonging;
pub mod buckets;
pub mod catalogue;
pub mod deleting;
pub mod expiring;
pub mod filtering;
pub mod grouping;
pub mod identity;
pub mod joining;
pub mod lasting;
pub mod metrics;
pub mod payloads;
pub mod random;
pub mod rollups;
pub mod searching;
pub mod selecting;
pub mod series;
pub mod writing;
