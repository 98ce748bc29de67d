//! The shared engine on PostgreSQL.
