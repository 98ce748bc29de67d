//! Whether a condition holds for a row.

use std::cmp::Ordering;

use xtrace_query::{Comparison, Condition, ListMatch, TextMatch, Value};

use super::cells::{Row, compare};

/// What is absent compares with nothing: such a condition does not hold.
pub fn holds(condition: &Condition, row: &Row<'_>) -> bool {
    match condition {
        Condition::Compare {
            field,
            comparison,
            value,
        } => matches(compare(&row.cell(field), value), *comparison),
        Condition::In { field, values } => {
            let cell = row.cell(field);
            values
                .iter()
                .any(|value| compare(&cell, value) == Some(Ordering::Equal))
        }
        Condition::Text {
            field,
            matching,
            text,
        } => row
            .cell(field)
            .as_text()
            .is_some_and(|cell| text_matches(cell, *matching, text)),
        Condition::List {
            field,
            matching,
            values,
        } => {
            let cell = row.cell(field);
            let list = cell.as_list().unwrap_or_default();
            match matching {
                ListMatch::All => values.iter().all(|value| list.contains(value)),
                ListMatch::Any => values.iter().any(|value| list.contains(value)),
            }
        }
        Condition::IsAbsent { field } => match row.cell(field) {
            Value::Null => true,
            Value::TextList(list) => list.is_empty(),
            _ => false,
        },
        Condition::Not(inner) => !holds(inner, row),
        Condition::All(parts) => parts.iter().all(|part| holds(part, row)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, row)),
    }
}

fn matches(ordering: Option<Ordering>, comparison: Comparison) -> bool {
    let Some(ordering) = ordering else {
        return false;
    };
    match comparison {
        Comparison::Equal => ordering.is_eq(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
    }
}

fn text_matches(cell: &str, matching: TextMatch, text: &str) -> bool {
    let (cell, text) = (lower_case(cell), lower_case(text));
    match matching {
        TextMatch::Contains => cell.contains(&text),
        TextMatch::StartsWith => cell.starts_with(&text),
        TextMatch::EndsWith => cell.ends_with(&text),
    }
}

/// Unicode simple lower-casing: character by character, each to one.
fn lower_case(text: &str) -> String {
    let simple = |character: char| {
        let mut lower = character.to_lowercase();
        match (lower.next(), lower.next()) {
            (Some(single), None) => single,
            _ => character,
        }
    };
    text.chars().map(simple).collect()
}
