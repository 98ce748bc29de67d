//! The vocabulary of xtrace: ids, time, trace, observation, usage, cost, metric, merge. Pure.
