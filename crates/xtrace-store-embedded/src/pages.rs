//! Pages of whole rows: which rows, by the few columns that decide it, then those rows by their keys from the truth,
//! which finds fifty rows faster than columns are put together again. The truth may be ahead of what a query sees,
//! so a row is taken from it only in the version that the query sees; the others are read from the columns, in the
//! same transaction. The answer is that of one statement.

use std::collections::HashMap;

use xtrace_model::derive::{observation_row, trace_row};
use xtrace_model::{ObservationId, ObservationKey, Timestamp, TraceId};
use xtrace_query::{Condition, Field, Kind, Plan, Select, Table, Unit, Value, View};
use xtrace_store::{ProjectScope, lay_out_observation, lay_out_trace, lower};

use crate::errors::EmbeddedError;
use crate::projection::cells::Cells;
use crate::projection::read::{Place, ReadTransaction};
use crate::projection::statement::{dialect_of_place, dialect_of_view, run};
use crate::rollups;
use crate::truth::{Truth, keys};

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
    if fields.iter().any(|field| field.view != plan.view) {
        return ask(plan);
    }
    let def = plan.view.def();
    let deciding = [version_of(plan.view), def.time].into_iter();
    let page = ask(&Plan {
        select: Select::Rows(deciding.chain(def.key.iter().copied()).collect()),
        ..plan.clone()
    })?;
    Page::of(plan.view, page)?.whole(at, truth, scope, fields)
}

fn version_of(view: View) -> &'static Field {
    match view {
        View::Traces => &TRACE_VERSION,
        View::Observations => &OBSERVATION_VERSION,
    }
}

/// The rows of a page in their order.
struct Page {
    view: View,
    rows: Vec<Named>,
}

/// A version is of one row and in one place, so the rest of the row is found without looking at what else there is of
/// it, and without sorting again.
struct Named {
    version: i64,
    time: Timestamp,
    key: Key,
}

enum Key {
    Trace(TraceId),
    Observation(ObservationKey),
}

impl Key {
    /// The cells of a view's key.
    fn of(view: View, cells: &[Value]) -> Option<Self> {
        let text = |index: usize| cells.get(index).and_then(Value::as_text);
        Some(match view {
            View::Traces => Self::Trace(TraceId::new(text(0)?).ok()?),
            View::Observations => Self::Observation(ObservationKey {
                trace_id: TraceId::new(text(0)?).ok()?,
                id: ObservationId::new(text(1)?).ok()?,
            }),
        })
    }
}

impl Page {
    fn of(view: View, table: Table) -> Result<Self, EmbeddedError> {
        let row = |row: Vec<Value>| {
            let (version, time) = row[0].as_int().zip(row[1].as_time())?;
            let key = Key::of(view, &row[2..])?;
            Some(Named { version, time, key })
        };
        let unnamed = || of_no_row("a row has no version, no time or no key".to_owned());
        let rows = table.rows.into_iter();
        Ok(Self {
            view,
            rows: rows
                .map(|cells| row(cells).ok_or_else(unnamed))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The rows with these fields.
    fn whole(
        &self,
        at: &ReadTransaction<'_>,
        truth: &Truth,
        scope: &ProjectScope,
        fields: &[&'static Field],
    ) -> Result<Table, EmbeddedError> {
        let mut found = self.of_truth(truth, scope, fields)?;
        self.of_columns(at, scope, fields, &mut found)?;
        let missing =
            |version: i64| of_no_row(format!("version {version} is in neither memory nor file"));
        let whole = self.rows.iter().map(|row| {
            let cells = found.remove(&row.version);
            cells.ok_or_else(|| missing(row.version))
        });
        Ok(Table {
            columns: fields.iter().map(|field| field.name.into()).collect(),
            rows: whole.collect::<Result<_, _>>()?,
        })
    }

    /// What the truth has in the version wanted, by version.
    fn of_truth(
        &self,
        truth: &Truth,
        scope: &ProjectScope,
        fields: &[&'static Field],
    ) -> Result<HashMap<i64, Vec<Value>>, EmbeddedError> {
        let snapshot = truth.snapshot();
        let mut cells = Cells::new(self.view.def(), fields);
        let mut found = HashMap::with_capacity(self.rows.len());
        for row in &self.rows {
            let is_wanted = |version: u64| version.cast_signed() == row.version;
            match &row.key {
                Key::Trace(id) => {
                    let stored = truth.trace(&snapshot, &keys::trace(scope.project(), id))?;
                    let Some(stored) = stored.filter(|stored| is_wanted(stored.version)) else {
                        continue;
                    };
                    let derived = trace_row(id.clone(), &stored.facts, stored.summary);
                    lay_out_trace(&derived, &mut cells);
                }
                Key::Observation(key) => {
                    let stored =
                        truth.observation(&snapshot, &keys::observation(scope.project(), key))?;
                    let Some(stored) = stored.filter(|stored| is_wanted(stored.version)) else {
                        continue;
                    };
                    let derived = observation_row(key.clone(), &stored.facts, &stored.costing);
                    lay_out_observation(&derived, &mut cells);
                }
            }
            found.insert(row.version, cells.take());
        }
        Ok(found)
    }

    /// Adds what is not found yet: what has changed since the query began.
    fn of_columns(
        &self,
        at: &ReadTransaction<'_>,
        scope: &ProjectScope,
        fields: &[&'static Field],
        found: &mut HashMap<i64, Vec<Value>>,
    ) -> Result<(), EmbeddedError> {
        for place in [Place::Memory, Place::File] {
            let missing = self.rows.iter().filter(|row| {
                !found.contains_key(&row.version) && at.place_of(row.version) == place
            });
            let rows: Vec<&Named> = missing.collect();
            if rows.is_empty() {
                continue;
            }
            let dialect = dialect_of_place(at, self.view, place);
            let statement = lower::plan(&of_rows(self.view, fields, &rows), scope, &dialect)?;
            for mut row in run(at, &statement)?.rows {
                if let Some(version) = row.pop().and_then(|version| version.as_int()) {
                    found.insert(version, row);
                }
            }
        }
        Ok(())
    }
}

fn of_no_row(why: String) -> EmbeddedError {
    EmbeddedError::Corrupt {
        what: "a page of rows",
        why,
    }
}

/// These rows and their versions; their times let most of the file be skipped.
fn of_rows(view: View, fields: &[&'static Field], rows: &[&Named]) -> Plan {
    let time = view.def().time;
    let none = (Timestamp::MAX, Timestamp::MIN);
    let (first, last) = rows.iter().fold(none, |(first, last), row| {
        (first.min(row.time), last.max(row.time))
    });
    let field = version_of(view);
    let versions = rows.iter().map(|row| Value::Int(row.version));
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use xtrace_model::{First, Latest, PriceBook, ProjectId, Stamp, TraceState};
    use xtrace_query::traces;
    use xtrace_store::{CommitBatch, TelemetryWriter as _, Write, WriteItem};

    use super::*;
    use crate::engine::EmbeddedEngine;
    use crate::options::EmbeddedOptions;

    fn scope() -> ProjectScope {
        ProjectScope::new(ProjectId::new("p").unwrap())
    }

    async fn rename(engine: &EmbeddedEngine, id: &str, name: &str, seconds: i64) {
        let stamp = Stamp::new(Timestamp::from_micros(seconds * 1_000_000), 0);
        let mut patch = TraceState::default();
        patch.facts.name = Latest::set(stamp, name.into());
        patch.facts.timestamp = First::set(stamp, Timestamp::from_micros(0));
        patch.facts.created_at = Some(Timestamp::from_micros(0));
        let write = Write::Trace {
            id: TraceId::new(id).unwrap(),
            patch: Box::new(patch),
        };
        let item = WriteItem {
            scope: scope(),
            write,
        };
        let batch = CommitBatch {
            items: vec![item],
            prices: Arc::new(PriceBook::default()),
        };
        engine.commit(batch).await.unwrap();
    }

    fn names(at: &ReadTransaction<'_>, truth: &Truth) -> Vec<Value> {
        let plan = Plan {
            view: View::Traces,
            select: Select::Rows(traces::TRACES.fields.to_vec()),
            conditions: Vec::new(),
            order: Vec::new(),
            limit: 50,
            offset: 0,
        };
        let table = answer(at, truth, &scope(), &plan).unwrap();
        let column = table.column(traces::NAME.name).unwrap();
        let names = table.rows.into_iter().map(|mut row| row.remove(column));
        names.collect()
    }

    #[tokio::test]
    async fn rows_that_change_or_go_after_a_query_began_are_answered_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let engine = EmbeddedEngine::open(EmbeddedOptions::new(dir.path())).unwrap();
        for is_moved in [true, false] {
            rename(&engine, "changed", "before", 1).await;
            rename(&engine, "gone", "here", 1).await;
            if is_moved {
                engine.move_now().unwrap();
            }
            let instance = engine.shared.instance().unwrap();
            let connection = instance.projection.connect().unwrap();
            let at = ReadTransaction::begin(&instance.projection, &connection).unwrap();
            let expected = [Value::text("before"), Value::text("here")];
            assert_eq!(names(&at, &instance.truth), expected);

            rename(&engine, "changed", "after", 2).await;
            let gone = [TraceId::new("gone").unwrap()];
            engine.delete_traces(&scope(), &gone).await.unwrap();
            instance.projection.settle().unwrap();
            assert_eq!(names(&at, &instance.truth), expected, "moved: {is_moved}");
            at.end().unwrap();

            let at = ReadTransaction::begin(&instance.projection, &connection).unwrap();
            assert_eq!(names(&at, &instance.truth), [Value::text("after")]);
            at.end().unwrap();
            let all = [TraceId::new("changed").unwrap()];
            engine.delete_traces(&scope(), &all).await.unwrap();
        }
    }
}
