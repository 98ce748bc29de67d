//! The shared engine on PostgreSQL.

pub mod dialect;
