//! The API as a whole.

mod auth;
mod codings;
mod failures;
mod ledger;
mod log;
mod overload;
mod transport;
