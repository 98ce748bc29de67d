//! Counts that need no walk over rows: lists say on each page how many rows they have in all, and counting those of a
//! frequent tag takes far longer than finding the newest fifty.
//!
//! How many traces have a name, a tag or a session is kept as rollups are, in cells of their own kinds, and so exact to
//! the commit. What one trace adds to them is one for each of its values; mostly nothing changes of these, and then no
//! cell does. How many observations a trace has stands in its row.
//!
//! What it deliberately does not do: several conditions at once, or times. Those read rows.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use xtrace_model::TraceRow;
use xtrace_query::{
    Aggregation, Comparison, Condition, Dimension, Field, MeasureOf, Plan, Select, Value, View,
    observations, traces,
};

use crate::rollups::Place;
use crate::values::storable;

/// A number that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count<'a> {
    /// Traces with a value.
    Traces(Kind, &'a str),
    /// Sessions with a trace.
    Sessions,
    /// Observations of a trace.
    Observations(&'a str),
}

/// What a value is of; as cells number it, after the kinds of `xtrace_model::Cell`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i16)]
pub enum Kind {
    Name = 4,
    Tag = 5,
    Session = 6,
}

impl<'a> Count<'a> {
    /// The number that answers the plan, if it makes sense and asks for one that is kept.
    pub fn of(plan: &'a Plan) -> Option<Self> {
        plan.check().ok()?;
        let [condition] = &plan.conditions[..] else {
            return None;
        };
        match &plan.select {
            Select::CountGroups { dimensions } => {
                let session = &traces::SESSION_ID;
                let is_asked = plan.view == View::Traces
                    && dimensions[..] == [Dimension::Field(session)]
                    && is_presence(condition, session);
                is_asked.then_some(Self::Sessions)
            }
            Select::Groups {
                dimensions,
                measures,
            } if dimensions.is_empty() && plan.limit > 0 && plan.offset == 0 => {
                let count = count_of(plan.view);
                let is_asked = measures[..] == [count];
                is_asked.then(|| Self::with(plan.view, condition)).flatten()
            }
            _ => None,
        }
    }

    fn with(view: View, condition: &'a Condition) -> Option<Self> {
        match (view, condition) {
            (
                _,
                Condition::Compare {
                    field,
                    comparison: Comparison::Equal,
                    value: Value::Text(value),
                },
            ) => Self::with_text(view, field, value),
            // One tag: whether all or any of them makes no difference.
            (View::Traces, Condition::List { field, values, .. }) if **field == traces::TAGS => {
                match &values[..] {
                    [tag] => Some(Self::Traces(Kind::Tag, tag)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Observations may be chosen by fields of their traces as well, which says nothing here.
    fn with_text(view: View, field: &'static Field, value: &'a str) -> Option<Self> {
        match view {
            View::Traces if *field == traces::NAME => Some(Self::Traces(Kind::Name, value)),
            View::Traces if *field == traces::SESSION_ID => {
                Some(Self::Traces(Kind::Session, value))
            }
            View::Observations if *field == observations::TRACE_ID => {
                Some(Self::Observations(value))
            }
            _ => None,
        }
    }
}

fn count_of(view: View) -> MeasureOf {
    let measure = match view {
        View::Traces => &traces::COUNT,
        View::Observations => &observations::COUNT,
    };
    MeasureOf {
        measure,
        aggregation: Aggregation::Count,
    }
}

fn is_presence(condition: &Condition, field: &'static Field) -> bool {
    let is_absent = Condition::IsAbsent { field };
    matches!(condition, Condition::Not(inner) if **inner == is_absent)
}

/// What commits change the numbers of traces by, by place, kind and value.
#[derive(Debug, Default)]
pub struct Counts(BTreeMap<(Place, Kind, Box<str>), i64>);

impl Counts {
    /// A trace was `before` and is `after`, where there was one or is one.
    pub fn replace(&mut self, place: &Place, before: Option<&TraceRow>, after: Option<&TraceRow>) {
        if let (Some(before), Some(after)) = (before, after)
            && before.name == after.name
            && before.session_id == after.session_id
            && before.tags == after.tags
        {
            return;
        }
        self.count(place, before, -1);
        self.count(place, after, 1);
    }

    fn count(&mut self, place: &Place, row: Option<&TraceRow>, change: i64) {
        let Some(row) = row else { return };
        let mut values: BTreeSet<(Kind, Cow<'_, str>)> = BTreeSet::new();
        // As they are stored: what is the same there counts once.
        values.extend(row.name.iter().map(|name| (Kind::Name, storable(name))));
        values.extend(
            row.session_id
                .iter()
                .map(|id| (Kind::Session, storable(id))),
        );
        values.extend(row.tags.iter().map(|tag| (Kind::Tag, storable(tag))));
        for (kind, value) in values {
            let count = self.0.entry((place.clone(), kind, value.into()));
            *count.or_default() += change;
        }
    }

    /// Those that are not zero.
    pub fn into_changes(self) -> impl Iterator<Item = (Place, Kind, Box<str>, i64)> {
        let counts = self.0.into_iter();
        counts
            .filter(|(_, change)| *change != 0)
            .map(|((place, kind, value), change)| (place, kind, value, change))
    }
}
