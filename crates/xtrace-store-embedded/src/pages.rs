//! Pages of whole rows, in two steps: which rows, by the few columns that decide it, then all columns
//! of those rows alone. Both read one transaction, so the answer is that of the one statement.
//!
//! A page of fifty rows out of a million would otherwise carry every column of every row that is the
//! best so far through the sort.

use std::collections::HashSet;

use xtrace_model::Timestamp;
use xtrace_query::check::LIMIT_MAX;
use xtrace_query::{Condition, Field, Plan, Select, Table, Value, View};
use xtrace_store::{ProjectScope, lower};

use crate::errors::EmbeddedError;
use crate::projection::read::ReadTransaction;
use crate::projection::statement::{dialect_of_view, run};

/// Fewer columns are not worth a second step.
const FIELDS_MIN: usize = 8;
/// Rows of a page beyond which its keys cost more than they save.
const ROWS_MAX: u64 = 500;

/// Answers a plan.
pub fn answer(
    at: &ReadTransaction<'_>,
    scope: &ProjectScope,
    plan: &Plan,
) -> Result<Table, EmbeddedError> {
    let dialect = dialect_of_view(at, plan.view, needs_traces(plan))?;
    let ask = |plan: &Plan| run(at, &lower::plan(plan, scope, &dialect)?);
    let fields = match &plan.select {
        Select::Rows(fields) if fields.len() >= FIELDS_MIN && plan.limit <= ROWS_MAX => fields,
        _ => return ask(plan),
    };
    let def = plan.view.def();
    let mut deciding = def.key.to_vec();
    deciding.push(def.time);
    let page = ask(&Plan {
        select: Select::Rows(deciding),
        ..plan.clone()
    })?;
    if page.rows.is_empty() {
        let columns = fields.iter().map(|field| field.name.into()).collect();
        return Ok(Table {
            columns,
            rows: Vec::new(),
        });
    }
    let with_keys: Vec<&'static Field> = fields.iter().chain(def.key).copied().collect();
    let rows = ask(&Plan {
        select: Select::Rows(with_keys),
        conditions: of_page(plan.view, &page),
        limit: LIMIT_MAX,
        offset: 0,
        ..plan.clone()
    })?;
    Ok(keep_page(rows, fields.len(), &page, def.key.len()))
}

/// Conditions that hold for the rows of a page and for few others: their times, then each part of
/// their keys.
fn of_page(view: View, page: &Table) -> Vec<Condition> {
    let def = view.def();
    let times = page
        .rows
        .iter()
        .filter_map(|row| row.last().and_then(Value::as_time));
    let (first, last) = times.fold((Timestamp::MAX, Timestamp::MIN), |(first, last), time| {
        (first.min(time), last.max(time))
    });
    let mut conditions = vec![
        Condition::at_least(def.time, Value::Time(first)),
        Condition::at_most(def.time, Value::Time(last)),
    ];
    for (column, field) in def.key.iter().enumerate() {
        let distinct: HashSet<&str> = page
            .rows
            .iter()
            .filter_map(|row| row[column].as_text())
            .collect();
        let values = distinct.into_iter().map(Value::text).collect();
        conditions.push(Condition::In { field, values });
    }
    conditions
}

/// Leaves out rows that only share the parts of their keys with rows of the page, and the keys that
/// nobody asked for.
fn keep_page(mut rows: Table, fields: usize, page: &Table, key_parts: usize) -> Table {
    let text = |value: &Value| value.as_text().map(Box::<str>::from);
    let key = |cells: &[Value]| cells.iter().map(text).collect::<Vec<_>>();
    let wanted: HashSet<_> = page.rows.iter().map(|row| key(&row[..key_parts])).collect();
    rows.rows
        .retain(|row| wanted.contains(&key(&row[fields..])));
    rows.rows.iter_mut().for_each(|row| row.truncate(fields));
    rows.columns.truncate(fields);
    rows
}

/// Whether a question about observations looks at their traces.
fn needs_traces(plan: &Plan) -> bool {
    use xtrace_query::{Dimension, Measured, OrderBy};
    let of_measure = |measured: &Measured| match measured {
        Measured::Rows => None,
        Measured::Field(field) => Some(*field),
    };
    let of_dimension = |dimension: &Dimension| match dimension {
        Dimension::Field(field) | Dimension::Bucket { field, .. } => *field,
    };
    let mut fields: Vec<&'static Field> = match &plan.select {
        Select::Rows(fields) => fields.clone(),
        Select::Groups {
            dimensions,
            measures,
        } => {
            let measured = measures
                .iter()
                .filter_map(|measure| of_measure(&measure.measure.of));
            dimensions
                .iter()
                .map(of_dimension)
                .chain(measured)
                .collect()
        }
        Select::CountGroups { dimensions } => dimensions.iter().map(of_dimension).collect(),
    };
    fields.extend(plan.conditions.iter().flat_map(Condition::fields));
    fields.extend(plan.order.iter().filter_map(|order| match &order.by {
        OrderBy::Field(field) => Some(*field),
        OrderBy::Measure(measure) => of_measure(&measure.measure.of),
        OrderBy::Dimension(_) => None,
    }));
    plan.view == View::Traces || fields.iter().any(|field| field.view == View::Traces)
}
