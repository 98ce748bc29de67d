//! The API as a whole.

mod auth;
mod codings;
mod failures;
mod ledger;
mod overload;
mod transport;
