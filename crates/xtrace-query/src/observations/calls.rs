//! Model calls: what counts where usage is shown by model.

use super::{TOTAL_COST, TYPE};
use crate::filter::Condition;
use crate::value::Value;

/// Types that are model calls, whether their cost is known or not.
const TYPES: [&str; 2] = ["GENERATION", "EMBEDDING"];

/// Holds for a GENERATION, an EMBEDDING and whatever has a known cost, so that the models' costs add up to the cost of
/// all observations: `xtrace_model::ObservationRow::is_model_call` as a condition. Engines may keep the sums of model
/// calls, and answer from them what is asked under exactly this condition.
pub fn is_model_call() -> Condition {
    let has_no_cost = Condition::IsAbsent { field: &TOTAL_COST };
    Condition::Any(vec![
        Condition::In {
            field: &TYPE,
            values: TYPES.map(Value::text).to_vec(),
        },
        Condition::Not(Box::new(has_no_cost)),
    ])
}
