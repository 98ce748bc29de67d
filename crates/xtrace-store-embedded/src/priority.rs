//! Who has the processor first where there is not enough of it: answers, then queries' helpers, then moves.
//!
//! Linux keeps a priority for each thread, and a thread begins with that of the one that made it. Without rights a
//! thread cannot get back what it gave away.

/// Of the threads that DuckDB lends to queries and moves: a third of what others get. A query's own thread has its full
/// share.
pub const HELPER_NICE: i32 = 5;
/// Of a move: a tenth of what others get.
pub const MOVE_NICE: i32 = 10;

/// Lets threads of a higher priority have the processor before this one, and those that it makes.
pub fn stand_back(nice: i32) {
    if let Err(error) = rustix::process::setpriority_process(None, nice) {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "background work has the same priority as answers"
        );
    }
}
