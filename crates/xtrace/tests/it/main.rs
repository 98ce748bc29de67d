//! Black-box tests: the built binary, over HTTP, on both engines, also when things break.

#![expect(clippy::unwrap_used, reason = "a failed helper is a failed test")]

mod asking;
mod clock;
mod commands;
mod crowd;
mod damage;
mod disk;
mod failover;
mod faults;
mod hostile;
mod kills;
mod load;
mod outage;
mod overlap;
mod overload;
mod places;
mod readme;
mod retention;
mod server;
mod starting;
mod tenants;
mod warnings;
