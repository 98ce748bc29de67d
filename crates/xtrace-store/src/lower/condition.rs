//! Conditions as SQL. Each is one operand: in parentheses where it has operators of its own.

use xtrace_query::{Comparison, Condition, Field, Kind, ListMatch, TextMatch, Value};

use super::builder::Builder;
use crate::error::StoreResult;

impl Builder<'_> {
    pub(super) fn condition(&mut self, condition: &Condition) -> StoreResult<String> {
        match condition {
            Condition::Compare {
                field,
                comparison,
                value,
            } => self.compare(field, *comparison, value),
            Condition::In { field, values } => self.one_of(field, values),
            Condition::Text {
                field,
                matching,
                text,
            } => Ok(self.text(field, *matching, text)),
            Condition::List {
                field,
                matching,
                values,
            } => Ok(self.list(field, *matching, values)),
            Condition::IsAbsent { field } => Ok(self.is_absent(field)),
            Condition::Not(inner) => self.not(inner),
            Condition::All(parts) => self.joined(parts, " AND ", "TRUE"),
            Condition::Any(parts) => self.joined(parts, " OR ", "FALSE"),
        }
    }

    fn compare(
        &mut self,
        field: &'static Field,
        comparison: Comparison,
        value: &Value,
    ) -> StoreResult<String> {
        let value = self.bind_value(value)?;
        // Equality is bytewise as it is, and uses any index.
        let (column, operator) = match comparison {
            Comparison::Equal => (self.column(field), "="),
            Comparison::Less => (self.comparable(field), "<"),
            Comparison::LessOrEqual => (self.comparable(field), "<="),
            Comparison::Greater => (self.comparable(field), ">"),
            Comparison::GreaterOrEqual => (self.comparable(field), ">="),
        };
        Ok(format!("({column} {operator} {value})"))
    }

    fn one_of(&mut self, field: &'static Field, values: &[Value]) -> StoreResult<String> {
        if values.is_empty() {
            return Ok("FALSE".to_owned());
        }
        let values: StoreResult<Vec<String>> =
            values.iter().map(|value| self.bind_value(value)).collect();
        Ok(format!(
            "({} IN ({}))",
            self.column(field),
            values?.join(", ")
        ))
    }

    fn text(&mut self, field: &'static Field, matching: TextMatch, text: &str) -> String {
        let sought = self.bind_text(text);
        let column = self.column(field);
        self.dialect.text_match(matching, &column, &sought)
    }

    fn list(&mut self, field: &'static Field, matching: ListMatch, values: &[Box<str>]) -> String {
        if values.is_empty() {
            let holds = match matching {
                ListMatch::All => "TRUE",
                ListMatch::Any => "FALSE",
            };
            return holds.to_owned();
        }
        let members: Vec<String> = values.iter().map(|value| self.bind_text(value)).collect();
        let column = self.column(field);
        self.dialect.list_match(matching, &column, &members)
    }

    pub(super) fn is_absent(&self, field: &'static Field) -> String {
        let column = self.column(field);
        match field.kind {
            Kind::TextList => self.dialect.list_is_empty(&column),
            _ => format!("({column} IS NULL)"),
        }
    }

    fn not(&mut self, inner: &Condition) -> StoreResult<String> {
        match inner {
            // As indexes of what is present say it; of a list, an empty one is absent as well.
            Condition::IsAbsent { field } if field.kind != Kind::TextList => {
                Ok(format!("({} IS NOT NULL)", self.column(field)))
            }
            // Not NOT: an absent value compares to neither true nor false, and then the inner does not hold.
            inner => Ok(format!("({} IS NOT TRUE)", self.condition(inner)?)),
        }
    }

    fn joined(
        &mut self,
        parts: &[Condition],
        operator: &str,
        of_none: &str,
    ) -> StoreResult<String> {
        if parts.is_empty() {
            return Ok(of_none.to_owned());
        }
        let parts: StoreResult<Vec<String>> =
            parts.iter().map(|part| self.condition(part)).collect();
        Ok(format!("({})", parts?.join(operator)))
    }
}
