//! Splitting and joining as an engine does them, over a store that is a map.

mod conversations;
mod properties;
mod real_payloads;
mod store;
