//! What cells have the sums of.

use xtrace_query::{
    Aggregation, Condition, Kind, Measure, MeasureOf, Measured, View, observations, traces,
};

/// What rows a plan is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Traces,
    /// Traces without any known cost of an observation.
    SentTraces,
    Observations,
    Calls,
}

/// A measure with the column of cells that adds up to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    pub(super) measure: MeasureOf,
    pub(super) column: &'static str,
    pub(super) kind: Kind,
}

impl Subject {
    /// What the view is about under conditions other than those on the time of the trace.
    pub(super) fn of(view: View, conditions: &[&Condition]) -> Option<Self> {
        let is_sent = Condition::IsAbsent {
            field: &traces::OBSERVED_COST,
        };
        match (view, conditions) {
            (View::Traces, []) => Some(Self::Traces),
            (View::Traces, [condition]) if **condition == is_sent => Some(Self::SentTraces),
            (View::Observations, []) => Some(Self::Observations),
            (View::Observations, [condition]) if **condition == observations::is_model_call() => {
                Some(Self::Calls)
            }
            _ => None,
        }
    }

    /// The column that counts the rows.
    pub(super) fn rows(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::SentTraces => "sent_traces",
            Self::Observations | Self::Calls => "observations",
        }
    }

    /// The column that a measure is the sum of. How many traces made calls is a sum by model alone: one that called
    /// two models counts for each.
    pub(super) fn sum(self, measure: MeasureOf, by_model: bool) -> Option<Sum> {
        let sums: &[(&'static Measure, &'static str)] = match self {
            Self::Traces => &[
                (&traces::OBSERVATIONS_COUNT, "observations"),
                (&traces::MEASURE_OBSERVED_COST, "cost"),
            ],
            Self::SentTraces => &[(&traces::MEASURE_TOTAL_COST, "sent_cost")],
            Self::Observations => &[],
            Self::Calls => &[
                (&observations::MEASURE_INPUT_TOKENS, "input_tokens"),
                (&observations::MEASURE_OUTPUT_TOKENS, "output_tokens"),
                (&observations::MEASURE_TOTAL_TOKENS, "total_tokens"),
                (&observations::MEASURE_TOTAL_COST, "cost"),
            ],
        };
        let counted = MeasureOf {
            measure: &observations::UNIQUE_TRACES,
            aggregation: Aggregation::CountDistinct,
        };
        let (column, kind) = match (measure.measure.of, measure.aggregation) {
            (Measured::Rows, Aggregation::Count) => (self.rows(), Kind::Int),
            (Measured::Field(field), Aggregation::Sum) => {
                let found = sums.iter().find(|(summed, _)| *summed == measure.measure)?;
                (found.1, field.kind)
            }
            _ if measure == counted && self == Self::Calls && by_model => ("traces", Kind::Int),
            _ => return None,
        };
        Some(Sum {
            measure,
            column,
            kind,
        })
    }
}
