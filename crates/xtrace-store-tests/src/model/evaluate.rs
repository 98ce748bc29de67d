//! Plans, evaluated row by row.

use std::cmp::Ordering;

use xtrace_model::Timestamp;
use xtrace_query::{
    Bucket, Dimension, MeasureOf, Order, OrderBy, Plan, Select, Table, Value, View,
};

use super::aggregate::aggregate;
use super::cells::{Row, compare};
use super::condition::holds;
use super::contents::{Contents, TraceRows};

pub fn table(plan: &Plan, contents: &Contents) -> Table {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (id, stored) in &contents.traces {
        let TraceRows {
            trace,
            observations,
        } = stored.rows(id);
        match plan.view {
            View::Traces => rows.push(Row {
                trace,
                observation: None,
            }),
            View::Observations => {
                rows.extend(observations.iter().map(|row| Row {
                    trace,
                    observation: Some(row),
                }));
            }
        }
    }
    rows.retain(|row| {
        plan.conditions
            .iter()
            .all(|condition| holds(condition, row))
    });
    match &plan.select {
        Select::Rows(fields) => {
            sort_rows(plan, &mut rows);
            Table {
                columns: fields.iter().map(|field| field.name.into()).collect(),
                rows: page(
                    plan,
                    rows.iter()
                        .map(|row| fields.iter().map(|field| row.cell(field)).collect()),
                ),
            }
        }
        Select::Groups {
            dimensions,
            measures,
        } => groups(plan, dimensions, measures, &rows),
        Select::CountGroups { dimensions } => {
            let count = i64::try_from(group(dimensions, &rows).len()).expect("fits in memory");
            Table {
                columns: vec!["count".into()],
                rows: vec![vec![Value::Int(count)]],
            }
        }
    }
}

fn page<T>(plan: &Plan, rows: impl Iterator<Item = T>) -> Vec<T> {
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    rows.skip(size(plan.offset))
        .take(size(plan.limit))
        .collect()
}

/// By the order asked for, then by the view's key.
fn sort_rows(plan: &Plan, rows: &mut [Row<'_>]) {
    let key = plan.view.def().key.iter().map(|field| Order {
        by: OrderBy::Field(field),
        descending: false,
    });
    let order: Vec<Order> = plan.order.iter().cloned().chain(key).collect();
    rows.sort_by(|a, b| {
        let by_each = order.iter().map(|order| match order.by {
            OrderBy::Field(field) => direct(&a.cell(field), &b.cell(field), order.descending),
            OrderBy::Measure(_) | OrderBy::Dimension(_) => Ordering::Equal,
        });
        first_difference(by_each)
    });
}

fn first_difference(mut orderings: impl Iterator<Item = Ordering>) -> Ordering {
    orderings
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Absent values last in either direction.
fn direct(a: &Value, b: &Value, descending: bool) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (a, b) => {
            let ordering = compare(a, b).expect("values of one kind");
            if descending {
                ordering.reverse()
            } else {
                ordering
            }
        }
    }
}

/// The values of the dimensions, and the rows that have them.
type Group<'r, 'c> = (Vec<Value>, Vec<&'r Row<'c>>);

/// In order of the dimensions. Without dimensions there is one group, whatever the rows.
fn group<'r, 'c>(dimensions: &[Dimension], rows: &'r [Row<'c>]) -> Vec<Group<'r, 'c>> {
    let mut groups: Vec<Group<'r, 'c>> = Vec::new();
    if dimensions.is_empty() {
        groups.push((Vec::new(), rows.iter().collect()));
        return groups;
    }
    let mut keyed: Vec<(Vec<Value>, &Row<'_>)> = rows
        .iter()
        .map(|row| {
            (
                dimensions
                    .iter()
                    .map(|dimension| dimension_value(dimension, row))
                    .collect(),
                row,
            )
        })
        .collect();
    keyed.sort_by(|(a, _), (b, _)| {
        first_difference(a.iter().zip(b).map(|(a, b)| direct(a, b, false)))
    });
    for (key, row) in keyed {
        match groups.last_mut() {
            Some((last, members)) if *last == key => members.push(row),
            _ => groups.push((key, vec![row])),
        }
    }
    groups
}

fn dimension_value(dimension: &Dimension, row: &Row<'_>) -> Value {
    match dimension {
        Dimension::Field(field) => row.cell(field),
        Dimension::IsAbsent(field) => Value::Bool(match row.cell(field) {
            Value::TextList(list) => list.is_empty(),
            value => value == Value::Null,
        }),
        Dimension::Bucket { field, bucket } => {
            let Some(time) = row.cell(field).as_time() else {
                return Value::Null;
            };
            match bucket {
                Bucket::Fixed { .. } | Bucket::Week | Bucket::Month => {
                    Value::Time(Timestamp::from_micros(bucket.of(time)))
                }
                Bucket::Day { .. } => Value::Int(bucket.of(time)),
            }
        }
    }
}

fn groups(
    plan: &Plan,
    dimensions: &[Dimension],
    measures: &[MeasureOf],
    rows: &[Row<'_>],
) -> Table {
    let mut groups = group(dimensions, rows);
    // Stable: groups that the order asked for does not tell apart stay in the order of their dimensions.
    groups.sort_by(|a, b| {
        let by_each = plan.order.iter().map(|order| {
            let (a, b) = (
                order_value(&order.by, dimensions, a),
                order_value(&order.by, dimensions, b),
            );
            direct(&a, &b, order.descending)
        });
        first_difference(by_each)
    });
    let dimension_names = dimensions
        .iter()
        .map(|dimension| dimension.field().name.into());
    let measure_names = measures.iter().map(|measure| measure.column().into());
    let filled = groups.iter().map(|(key, members)| {
        let measured = measures.iter().map(|measure| aggregate(measure, members));
        key.iter().cloned().chain(measured).collect()
    });
    Table {
        columns: dimension_names.chain(measure_names).collect(),
        rows: page(plan, filled),
    }
}

fn order_value(by: &OrderBy, dimensions: &[Dimension], (key, members): &Group<'_, '_>) -> Value {
    match by {
        OrderBy::Measure(measure) => aggregate(measure, members),
        OrderBy::Dimension(index) => key[*index].clone(),
        OrderBy::Field(field) => {
            let index = dimensions
                .iter()
                .position(|dimension| *dimension == Dimension::Field(field));
            key[index.expect("checked: groups are ordered by their dimensions")].clone()
        }
    }
}
