//! Self-hosted observability backend for LLM applications and agents.

fn main() {}
