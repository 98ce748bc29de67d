//! The routes, by API and noun.

pub mod native;
pub mod ops;
