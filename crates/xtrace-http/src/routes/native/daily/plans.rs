//! What days are asked of the store.

use xtrace_model::Timestamp;
use xtrace_query::{
    Aggregation, Bucket, Comparison, Condition, Dimension, Measure, MeasureOf, Order, OrderBy,
    Plan, Select, Value, View, observations, traces,
};

use crate::params::page::Page;

const DAY_MICROS: i64 = 86_400_000_000;

/// Days that [`DayPlans::between`] lets in beside those of the page.
const NEIGHBOUR_DAYS: u64 = 6;

/// Most combinations of day and model of one page.
pub const MODELS_MAX: u64 = 50_000;

pub const TRACES: MeasureOf = of(&traces::COUNT, Aggregation::Count);
pub const OBSERVATIONS: MeasureOf = of(&traces::OBSERVATIONS_COUNT, Aggregation::Sum);
pub const OBSERVED_COST: MeasureOf = of(&traces::MEASURE_OBSERVED_COST, Aggregation::Sum);
pub const SENT_COST: MeasureOf = of(&traces::MEASURE_TOTAL_COST, Aggregation::Sum);
pub const DAY_MEASURES: [MeasureOf; 3] = [TRACES, OBSERVATIONS, OBSERVED_COST];

pub const MODEL_OBSERVATIONS: MeasureOf = of(&observations::COUNT, Aggregation::Count);
pub const MODEL_TRACES: MeasureOf = of(&observations::UNIQUE_TRACES, Aggregation::CountDistinct);
pub const MODEL_INPUT: MeasureOf = of(&observations::MEASURE_INPUT_TOKENS, Aggregation::Sum);
pub const MODEL_OUTPUT: MeasureOf = of(&observations::MEASURE_OUTPUT_TOKENS, Aggregation::Sum);
pub const MODEL_TOTAL: MeasureOf = of(&observations::MEASURE_TOTAL_TOKENS, Aggregation::Sum);
pub const MODEL_COST: MeasureOf = of(&observations::MEASURE_TOTAL_COST, Aggregation::Sum);
pub const MODEL_MEASURES: [MeasureOf; 6] = [
    MODEL_OBSERVATIONS,
    MODEL_TRACES,
    MODEL_INPUT,
    MODEL_OUTPUT,
    MODEL_TOTAL,
    MODEL_COST,
];

const fn of(measure: &'static Measure, aggregation: Aggregation) -> MeasureOf {
    MeasureOf {
        measure,
        aggregation,
    }
}

/// The traces that count, and the calendar they are put in.
#[derive(Clone, Debug)]
pub struct DayPlans {
    pub conditions: Vec<Condition>,
    pub bucket: Bucket,
}

impl DayPlans {
    /// How many days there are.
    pub fn total(&self) -> Plan {
        let dimensions = vec![self.day()];
        self.over(View::Traces, Select::CountGroups { dimensions })
    }

    /// The days of a page, newest first, with [`DAY_MEASURES`].
    pub fn days(&self, page: Page) -> Plan {
        let select = Select::Groups {
            dimensions: vec![self.day()],
            measures: DAY_MEASURES.to_vec(),
        };
        Plan {
            order: vec![Order {
                by: OrderBy::Dimension(0),
                descending: true,
            }],
            limit: page.limit,
            offset: page.offset(),
            ..self.over(View::Traces, select)
        }
    }

    /// By day: the cost that clients sent for traces without a known cost of their observations.
    pub fn sent_cost(&self, days: usize) -> Plan {
        let select = Select::Groups {
            dimensions: vec![self.day()],
            measures: vec![SENT_COST],
        };
        let mut plan = self.over(View::Traces, select);
        let field = &traces::OBSERVED_COST;
        plan.conditions.push(Condition::IsAbsent { field });
        plan.limit = days as u64 + NEIGHBOUR_DAYS;
        plan
    }

    /// By day and model: what model calls used.
    pub fn models(&self) -> Plan {
        let select = Select::Groups {
            dimensions: vec![self.day(), Dimension::Field(&observations::MODEL)],
            measures: MODEL_MEASURES.to_vec(),
        };
        let mut plan = self.over(View::Observations, select);
        plan.conditions.push(observations::is_model_call());
        plan.limit = MODELS_MAX;
        plan
    }

    /// Only these days, so that a page costs no more than its days: a day more at either end, because local
    /// days begin up to a day before or after those of UTC.
    pub fn between(mut self, first_day: i64, last_day: i64) -> Self {
        let start = |day: i64| Timestamp::from_micros(day.saturating_mul(DAY_MICROS));
        let field = &traces::TIMESTAMP;
        let earliest = Value::Time(start(first_day.saturating_sub(1)));
        let end = Value::Time(start(last_day.saturating_add(2)));
        self.conditions.push(Condition::at_least(field, earliest));
        self.conditions.push(Condition::Compare {
            field,
            comparison: Comparison::Less,
            value: end,
        });
        self
    }

    fn day(&self) -> Dimension {
        Dimension::Bucket {
            field: &traces::TIMESTAMP,
            bucket: self.bucket.clone(),
        }
    }

    fn over(&self, view: View, select: Select) -> Plan {
        Plan {
            view,
            select,
            conditions: self.conditions.clone(),
            order: Vec::new(),
            limit: 1,
            offset: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use xtrace_query::zone;
    use xtrace_store::lower::Rolled;

    use super::*;

    /// Otherwise days would be read from all rows.
    #[test]
    fn what_is_asked_without_filters_is_answered_from_rollups() {
        let time = Timestamp::from_micros;
        let (from, to) = (time(1_767_571_200_000_001), time(1_772_000_000_123_456));
        let field = &traces::TIMESTAMP;
        for name in ["UTC", "Asia/Shanghai", "Asia/Kathmandu", "America/New_York"] {
            let plans = DayPlans {
                conditions: vec![
                    Condition::at_least(field, Value::Time(from)),
                    Condition::at_most(field, Value::Time(to)),
                ],
                bucket: zone::days(name, from, to).unwrap(),
            };
            let page = Page {
                number: 1,
                limit: 60,
            };
            let mut asked = vec![plans.total(), plans.days(page)];
            let days = plans.between(20_460, 20_500);
            asked.extend([days.sent_cost(9), days.models()]);
            for plan in asked {
                assert!(Rolled::of(&plan).is_some(), "{plan:#?}");
            }
        }
    }
}
