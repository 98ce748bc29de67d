//! Days for the wire.

use std::collections::BTreeMap;

use xtrace_model::Usd;
use xtrace_query::zone::date_text;

use crate::routes::native::daily::wire::{Day, ModelUsage};

/// Models are named so where an observation names none.
pub const UNKNOWN_MODEL: &str = "unknown";

/// What the traces of a day add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DayTotals {
    /// Days since 1970-01-01 of the calendar asked for.
    pub day: i64,
    pub traces: u64,
    pub observations: u64,
    /// Of the observations.
    pub observed_cost: Usd,
}

/// What the observations of one model on one day add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelTotals {
    pub model: Option<Box<str>>,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub total_tokens: u64,
    pub traces: u64,
    pub observations: u64,
    pub cost: Usd,
}

/// The days in the order of `totals`. `sent` is the cost that clients sent for traces without a known cost of
/// their observations.
pub fn days(
    totals: Vec<DayTotals>,
    sent: &BTreeMap<i64, Usd>,
    mut models: BTreeMap<i64, Vec<ModelTotals>>,
) -> Vec<Day> {
    let to_day = |totals: DayTotals| {
        let sent = sent.get(&totals.day).copied().unwrap_or_default();
        let mut models = models.remove(&totals.day).unwrap_or_default();
        models.sort_by(|a, b| b.cost.cmp(&a.cost).then_with(|| a.model.cmp(&b.model)));
        Day {
            date: date_text(totals.day).unwrap_or_default(),
            count_traces: totals.traces,
            count_observations: totals.observations,
            total_cost: (totals.observed_cost + sent).to_f64(),
            usage: models.into_iter().map(model_usage).collect(),
        }
    };
    totals.into_iter().map(to_day).collect()
}

fn model_usage(totals: ModelTotals) -> ModelUsage {
    ModelUsage {
        model: totals.model.unwrap_or_else(|| UNKNOWN_MODEL.into()),
        input_usage: totals.input_tokens,
        output_usage: totals.output_tokens,
        total_usage: totals.total_tokens,
        count_traces: totals.traces,
        count_observations: totals.observations,
        total_cost: totals.cost.to_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_in_order_of_cost_and_a_days_cost_is_that_of_its_parts() {
        let usd = |text: &str| Usd::parse(text).unwrap();
        let model = |name: Option<&str>, cost| ModelTotals {
            model: name.map(Box::from),
            cost: usd(cost),
            ..ModelTotals::default()
        };
        let totals = DayTotals {
            day: 0,
            traces: 3,
            observations: 4,
            observed_cost: usd("0.3"),
        };
        let models = vec![
            model(None, "0.1"),
            model(Some("a"), "0.2"),
            model(Some("b"), "0"),
        ];
        let days = days(
            vec![totals],
            &BTreeMap::from([(0, usd("0.05")), (1, usd("9"))]),
            BTreeMap::from([(0, models)]),
        );
        assert_eq!(days.len(), 1);
        assert_eq!(days[0].date, "1970-01-01");
        assert!((days[0].total_cost - 0.35).abs() < f64::EPSILON);
        let names: Vec<&str> = days[0].usage.iter().map(|usage| &*usage.model).collect();
        assert_eq!(names, ["a", "unknown", "b"]);
    }
}
