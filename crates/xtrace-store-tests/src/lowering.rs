//! Cases for the shared lowering: one plan per predicate, measure and bucket, each named by a sentence, with a small
//! fixed set of rows to run it over.
//!
//! Each dialect takes a golden of the statement per case, and runs it on its real engine. The answers are goldens of
//! this crate, in `answers/`: one per case for all engines, so that two engines cannot differ unnoticed. Meaning over
//! random data is the suite's and its reference's matter, not that of these cases.

mod conditions;
mod data;
mod groups;
mod metrics;
mod rendering;
mod rolled;
mod rows;

use xtrace_query::{MetricPlan, Plan};

pub use data::{Labels, Points, metric_points, observation_rows, series, trace_rows};
pub use rendering::{
    Literals, Scripts, answer, insert_statements, metric_answer, scripts, statement,
};

/// A question, named by a sentence.
#[derive(Clone, Debug)]
pub struct Case<P> {
    /// In snake case: also the name of its goldens.
    pub sentence: &'static str,
    pub plan: P,
}

fn case<P>(sentence: &'static str, plan: P) -> Case<P> {
    Case { sentence, plan }
}

/// Cases of plans.
pub fn plans() -> Vec<Case<Plan>> {
    let mut cases = conditions::cases();
    cases.extend(rows::cases());
    cases.extend(groups::cases());
    cases
}

/// Cases of plans that are answered from rollups. They have goldens of their statements alone: that the answers are those
/// of the rows is a matter of the suite.
pub fn rolled() -> Vec<Case<Plan>> {
    rolled::cases()
}

/// Cases of questions about metric series.
pub fn metric_plans() -> Vec<Case<MetricPlan>> {
    metrics::cases()
}

/// The project that all cases ask.
pub const PROJECT: &str = "asked";
/// A project whose rows no case may see.
pub const OTHER_PROJECT: &str = "other";
