//! A page of many groups: which groups are on it, by the values that decide it, then all measures of those alone.
//!
//! Both in one statement, so that they see the same rows. Where an index leads from a group to its rows, the second
//! part reads no others; elsewhere it still aggregates no others.

use xtrace_query::{Condition, Dimension, Field, Kind, OrderBy, Plan};

use super::{Grouping, group_order, inner, limits};
use crate::error::StoreResult;
use crate::lower::builder::Builder;
use crate::scope::ProjectScope;

/// Groups of a page beyond which naming them costs more than it saves.
const GROUPS_MAX: u64 = 500;
/// Measured fields beside those that decide the order; fewer are not worth a second look at the rows.
const SPARED_MIN: usize = 3;

/// Whether it pays and means the same: texts that are never absent are equal to themselves and found by indexes.
pub(super) fn is_worth_it(plan: &Plan, grouping: &Grouping<'_>) -> bool {
    let spared = grouping.measured.len() - deciding(plan, grouping).measured.len();
    let is_named = |dimension: &Dimension| match dimension {
        Dimension::Field(field) => field.kind == Kind::Text && is_present(plan, field),
        Dimension::IsAbsent(_) | Dimension::Bucket { .. } => false,
    };
    plan.limit <= GROUPS_MAX
        && spared >= SPARED_MIN
        && !grouping.dimensions.is_empty()
        && grouping.dimensions.iter().all(is_named)
}

fn is_present(plan: &Plan, field: &'static Field) -> bool {
    let is_absent = Condition::IsAbsent { field };
    let says_so =
        |condition: &Condition| matches!(condition, Condition::Not(inner) if **inner == is_absent);
    plan.conditions.iter().any(says_so)
}

/// The grouping with what decides the order alone.
fn deciding<'a>(plan: &Plan, grouping: &Grouping<'a>) -> Grouping<'a> {
    let mut deciding = Grouping::new(grouping.dimensions, &[]);
    for order in &plan.order {
        if let OrderBy::Measure(measure) = &order.by {
            deciding.measure(measure);
        }
    }
    deciding
}

/// The dimensions of the page's groups, as `d0`, `d1`, ….
pub(super) fn groups_of_page(
    plan: &Plan,
    grouping: &Grouping<'_>,
    scope: &ProjectScope,
    builder: &mut Builder<'_>,
) -> StoreResult<String> {
    let deciding = deciding(plan, grouping);
    let rows = inner(&plan.conditions, &deciding, scope, builder)?.sql;
    let names = deciding.dimension_names().join(", ");
    let order = group_order(&plan.order, &deciding, builder.dialect).join(", ");
    let limits = limits(plan, builder);
    Ok(format!(
        "SELECT {names}\nFROM (\n{rows}\n) AS base\nGROUP BY {names}\nORDER BY {order}\n{limits}"
    ))
}

/// The condition that a row belongs to one of the groups of `page`.
pub(super) fn only_of_page(grouping: &Grouping<'_>, builder: &Builder<'_>) -> String {
    let keys = grouping
        .dimensions
        .iter()
        .filter_map(|dimension| match dimension {
            Dimension::Field(field) => Some(builder.comparable(field)),
            Dimension::IsAbsent(_) | Dimension::Bucket { .. } => None,
        });
    let keys: Vec<String> = keys.collect();
    let names = grouping.dimension_names().join(", ");
    format!(
        "\n  AND ({}) IN (SELECT {names} FROM page)",
        keys.join(", ")
    )
}
