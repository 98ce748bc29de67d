//! The routes, by API and noun.

pub mod langfuse;
pub mod native;
pub mod ops;
