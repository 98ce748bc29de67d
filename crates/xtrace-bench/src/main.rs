//! Load generator and benchmark.

fn main() {}
