//! Which conditions make sense.

use super::{
    CONDITIONS_MAX, Checked, DEPTH_MAX, PlanError, VALUES_MAX, at_most, check_view, unfit,
};
use crate::filter::{Comparison, Condition};
use crate::value::{Kind, Value};
use crate::view::{Field, View};

/// Checks all conditions of a plan over `view`.
pub(super) fn check(conditions: &[Condition], view: View) -> Checked {
    let mut walk = Walk {
        view,
        conditions: 0,
        values: 0,
    };
    conditions
        .iter()
        .try_for_each(|condition| walk.check(condition, 1))
}

/// Counts while it goes through the conditions and those inside them.
struct Walk {
    view: View,
    conditions: usize,
    values: usize,
}

impl Walk {
    fn check(&mut self, condition: &Condition, depth: usize) -> Checked {
        at_most("depth of conditions", depth as u64, DEPTH_MAX as u64)?;
        self.count(condition)?;
        match condition {
            Condition::Not(inner) => self.check(inner, depth + 1),
            Condition::All(parts) | Condition::Any(parts) => parts
                .iter()
                .try_for_each(|part| self.check(part, depth + 1)),
            Condition::Compare { field, .. }
            | Condition::In { field, .. }
            | Condition::Text { field, .. }
            | Condition::List { field, .. }
            | Condition::IsAbsent { field } => {
                check_view(field, self.view)?;
                check_leaf(condition)
            }
        }
    }

    fn count(&mut self, condition: &Condition) -> Checked {
        self.conditions += 1;
        self.values += match condition {
            Condition::Compare { .. } | Condition::Text { .. } => 1,
            Condition::In { values, .. } => values.len(),
            Condition::List { values, .. } => values.len(),
            _ => 0,
        };
        let (conditions, values) = (self.conditions as u64, self.values as u64);
        at_most("number of conditions", conditions, CONDITIONS_MAX as u64)?;
        at_most("number of values in conditions", values, VALUES_MAX as u64)
    }
}

/// Whether a condition without others inside fits the kind of its field.
fn check_leaf(condition: &Condition) -> Checked {
    match condition {
        Condition::Compare {
            field,
            comparison,
            value,
        } => check_value(field, *comparison, value),
        Condition::In { field, values } => values
            .iter()
            .try_for_each(|value| check_value(field, Comparison::Equal, value)),
        Condition::Text { field, .. } if field.kind != Kind::Text => {
            Err(unfit(field, "searched for text"))
        }
        Condition::List { field, .. } if field.kind != Kind::TextList => {
            Err(unfit(field, "searched for members"))
        }
        _ => Ok(()),
    }
}

fn check_value(field: &Field, comparison: Comparison, value: &Value) -> Checked {
    let fits = match (field.kind, value) {
        (Kind::Text, Value::Text(_))
        | (Kind::Int | Kind::Float, Value::Int(_))
        | (Kind::Money, Value::Money(_))
        | (Kind::Time, Value::Time(_)) => true,
        (Kind::Int | Kind::Float, Value::Float(number)) => number.is_finite(),
        (Kind::Bool, Value::Bool(_)) if comparison == Comparison::Equal => true,
        (Kind::Bool, Value::Bool(_)) => return Err(unfit(field, "put in an order")),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(PlanError::UnfitValue {
        field: field.name,
        kind: field.kind.noun(),
        value: value.noun(),
    })
}
