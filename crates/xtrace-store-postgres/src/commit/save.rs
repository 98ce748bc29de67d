//! Writing what was merged: rows, then payloads, many per statement, and what the rollups change by.

use sqlx::PgConnection;
use xtrace_model::{Rollup, TraceRow};
use xtrace_query::{observations, traces};

use super::Failure;
use super::merge::{Merged, MergedObservation, MergedTrace};
use super::payloads::Saving;
use super::summing::summaries;
use crate::columns::ViewRows;
use crate::parts::Filed;
use crate::rollups::{Place, note};
use crate::rows::{push_observation, push_trace};
use crate::states::TraceKept;

/// Rows of one statement; more are written by several.
pub const ROWS_MAX: usize = 2_000;

/// What is known of what was written once the transaction has been committed.
pub struct Saved {
    pub filed: Filed,
    /// Rows that the rollups changed by.
    pub changes: u64,
}

pub async fn save(
    connection: &mut PgConnection,
    mut merged: Merged<'_>,
    texts: Saving<'_>,
) -> Result<Saved, Failure> {
    let changed: Vec<&MergedObservation<'_>> = merged
        .observations
        .iter()
        .filter(|observation| observation.is_row_changed)
        .collect();
    for chunk in changed.chunks(ROWS_MAX) {
        observation_rows(&mut *connection, chunk).await?;
    }
    let filed = texts.save(&mut *connection, &merged).await?;
    // From the payloads: they must have been written.
    sum_anew(&mut *connection, &mut merged.traces).await?;
    let touched: Vec<&MergedTrace<'_>> = merged
        .traces
        .iter()
        .filter(|trace| trace.is_touched)
        .collect();
    for chunk in touched.chunks(ROWS_MAX) {
        trace_rows(&mut *connection, chunk).await?;
    }
    let changes = note(connection, changes(&touched)).await?;
    Ok(Saved { filed, changes })
}

async fn observation_rows(
    connection: &mut PgConnection,
    chunk: &[&MergedObservation<'_>],
) -> Result<(), Failure> {
    let mut rows = ViewRows::new(&observations::OBSERVATIONS, chunk.len());
    for observation in chunk {
        push_observation(
            &mut rows,
            observation.part,
            observation.project,
            &observation.row,
        );
    }
    let upsert = sqlx::query(include_str!("../sql/observations/upsert.sql"));
    rows.bind_to(upsert).execute(connection).await?;
    Ok(())
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
fn changes(touched: &[&MergedTrace<'_>]) -> Rollup<Place> {
    let mut changes = Rollup::default();
    for trace in touched {
        let place = (trace.part, trace.key.0.as_str().into());
        if let Some(before) = &trace.before {
            changes.subtract(&place, before);
        }
        changes.add(&place, &trace.row());
    }
    changes
}

async fn trace_rows(
    connection: &mut PgConnection,
    chunk: &[&MergedTrace<'_>],
) -> Result<(), Failure> {
    let derived: Vec<TraceRow> = chunk.iter().map(|trace| trace.row()).collect();
    let mut rows = ViewRows::new(&traces::TRACES, chunk.len());
    let mut states = Vec::with_capacity(chunk.len());
    for (trace, row) in chunk.iter().zip(&derived) {
        push_trace(&mut rows, trace.part, trace.key.0, row);
        let kept = TraceKept {
            facts: trace.facts.clone(),
            summary: trace.summary.clone(),
            lacks_calls: false,
        };
        states.push(kept.encode());
    }
    let upsert = sqlx::query(include_str!("../sql/traces/upsert.sql"));
    rows.bind_to(upsert)
        .bind(states)
        .execute(connection)
        .await?;
    Ok(())
}
