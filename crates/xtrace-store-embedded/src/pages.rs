//! Pages of whole rows where some are in memory: which rows, by the few columns that decide it, then
//! all columns of those rows alone. Both steps read one transaction, so the answer is that of one
//! statement.
//!
//! Over one table the database does as much by itself. Over several a page of fifty rows would carry
//! every column of every row that is the best so far through the sort.

use xtrace_model::Timestamp;
use xtrace_query::{Condition, Field, Kind, Plan, Select, Table, Unit, Value, View};
use xtrace_store::{ProjectScope, lower};

use crate::errors::EmbeddedError;
use crate::projection::read::ReadTransaction;
use crate::projection::statement::{dialect_of_view, run};

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

static TRACE_VERSION: Field = row_version(View::Traces);
static OBSERVATION_VERSION: Field = row_version(View::Observations);

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
    if at.is_all_in_file() {
        return ask(plan);
    }
    let version = match plan.view {
        View::Traces => &TRACE_VERSION,
        View::Observations => &OBSERVATION_VERSION,
    };
    let page = ask(&Plan {
        select: Select::Rows(vec![version, plan.view.def().time]),
        ..plan.clone()
    })?;
    if page.rows.is_empty() {
        return Ok(Table {
            columns: fields.iter().map(|field| field.name.into()).collect(),
            rows: Vec::new(),
        });
    }
    ask(&Plan {
        conditions: of_page(plan.view, version, page),
        offset: 0,
        ..plan.clone()
    })
}

/// Conditions that hold for the rows of a page alone; their times let most of the file be skipped.
fn of_page(view: View, version: &'static Field, page: Table) -> Vec<Condition> {
    let time = view.def().time;
    let times = page.rows.iter().filter_map(|row| row[1].as_time());
    let none = (Timestamp::MAX, Timestamp::MIN);
    let (first, last) = times.fold(none, |(first, last), time| {
        (first.min(time), last.max(time))
    });
    let versions = page
        .rows
        .into_iter()
        .filter_map(|row| row.into_iter().next());
    vec![
        Condition::at_least(time, Value::Time(first)),
        Condition::at_most(time, Value::Time(last)),
        Condition::In {
            field: version,
            values: versions.collect(),
        },
    ]
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
