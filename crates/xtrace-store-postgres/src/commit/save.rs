//! Writing what was merged: rows, payloads and parts, many per statement and those of all tables in one, and what the
//! rollups change by.

use sqlx::PgConnection;
use xtrace_model::TraceRow;
use xtrace_query::{observations, traces};
use xtrace_store::{lay_out_observation, lay_out_trace};

use super::Failure;
use super::merge::{Merged, MergedObservation, MergedTrace};
use super::payloads::{
    PartRow, Payload, Saving, bind_observations, bind_parts, bind_traces, chunks, part_chunks,
};
use super::summing::summaries;
use crate::columns::ViewRows;
use crate::parts::Filed;
use crate::rollups::{Changed, Rows};
use crate::states::TraceKept;

/// Rows of one statement; more are written by several.
pub const ROWS_MAX: usize = 2_000;

/// What is known of what was written once the transaction has been committed.
pub struct Saved {
    pub filed: Filed,
    /// Rows that the rollups changed by.
    pub changes: u64,
}

/// Writes all that changed. The answer is what may be remembered after the commit.
pub async fn save(
    connection: &mut PgConnection,
    mut merged: Merged<'_>,
    texts: Saving<'_>,
) -> Result<Saved, Failure> {
    let is_summary_lost = merged.traces.iter().any(|trace| trace.is_summary_lost);
    let mut sums = Rows::default();
    if !is_summary_lost {
        sums = changes(&touched(&merged));
    }
    let late = texts.split_late(&merged)?;
    let filed = {
        let payloads = texts.payloads(&merged, &late);
        let (new, filed) = texts.file(&mut *connection, &payloads.needs).await?;
        let packed = texts.pack_late(&new)?;
        let parts = texts.rows(&new, &packed);
        let observations: Vec<&MergedObservation<'_>> = merged
            .observations
            .iter()
            .filter(|observation| observation.is_row_changed)
            .collect();
        // Summaries that were lost are made anew of the payloads: they must have been written.
        let traces = if is_summary_lost {
            Vec::new()
        } else {
            touched(&merged)
        };
        let rounds = Rounds {
            observations: observations.chunks(ROWS_MAX).collect(),
            traces: traces.chunks(ROWS_MAX).collect(),
            observation_texts: chunks(&payloads.observations),
            trace_texts: chunks(&payloads.traces),
            parts: part_chunks(&parts),
            sums: &sums,
        };
        rounds.write(&mut *connection).await?;
        filed
    };
    if is_summary_lost {
        sum_anew(&mut *connection, &mut merged.traces).await?;
        let traces = touched(&merged);
        sums = changes(&traces);
        let rounds = Rounds {
            traces: traces.chunks(ROWS_MAX).collect(),
            ..Rounds::of(&sums)
        };
        rounds.write(connection).await?;
    }
    Ok(Saved {
        filed,
        changes: sums.count(),
    })
}

fn touched<'m, 'a>(merged: &'m Merged<'a>) -> Vec<&'m MergedTrace<'a>> {
    let traces = merged.traces.iter();
    traces.filter(|trace| trace.is_touched).collect()
}

/// What is to be written of each table, in pieces: one statement takes one of each.
struct Rounds<'s, 'a> {
    observations: Vec<&'s [&'s MergedObservation<'a>]>,
    traces: Vec<&'s [&'s MergedTrace<'a>]>,
    observation_texts: Vec<&'s [Payload<'s>]>,
    trace_texts: Vec<&'s [Payload<'s>]>,
    parts: Vec<&'s [PartRow<'s>]>,
    /// What the rollups change by: as many rows as there may be traces, all in the first statement.
    sums: &'s Rows,
}

impl<'s> Rounds<'s, '_> {
    /// Nothing else than these.
    fn of(sums: &'s Rows) -> Self {
        Self {
            observations: Vec::new(),
            traces: Vec::new(),
            observation_texts: Vec::new(),
            trace_texts: Vec::new(),
            parts: Vec::new(),
            sums,
        }
    }

    async fn write(self, connection: &mut PgConnection) -> Result<(), Failure> {
        let counts = [
            self.observations.len(),
            self.traces.len(),
            self.observation_texts.len(),
            self.trace_texts.len(),
            self.parts.len(),
            usize::from(self.sums.count() > 0),
        ];
        for round in 0..counts.into_iter().max().unwrap_or_default() {
            self.write_round(round, &mut *connection).await?;
        }
        Ok(())
    }

    async fn write_round(
        &self,
        round: usize,
        connection: &mut PgConnection,
    ) -> Result<(), Failure> {
        let traces = of_round(&self.traces, round);
        let derived: Vec<TraceRow> = traces.iter().map(|trace| trace.row()).collect();
        let save = sqlx::query(include_str!("../sql/commit/save.sql"));
        let save = observation_rows(of_round(&self.observations, round)).bind_to(save);
        let save = trace_rows(traces, &derived).bind_to(save);
        let states = traces.iter().map(|trace| {
            let kept = TraceKept {
                facts: trace.facts.clone(),
                summary: trace.summary.clone(),
                lacks_calls: false,
            };
            kept.encode()
        });
        let save = save.bind(states.collect::<Vec<_>>());
        let save = bind_observations(save, of_round(&self.observation_texts, round));
        let save = bind_traces(save, of_round(&self.trace_texts, round));
        let save = bind_parts(save, of_round(&self.parts, round));
        let later = Rows::default();
        let sums = if round == 0 { self.sums } else { &later };
        let save = sums.bind_to(save);
        save.execute(connection).await?;
        Ok(())
    }
}

fn of_round<'s, T>(pieces: &[&'s [T]], round: usize) -> &'s [T] {
    pieces.get(round).copied().unwrap_or_default()
}

fn observation_rows<'s>(chunk: &[&'s MergedObservation<'_>]) -> ViewRows<'s> {
    let mut rows = ViewRows::new(&observations::OBSERVATIONS, chunk.len());
    for each in chunk {
        rows.begin(each.part, each.project.as_str());
        lay_out_observation(&each.row, &mut rows);
    }
    rows
}

fn trace_rows<'s>(chunk: &[&'s MergedTrace<'_>], derived: &'s [TraceRow]) -> ViewRows<'s> {
    let mut rows = ViewRows::new(&traces::TRACES, chunk.len());
    for (trace, row) in chunk.iter().zip(derived) {
        rows.begin(trace.part, trace.key.0.as_str());
        lay_out_trace(row, &mut rows);
    }
    rows
}

/// Makes the summaries that were lost anew, from what this transaction sees.
async fn sum_anew(
    connection: &mut PgConnection,
    traces: &mut [MergedTrace<'_>],
) -> Result<(), Failure> {
    let mut lost: Vec<&mut MergedTrace<'_>> = traces
        .iter_mut()
        .filter(|trace| trace.is_summary_lost)
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    let locked: Vec<_> = lost
        .iter()
        .map(|trace| (trace.part, trace.key.0.as_str(), trace.key.1))
        .collect();
    let summaries = summaries(connection, &locked).await?;
    for (trace, summary) in lost.iter_mut().zip(summaries) {
        trace.summary = summary;
    }
    Ok(())
}

/// What the rollups change by.
fn changes(touched: &[&MergedTrace<'_>]) -> Rows {
    let mut changed = Changed::default();
    for trace in touched {
        let place = (trace.part, trace.key.0.as_str().into());
        changed.replace(&place, trace.before.as_ref(), Some(&trace.row()));
    }
    Rows::of(changed)
}
