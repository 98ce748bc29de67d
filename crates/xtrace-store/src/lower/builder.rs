//! The one builder: collects values to bind and knows the names of columns.

use xtrace_query::{Condition, Derived, Field, Kind, Measured, Value, View};

use super::{Bind, Dialect};
use crate::error::{ErrorKind, StoreError, StoreResult};
use crate::scope::ProjectScope;

/// Alias of the view's own source.
const OWN: &str = "v";
/// Alias of the traces that observations belong to.
const TRACE: &str = "t";

/// Collects binds while a statement about one view is written.
pub(super) struct Builder<'a> {
    pub(super) dialect: &'a dyn Dialect,
    view: View,
    binds: Vec<Bind>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(view: View, dialect: &'a dyn Dialect) -> Self {
        Self {
            dialect,
            view,
            binds: Vec::new(),
        }
    }

    /// Remembers the value and answers with its parameter.
    pub(super) fn bind(&mut self, bind: Bind) -> String {
        let index = self.binds.len() + 1;
        let placeholder = self.dialect.placeholder(index, &bind);
        self.binds.push(bind);
        placeholder
    }

    pub(super) fn bind_text(&mut self, text: &str) -> String {
        // Texts are stored with U+FFFD in place of U+0000, which not every engine can hold.
        self.bind(Bind::Text(text.replace('\0', "\u{FFFD}").into()))
    }

    pub(super) fn bind_count(&mut self, count: u64) -> String {
        self.bind(Bind::Int(i64::try_from(count).unwrap_or(i64::MAX)))
    }

    /// # Errors
    /// A list or nothing, which the check of the plan has refused before.
    pub(super) fn bind_value(&mut self, value: &Value) -> StoreResult<String> {
        let bind = match value {
            Value::Text(text) => return Ok(self.bind_text(text)),
            Value::Bool(value) => Bind::Bool(*value),
            Value::Int(value) => Bind::Int(*value),
            Value::Float(value) => Bind::Float(*value),
            Value::Money(value) => Bind::Money(*value),
            Value::Time(value) => Bind::Time(*value),
            Value::Null | Value::TextList(_) | Value::Histogram(_) => {
                let message = format!("{} cannot be bound", value.noun());
                return Err(StoreError::new(ErrorKind::Internal, "plan.lower", message));
            }
        };
        Ok(self.bind(bind))
    }

    /// The column of a field, with its alias.
    pub(super) fn column(&self, field: &Field) -> String {
        let alias = if field.view == self.view { OWN } else { TRACE };
        format!("{alias}.{}", field.column)
    }

    /// What is measured in a row, as an operand.
    pub(super) fn measured(&self, of: Measured) -> String {
        match of {
            Measured::Rows => "1".to_owned(),
            Measured::Field(field) => self.column(field),
            Measured::Derived(Derived::Rest { whole, first }) => self.duration(whole, Some(first)),
            Measured::Derived(Derived::PerSecond {
                amount,
                whole,
                first,
            }) => {
                let (amount, seconds) = (self.column(amount), self.duration(whole, *first));
                format!(
                    "CASE WHEN {seconds} > 0 THEN CAST({amount} AS DOUBLE PRECISION) / {seconds} END"
                )
            }
            Measured::Derived(Derived::IsAboveZero(field)) => {
                format!("CASE WHEN {} > 0 THEN TRUE END", self.column(field))
            }
        }
    }

    fn duration(&self, whole: &Field, first: Option<&Field>) -> String {
        let whole = self.column(whole);
        match first {
            Some(first) => format!("({whole} - {})", self.column(first)),
            None => whole,
        }
    }

    /// The column of a field in a form that groups and orders bytewise.
    pub(super) fn comparable(&self, field: &Field) -> String {
        let column = self.column(field);
        match field.kind {
            Kind::Text | Kind::TextList => self.dialect.bytewise(&column),
            _ => column,
        }
    }

    /// `FROM … WHERE …`: the rows of the project for which all conditions hold, with the trace of each observation
    /// where `fields` need it.
    pub(super) fn rows(
        &mut self,
        scope: &ProjectScope,
        fields: &[&'static Field],
        conditions: &[Condition],
    ) -> StoreResult<String> {
        let (own, foreign) = self.needed(fields, conditions);
        let project = self.bind_text(scope.project().as_str());
        let scoped = self.dialect.project_column();
        let mut sql = format!("FROM {} AS {OWN}", self.dialect.source(self.view, &own));
        if !foreign.is_empty() {
            let source = self.dialect.source(View::Traces, &foreign);
            let id = xtrace_query::traces::ID.column;
            let trace_id = self.column(&xtrace_query::observations::TRACE_ID);
            sql.push_str(&format!(
                "\nLEFT JOIN {source} AS {TRACE} ON {TRACE}.{scoped} = {project} AND {TRACE}.{id} = {trace_id}"
            ));
        }
        let own_project = format!("{OWN}.{scoped}");
        let is_own = self
            .dialect
            .is_of_project(&own_project, &project, conditions);
        sql.push_str(&format!("\nWHERE {is_own}"));
        for condition in conditions {
            let condition = self.condition(condition)?;
            sql.push_str(&format!("\n  AND {condition}"));
        }
        Ok(sql)
    }

    /// The columns of each source that are used anywhere, without repetition.
    fn needed(
        &self,
        fields: &[&'static Field],
        conditions: &[Condition],
    ) -> (Vec<&'static Field>, Vec<&'static Field>) {
        let mut all: Vec<&'static Field> = fields.to_vec();
        all.extend(conditions.iter().flat_map(Condition::fields));
        let mut own: Vec<&'static Field> = Vec::new();
        let mut foreign: Vec<&'static Field> = Vec::new();
        for field in all {
            let needed = if field.view == self.view {
                &mut own
            } else {
                &mut foreign
            };
            if !needed.contains(&field) {
                needed.push(field);
            }
        }
        if !foreign.is_empty() {
            let joined = [
                (&mut own, &xtrace_query::observations::TRACE_ID),
                (&mut foreign, &xtrace_query::traces::ID),
            ];
            for (needed, field) in joined {
                if !needed.contains(&field) {
                    needed.push(field);
                }
            }
        }
        (own, foreign)
    }

    pub(super) fn into_binds(self) -> Vec<Bind> {
        self.binds
    }
}
