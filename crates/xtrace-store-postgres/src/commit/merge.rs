//! Joining, deriving and summing up: what the transaction is to write. Pure.

use xtrace_model::derive::{observation_row, trace_row};
use xtrace_model::observation::ObservationContent;
use xtrace_model::trace::TraceContent;
use xtrace_model::{
    Change, Contribution, Costing, ObservationFacts, ObservationKey, ObservationRow,
    ObservationState, PriceBook, ProjectId, TraceFacts, TraceRow, TraceState, TraceSummary,
};
use xtrace_store::Outcome;

use super::held::Held;
use super::keys::Locked;
use super::load::{Stored, StoredObservation, StoredTrace};
use super::work::{TraceKey, TraceWork, Work};
use crate::week::Week;

/// What is to be written, and what became of each item.
pub struct Merged<'a> {
    pub traces: Vec<MergedTrace<'a>>,
    pub observations: Vec<MergedObservation<'a>>,
    /// By position in the batch.
    pub outcomes: Vec<(usize, Outcome)>,
}

/// A trace after joining.
pub struct MergedTrace<'a> {
    pub key: TraceKey<'a>,
    pub part: Week,
    /// As readers see it now; `None`: it is new.
    pub before: Option<TraceRow>,
    pub facts: TraceFacts,
    pub summary: TraceSummary,
    pub content: TraceContent,
    /// Input and output as they were stored.
    pub held: [Option<Held>; 2],
    pub is_content_touched: bool,
    /// Something that is stored changed, whether readers see it or not.
    pub is_touched: bool,
    /// The summary cannot be told from what the batch has; it is made anew from all observations.
    pub is_summary_lost: bool,
}

/// An observation that something stored changed of.
pub struct MergedObservation<'a> {
    pub project: &'a ProjectId,
    pub part: Week,
    pub facts: ObservationFacts,
    pub costing: Costing,
    pub content: ObservationContent,
    /// Input and output as they were stored.
    pub held: [Option<Held>; 2],
    pub row: ObservationRow,
    /// Readers see a difference.
    pub is_row_changed: bool,
}

pub fn merge<'a>(
    work: &Work<'a>,
    locked: &[Locked],
    stored: Stored,
    prices: &PriceBook,
) -> Merged<'a> {
    let mut merged = Merged {
        traces: Vec::new(),
        observations: Vec::new(),
        outcomes: Vec::new(),
    };
    let mut observations = stored.observations.into_iter();
    for (((key, trace), locked), stored) in work.traces.iter().zip(locked).zip(stored.traces) {
        let mut joined = join_trace(*key, trace, locked.part, stored, &mut merged.outcomes);
        for (id, patches) in &trace.observations {
            let id = ObservationKey {
                trace_id: key.1.clone(),
                id: (*id).clone(),
            };
            let stored = observations
                .next()
                .expect("there is one answer for each observation");
            let joining = Joining {
                id,
                project: key.0,
                part: locked.part,
                prices,
            };
            let observation = joining.join(patches, stored, &mut joined, &mut merged.outcomes);
            merged.observations.extend(observation);
        }
        merged.traces.push(joined);
    }
    merged
}

fn join_trace<'a>(
    key: TraceKey<'a>,
    work: &TraceWork<'a>,
    part: Week,
    stored: Option<StoredTrace>,
    outcomes: &mut Vec<(usize, Outcome)>,
) -> MergedTrace<'a> {
    let mut is_new = stored.is_none();
    let mut is_touched = is_new;
    let mut is_content_touched = false;
    let before = stored
        .as_ref()
        .map(|stored| trace_row(key.1.clone(), &stored.facts, stored.summary.clone()));
    let (mut state, summary, held) = match stored {
        Some(stored) => (
            TraceState {
                facts: stored.facts,
                content: stored.content,
            },
            stored.summary,
            stored.held,
        ),
        None => (TraceState::default(), TraceSummary::default(), [None, None]),
    };
    let created_before = state.facts.created_at;
    // An observation says of its trace that it exists, and since when at the latest. It comes first where it came
    // first, so that the trace's own patch is not the news.
    let mut implied: Vec<(usize, TraceFacts)> = work
        .observations
        .values()
        .flatten()
        .map(|(position, patch)| (*position, implied(&patch.facts)))
        .collect();
    implied.sort_by_key(|(position, _)| *position);
    let mut implied = implied.into_iter().peekable();
    for (position, patch) in &work.patches {
        while let Some((_, facts)) = implied.next_if(|(earlier, _)| earlier < position) {
            state.facts.join(facts);
            is_new = false;
        }
        let change = state.join((*patch).clone());
        outcomes.push((*position, outcome(is_new, change)));
        is_content_touched |= !patch.content.is_absent() && change != Change::Unchanged;
        is_touched |= change != Change::Unchanged;
        is_new = false;
    }
    for (_, facts) in implied {
        state.facts.join(facts);
    }
    is_touched |= state.facts.created_at != created_before;
    let TraceState { facts, content } = state;
    MergedTrace {
        key,
        part,
        before,
        facts,
        summary,
        content,
        held,
        is_content_touched,
        is_touched,
        is_summary_lost: false,
    }
}

fn implied(facts: &ObservationFacts) -> TraceFacts {
    TraceFacts {
        created_at: facts.created_at,
        updated_at: facts.updated_at,
        ..TraceFacts::default()
    }
}

/// One observation being joined.
struct Joining<'a, 'p> {
    id: ObservationKey,
    project: &'a ProjectId,
    part: Week,
    prices: &'p PriceBook,
}

impl<'a> Joining<'a, '_> {
    fn join(
        self,
        patches: &[(usize, &'a ObservationState)],
        stored: Option<StoredObservation>,
        trace: &mut MergedTrace<'_>,
        outcomes: &mut Vec<(usize, Outcome)>,
    ) -> Option<MergedObservation<'a>> {
        let before = stored.as_ref().map(|stored| {
            let row = observation_row(self.id.clone(), &stored.facts, &stored.costing);
            (stored.facts.clone(), row)
        });
        let (mut state, costing_before, held) = match stored {
            Some(stored) => (
                ObservationState {
                    facts: stored.facts,
                    content: stored.content,
                },
                stored.costing,
                stored.held,
            ),
            None => (
                ObservationState::default(),
                Costing::default(),
                [None, None],
            ),
        };
        let mut is_new = before.is_none();
        let mut is_touched = is_new;
        for (position, patch) in patches {
            let created_before = state.facts.created_at;
            let change = state.join((*patch).clone());
            outcomes.push((*position, outcome(is_new, change)));
            is_touched |= change != Change::Unchanged || state.facts.created_at != created_before;
            is_new = false;
        }
        if !is_touched {
            return None;
        }
        let costing = match &before {
            Some((facts, _)) if same_costing_inputs(facts, &state.facts) => costing_before,
            _ => Costing::of(&state.facts, self.prices),
        };
        let row = observation_row(self.id, &state.facts, &costing);
        let contribution = Contribution::of(&row);
        match &before {
            None => trace.summary.add(&contribution),
            Some((_, before)) => {
                trace.is_summary_lost |= !trace
                    .summary
                    .replace(&Contribution::of(before), &contribution);
            }
        }
        let is_row_changed = before.as_ref().is_none_or(|(_, before)| *before != row);
        trace.is_touched |= is_row_changed;
        let ObservationState { facts, content } = state;
        let (project, part) = (self.project, self.part);
        Some(MergedObservation {
            project,
            part,
            facts,
            costing,
            content,
            held,
            row,
            is_row_changed,
        })
    }
}

impl MergedTrace<'_> {
    pub fn row(&self) -> TraceRow {
        trace_row(self.key.1.clone(), &self.facts, self.summary.clone())
    }
}

fn outcome(is_new: bool, change: Change) -> Outcome {
    if is_new || change == Change::Changed {
        Outcome::Accepted
    } else {
        Outcome::Duplicate
    }
}

/// A cost that was computed stays as it is, whatever the price list says by now, until something it was computed
/// from changes.
fn same_costing_inputs(before: &ObservationFacts, now: &ObservationFacts) -> bool {
    before.model.get() == now.model.get()
        && before.model_id.get() == now.model_id.get()
        && before.known_usage() == now.known_usage()
        && before.cost.get() == now.cost.get()
        && before.price_attributes.get() == now.price_attributes.get()
        && before.input_price.get() == now.input_price.get()
        && before.output_price.get() == now.output_price.get()
        && before.total_price.get() == now.total_price.get()
}
