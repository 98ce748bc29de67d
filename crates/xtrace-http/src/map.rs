//! From rows of the store to what goes on the wire. Pure.

pub mod cells;
pub mod daily;
pub mod metric;
pub mod observation;
pub mod observation_row;
pub mod scalar;
pub mod session;
pub mod trace;
