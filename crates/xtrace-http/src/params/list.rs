//! A list as it was asked for: conditions, order and page; and the plans that answer it.

use xtrace_query::{Aggregation, observations, traces};
use xtrace_query::{Condition, Field, Measure, MeasureOf, Order, Plan, Select, View};

use super::filter::{self, FilterParam};
use super::order;
use super::page::Page;
use super::query_string::{BadParam, QueryString};

/// What a list of rows is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ListQuery {
    pub view: View,
    pub conditions: Vec<Condition>,
    pub order: Vec<Order>,
    pub page: Page,
}

impl ListQuery {
    /// Reads filters, `orderBy` (by default the view's time, descending), `page` and `limit`.
    ///
    /// # Errors
    /// The first parameter that cannot be used.
    pub fn parse(
        view: View,
        filters: &[FilterParam],
        query: &QueryString,
    ) -> Result<Self, BadParam> {
        let def = view.def();
        Ok(Self {
            view,
            conditions: filter::conditions(filters, query)?,
            order: vec![order::by_field(query, def, def.time)?],
            page: Page::parse(query)?,
        })
    }

    /// The rows of the page.
    pub fn rows(&self, fields: Vec<&'static Field>) -> Plan {
        Plan {
            view: self.view,
            select: Select::Rows(fields),
            conditions: self.conditions.clone(),
            order: self.order.clone(),
            limit: self.page.limit,
            offset: self.page.offset(),
        }
    }

    /// How many rows all pages have.
    pub fn total(&self) -> Plan {
        let measures = vec![MeasureOf {
            measure: count_of(self.view),
            aggregation: Aggregation::Count,
        }];
        Plan {
            view: self.view,
            select: Select::Groups {
                dimensions: Vec::new(),
                measures,
            },
            conditions: self.conditions.clone(),
            order: Vec::new(),
            limit: 1,
            offset: 0,
        }
    }
}

fn count_of(view: View) -> &'static Measure {
    match view {
        View::Traces => &traces::COUNT,
        View::Observations => &observations::COUNT,
    }
}

#[cfg(test)]
mod tests {
    use xtrace_store::lower::Rolled;

    use super::*;

    /// Otherwise the first page of a list would read all rows to count them.
    #[test]
    fn how_many_there_are_in_all_is_answered_from_rollups() {
        for view in [View::Traces, View::Observations] {
            let list = ListQuery {
                view,
                conditions: Vec::new(),
                order: Vec::new(),
                page: Page {
                    number: 1,
                    limit: 50,
                },
            };
            let total = list.total();
            let rolled = Rolled::of(&total);
            assert!(rolled.is_some_and(|rolled| !rolled.needs_rows()));
        }
    }
}
