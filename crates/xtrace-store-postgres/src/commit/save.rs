//! Writing what was merged: rows, then payloads, many per statement.

use sqlx::{PgConnection, Row as _};
use xtrace_model::derive::observation_row;
use xtrace_model::{Contribution, ObservationId, ObservationKey, TraceRow, TraceSummary};
use xtrace_query::{observations, traces};
use xtrace_store::{ErrorKind, StoreError};

use super::merge::{Merged, MergedObservation, MergedTrace};
use super::payloads::Saving;
use super::{Failure, OP};
use crate::columns::ViewRows;
use crate::parts::Filed;
use crate::rows::{push_observation, push_trace};
use crate::states::{ObservationKept, TraceKept, decode, encode};

/// Rows of one statement; more are written by several.
pub const ROWS_MAX: usize = 2_000;

pub async fn save(
    connection: &mut PgConnection,
    mut merged: Merged<'_>,
    texts: Saving<'_>,
) -> Result<Filed, Failure> {
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
    Ok(filed)
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
    let positions: Vec<i32> = (0..).take(lost.len()).collect();
    let rows = sqlx::query(include_str!("../sql/observations/of_traces.sql"))
        .bind(positions)
        .bind(lost.iter().map(|trace| trace.part.0).collect::<Vec<_>>())
        .bind(
            lost.iter()
                .map(|trace| trace.key.0.as_str())
                .collect::<Vec<_>>(),
        )
        .bind(
            lost.iter()
                .map(|trace| trace.key.1.as_str())
                .collect::<Vec<_>>(),
        )
        .fetch_all(connection)
        .await?;
    for trace in &mut lost {
        trace.summary = TraceSummary::default();
    }
    for row in rows {
        let position: i32 = row.try_get("position")?;
        let trace = &mut lost[usize::try_from(position).expect("positions were counted from zero")];
        let kept: ObservationKept = decode(row.try_get("state")?, OP)?;
        let id: String = row.try_get("id")?;
        let id = ObservationId::new(id)
            .map_err(|error| StoreError::new(ErrorKind::Corrupt, OP, error))?;
        let key = ObservationKey {
            trace_id: trace.key.1.clone(),
            id,
        };
        trace.summary.add(&Contribution::of(&observation_row(
            key,
            &kept.facts,
            &kept.costing,
        )));
    }
    Ok(())
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
        states.push(encode(&TraceKept {
            facts: trace.facts.clone(),
            summary: trace.summary.clone(),
        }));
    }
    let upsert = sqlx::query(include_str!("../sql/traces/upsert.sql"));
    rows.bind_to(upsert)
        .bind(states)
        .execute(connection)
        .await?;
    Ok(())
}
