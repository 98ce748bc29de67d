//! Pages of whole rows where some are in memory: which rows, by the few columns that decide it, then
//! all columns of those rows alone. Both steps read one transaction, so the answer is that of one
//! statement.
//!
//! Over one table the database does as much by itself. Over several a page of fifty rows would carry
//! every column of every row that is the best so far through the sort.

use std::collections::HashMap;

use xtrace_model::Timestamp;
use xtrace_query::{Condition, Field, Kind, Plan, Select, Table, Unit, Value, View};
use xtrace_store::{ProjectScope, lower};

use crate::errors::EmbeddedError;
use crate::projection::read::{Place, ReadTransaction};
use crate::projection::statement::{dialect_of_place, dialect_of_view, run};
use crate::rollups;
use crate::truth::Truth;

/// Fewer columns are not worth a second step.
const FIELDS_MIN: usize = 8;
/// Rows of a page beyond which naming them costs more than it saves.
const ROWS_MAX: u64 = 500;

const fn row_version(view: View) -> Field {
    Field {
        view,
        name: "rowVersion",
        column: "row_version",
        kind: Kind::Int,
        unit: Unit::None,
        doc: "Tells every version of every row from any other.",
    }
}

pub static TRACE_VERSION: Field = row_version(View::Traces);
static OBSERVATION_VERSION: Field = row_version(View::Observations);

/// Answers a plan.
pub fn answer(
    at: &ReadTransaction<'_>,
    truth: &Truth,
    scope: &ProjectScope,
    plan: &Plan,
) -> Result<Table, EmbeddedError> {
    if let Some(rolled) = lower::Rolled::of(plan) {
        return rollups::answer(at, truth, scope, &rolled);
    }
    let dialect = dialect_of_view(at, plan.view, needs_traces(plan))?;
    let ask = |plan: &Plan| run(at, &lower::plan(plan, scope, &dialect)?);
    let fields = match &plan.select {
        Select::Rows(fields) if fields.len() >= FIELDS_MIN && plan.limit <= ROWS_MAX => fields,
        _ => return ask(plan),
    };
    if at.is_all_in_file() || fields.iter().any(|field| field.view != plan.view) {
        return ask(plan);
    }
    let page = ask(&Plan {
        select: Select::Rows(vec![version_of(plan.view), plan.view.def().time]),
        ..plan.clone()
    })?;
    Page::of(page)?.whole(at, scope, (plan.view, fields))
}

fn version_of(view: View) -> &'static Field {
    match view {
        View::Traces => &TRACE_VERSION,
        View::Observations => &OBSERVATION_VERSION,
    }
}

/// The versions and times of a page's rows, in their order. A version is of one row and in one place, so the rest of
/// the row is found without looking at what else there is of it, and without sorting again.
struct Page {
    rows: Vec<(i64, Timestamp)>,
}

impl Page {
    fn of(table: Table) -> Result<Self, EmbeddedError> {
        let row = |row: Vec<Value>| {
            let found = row[0].as_int().zip(row[1].as_time());
            found.ok_or_else(|| of_no_row("a row has no version or no time".to_owned()))
        };
        let rows = table.rows.into_iter().map(row);
        Ok(Self {
            rows: rows.collect::<Result<_, _>>()?,
        })
    }

    /// The rows with these fields.
    fn whole(
        &self,
        at: &ReadTransaction<'_>,
        scope: &ProjectScope,
        (view, fields): (View, &[&'static Field]),
    ) -> Result<Table, EmbeddedError> {
        let mut found: HashMap<i64, Vec<Value>> = HashMap::with_capacity(self.rows.len());
        for place in [Place::Memory, Place::File] {
            let rows: Vec<_> = self
                .rows
                .iter()
                .filter(|(version, _)| at.place_of(*version) == place)
                .copied()
                .collect();
            if rows.is_empty() {
                continue;
            }
            let dialect = dialect_of_place(at, view, place);
            let statement = lower::plan(&of_rows(view, fields, &rows), scope, &dialect)?;
            for mut row in run(at, &statement)?.rows {
                if let Some(version) = row.pop().and_then(|version| version.as_int()) {
                    found.insert(version, row);
                }
            }
        }
        let missing =
            |version: &i64| of_no_row(format!("version {version} is in neither memory nor file"));
        let whole = self
            .rows
            .iter()
            .map(|(version, _)| found.remove(version).ok_or_else(|| missing(version)));
        Ok(Table {
            columns: fields.iter().map(|field| field.name.into()).collect(),
            rows: whole.collect::<Result<_, _>>()?,
        })
    }
}

fn of_no_row(why: String) -> EmbeddedError {
    EmbeddedError::Corrupt {
        what: "a page of rows",
        why,
    }
}

/// These rows and their versions; their times let most of the file be skipped.
fn of_rows(view: View, fields: &[&'static Field], rows: &[(i64, Timestamp)]) -> Plan {
    let time = view.def().time;
    let none = (Timestamp::MAX, Timestamp::MIN);
    let (first, last) = rows.iter().fold(none, |(first, last), (_, time)| {
        (first.min(*time), last.max(*time))
    });
    let field = version_of(view);
    let versions = rows.iter().map(|(version, _)| Value::Int(*version));
    Plan {
        view,
        select: Select::Rows(fields.iter().copied().chain([field]).collect()),
        conditions: vec![
            Condition::at_least(time, Value::Time(first)),
            Condition::at_most(time, Value::Time(last)),
            Condition::In {
                field,
                values: versions.collect(),
            },
        ],
        order: Vec::new(),
        limit: rows.len() as u64,
        offset: 0,
    }
}

/// Whether a question about observations looks at their traces.
fn needs_traces(plan: &Plan) -> bool {
    use xtrace_query::{Dimension, OrderBy};
    let mut fields: Vec<&'static Field> = match &plan.select {
        Select::Rows(fields) => fields.clone(),
        Select::Groups {
            dimensions,
            measures,
        } => {
            let measured = measures
                .iter()
                .flat_map(|measure| measure.measure.of.fields());
            dimensions
                .iter()
                .map(Dimension::field)
                .chain(measured)
                .collect()
        }
        Select::CountGroups { dimensions } => dimensions.iter().map(Dimension::field).collect(),
    };
    fields.extend(plan.conditions.iter().flat_map(Condition::fields));
    fields.extend(plan.order.iter().flat_map(|order| match &order.by {
        OrderBy::Field(field) => vec![*field],
        OrderBy::Measure(measure) => measure.measure.of.fields(),
        OrderBy::Dimension(_) => Vec::new(),
    }));
    plan.view == View::Traces || fields.iter().any(|field| field.view == View::Traces)
}
