//! The HTTP edge: authorisation, errors, limits, routes, and the document that describes them.
//!
//! A handler has been authorised by its [`ProjectAuth`](auth::ProjectAuth) argument, parses, calls one
//! service, and maps the answer. No SQL, no clock, no environment here. What it deliberately does not do:
//! merge, price, or choose a project by anything but the credentials.

mod app;
mod auth;
mod body;
mod error;
mod failure_log;
mod figures;
mod map;
mod observe;
mod params;
mod rate_limit;
mod router;
mod routes;
mod serve;
#[cfg(test)]
mod testing;

pub use app::{App, AppOptions, Parts, ReadLimits};
pub use auth::{Access, Credential, Credentials, Key};
pub use params::metric::MetricCaps;
pub use rate_limit::RateLimits;
pub use router::router;
pub use serve::serve;
