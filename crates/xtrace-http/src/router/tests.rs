//! The API as a whole.

mod codings;
mod failures;
mod ledger;
mod overload;
mod transport;
