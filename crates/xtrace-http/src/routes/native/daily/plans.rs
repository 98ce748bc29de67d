//! What days are asked of the store.

use xtrace_model::Timestamp;
use xtrace_query::{
    Aggregation, Bucket, Condition, Dimension, Measure, MeasureOf, Order, OrderBy, Plan, Select,
    Value, View, observations, traces,
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

    /// By day and model: what model calls used. A model call is a GENERATION, an EMBEDDING or whatever has a
    /// known cost, so that the models' costs add up to the cost of the day's observations.
    pub fn models(&self) -> Plan {
        let select = Select::Groups {
            dimensions: vec![self.day(), Dimension::Field(&observations::MODEL)],
            measures: MODEL_MEASURES.to_vec(),
        };
        let mut plan = self.over(View::Observations, select);
        let types = ["GENERATION", "EMBEDDING"];
        let has_no_cost = Condition::IsAbsent {
            field: &observations::TOTAL_COST,
        };
        plan.conditions.push(Condition::Any(vec![
            Condition::In {
                field: &observations::TYPE,
                values: types.map(Value::text).to_vec(),
            },
            Condition::Not(Box::new(has_no_cost)),
        ]));
        plan.limit = MODELS_MAX;
        plan
    }

    /// Only these days, so that a page costs no more than its days: a day more at either end, because local
    /// days begin up to a day before or after those of UTC.
    pub fn between(mut self, first_day: i64, last_day: i64) -> Self {
        let start = |day: i64| Timestamp::from_micros(day.saturating_mul(DAY_MICROS));
        let field = &traces::TIMESTAMP;
        let earliest = Value::Time(start(first_day.saturating_sub(1)));
        let latest = Value::Time(start(last_day.saturating_add(2)));
        self.conditions.push(Condition::at_least(field, earliest));
        self.conditions.push(Condition::at_most(field, latest));
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
