//! A page of many groups: which groups are on it, by the values that decide it, then all measures of those alone.
//!
//! Both in one statement, so that they see the same rows. Where an index leads from a group to its rows, the second
//! part reads no others; elsewhere it still aggregates no others.

use xtrace_query::{
    Aggregation, Condition, Dimension, Field, Kind, Measured, OrderBy, Plan, Select,
};

use super::{Grouping, direction, group_order, inner, limits};
use crate::error::StoreResult;
use crate::lower::Dialect;
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
    if let Some(first) = First::of(plan, builder.dialect) {
        return first.groups_of_page(plan, scope, builder);
    }
    let deciding = deciding(plan, grouping);
    let rows = inner(&plan.conditions, &deciding, scope, builder)?.sql;
    let names = deciding.dimension_names().join(", ");
    let order = group_order(&plan.order, &deciding, builder.dialect).join(", ");
    let limits = limits(plan, builder);
    Ok(format!(
        "SELECT {names}\nFROM (\n{rows}\n) AS base\nGROUP BY {names}\nORDER BY {order}\n{limits}"
    ))
}

/// Groups by one field in the order of their least value of another, where indexes find the first row of each: rows are
/// walked in that order, and those are left out whose group has an earlier one.
struct First {
    dimension: &'static Field,
    value: &'static Field,
    descending: bool,
}

impl First {
    fn of(plan: &Plan, dialect: &dyn Dialect) -> Option<Self> {
        let Select::Groups { dimensions, .. } = &plan.select else {
            return None;
        };
        let ([Dimension::Field(dimension)], Some(order)) = (&dimensions[..], plan.order.first())
        else {
            return None;
        };
        let OrderBy::Measure(measure) = &order.by else {
            return None;
        };
        let Measured::Field(value) = measure.measure.of else {
            return None;
        };
        // A walk along the order passes by all rows that other conditions leave out.
        let time = plan.view.def().time;
        let is_walked = |field: &&'static Field| *field == *dimension || *field == time;
        let fields = plan.conditions.iter().flat_map(Condition::fields);
        let is_found = measure.aggregation == Aggregation::Min
            && dialect.has_first_of_groups(dimension, value)
            && fields.collect::<Vec<_>>().iter().all(is_walked);
        is_found.then_some(Self {
            dimension,
            value,
            descending: order.descending,
        })
    }

    /// As [`groups_of_page`].
    fn groups_of_page(
        &self,
        plan: &Plan,
        scope: &ProjectScope,
        builder: &mut Builder<'_>,
    ) -> StoreResult<String> {
        let key = plan.view.def().key;
        let mut needed = vec![self.dimension, self.value];
        needed.extend(key);
        let rows = builder.rows(scope, &needed, &plan.conditions)?;
        let earlier = builder.rows(scope, &needed, &plan.conditions)?;
        let mut selected = vec![
            format!("{} AS d0", builder.comparable(self.dimension)),
            format!("{} AS m0", builder.comparable(self.value)),
        ];
        let mut own = vec![builder.comparable(self.value)];
        let mut first = vec!["first.m0".to_owned()];
        for (index, field) in key.iter().enumerate() {
            let column = builder.comparable(field);
            selected.push(format!("{column} AS k{index}"));
            first.push(format!("first.k{index}"));
            own.push(column);
        }
        let limits = limits(plan, builder);
        Ok(format!(
            "SELECT d0\nFROM (\nSELECT {}\n{rows}\n) AS first\nWHERE NOT EXISTS (\nSELECT 1\n{earlier}\n  \
             AND {} = first.d0\n  AND ({}) < ({})\n)\nORDER BY m0{}, d0\n{limits}",
            selected.join(", "),
            builder.column(self.dimension),
            own.join(", "),
            first.join(", "),
            direction(self.descending, true),
        ))
    }
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
