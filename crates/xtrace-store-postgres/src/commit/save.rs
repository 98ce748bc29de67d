//! Writing what was merged: rows and payloads, many per statement.

use std::borrow::Cow;

use sqlx::{PgConnection, Row as _};
use xtrace_model::derive::observation_row;
use xtrace_model::{
    Contribution, JsonText, Latest, ObservationId, ObservationKey, TraceRow, TraceSummary,
};
use xtrace_query::{observations, traces};
use xtrace_store::{ErrorKind, StoreError};

use super::merge::{Merged, MergedObservation, MergedTrace};
use super::{Failure, OP};
use crate::columns::ViewRows;
use crate::rows::{push_observation, push_trace};
use crate::states::{ObservationKept, TraceContentKept, TraceKept, decode, encode};
use crate::values::storable;

/// Rows of one statement; more are written by several.
const ROWS_MAX: usize = 2_000;
/// Bytes of payload of one statement, roughly: the arrays exist several times on their way.
const PAYLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;

pub async fn save(connection: &mut PgConnection, mut merged: Merged<'_>) -> Result<(), Failure> {
    let changed: Vec<&MergedObservation<'_>> = merged
        .observations
        .iter()
        .filter(|observation| observation.is_row_changed)
        .collect();
    for chunk in changed.chunks(ROWS_MAX) {
        observation_rows(&mut *connection, chunk).await?;
    }
    for chunk in payload_chunks(&merged.observations) {
        observation_payloads(&mut *connection, chunk).await?;
    }
    sum_anew(&mut *connection, &mut merged.traces).await?;
    let touched: Vec<&MergedTrace<'_>> = merged
        .traces
        .iter()
        .filter(|trace| trace.is_touched)
        .collect();
    for chunk in touched.chunks(ROWS_MAX) {
        trace_rows(&mut *connection, chunk).await?;
    }
    let with_content: Vec<&MergedTrace<'_>> = merged
        .traces
        .iter()
        .filter(|trace| trace.is_content_touched)
        .collect();
    for chunk in payload_chunks(&with_content) {
        trace_payloads(&mut *connection, chunk).await?;
    }
    Ok(())
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

async fn observation_payloads(
    connection: &mut PgConnection,
    chunk: &[MergedObservation<'_>],
) -> Result<(), Failure> {
    let states: Vec<Vec<u8>> = chunk
        .iter()
        .map(|each| {
            encode(&ObservationKept::of(
                &each.facts,
                &each.costing,
                &each.content,
            ))
        })
        .collect();
    sqlx::query(include_str!("../sql/observations/upsert_payload.sql"))
        .bind(chunk.iter().map(|each| each.part.0).collect::<Vec<_>>())
        .bind(
            chunk
                .iter()
                .map(|each| each.project.as_str())
                .collect::<Vec<_>>(),
        )
        .bind(
            chunk
                .iter()
                .map(|each| each.row.key.trace_id.as_str())
                .collect::<Vec<_>>(),
        )
        .bind(
            chunk
                .iter()
                .map(|each| each.row.key.id.as_str())
                .collect::<Vec<_>>(),
        )
        .bind(
            chunk
                .iter()
                .map(|each| text(&each.content.input))
                .collect::<Vec<_>>(),
        )
        .bind(
            chunk
                .iter()
                .map(|each| text(&each.content.output))
                .collect::<Vec<_>>(),
        )
        .bind(
            chunk
                .iter()
                .map(|each| text(&each.content.model_parameters))
                .collect::<Vec<_>>(),
        )
        .bind(states)
        .execute(connection)
        .await?;
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

async fn trace_payloads(
    connection: &mut PgConnection,
    chunk: &[&MergedTrace<'_>],
) -> Result<(), Failure> {
    let states: Vec<Vec<u8>> = chunk
        .iter()
        .map(|trace| encode(&TraceContentKept::of(&trace.content)))
        .collect();
    sqlx::query(include_str!("../sql/traces/upsert_payload.sql"))
        .bind(chunk.iter().map(|trace| trace.part.0).collect::<Vec<_>>())
        .bind(
            chunk
                .iter()
                .map(|trace| trace.key.0.as_str())
                .collect::<Vec<_>>(),
        )
        .bind(
            chunk
                .iter()
                .map(|trace| trace.key.1.as_str())
                .collect::<Vec<_>>(),
        )
        .bind(
            chunk
                .iter()
                .map(|trace| text(&trace.content.input))
                .collect::<Vec<_>>(),
        )
        .bind(
            chunk
                .iter()
                .map(|trace| text(&trace.content.output))
                .collect::<Vec<_>>(),
        )
        .bind(states)
        .execute(connection)
        .await?;
    Ok(())
}

fn text(value: &Latest<JsonText>) -> Option<Cow<'_, str>> {
    value.get().map(|json| storable(json.as_str()))
}

/// Something with a payload of roughly known size.
trait Weighed {
    fn payload_bytes(&self) -> usize;
}

fn bytes(value: &Latest<JsonText>) -> usize {
    value.get().map_or(0, |json| json.as_str().len())
}

impl Weighed for MergedObservation<'_> {
    fn payload_bytes(&self) -> usize {
        bytes(&self.content.input)
            + bytes(&self.content.output)
            + bytes(&self.content.model_parameters)
    }
}

impl Weighed for &MergedTrace<'_> {
    fn payload_bytes(&self) -> usize {
        bytes(&self.content.input) + bytes(&self.content.output)
    }
}

/// Slices that are neither too many rows nor, but for a single large one, too many bytes.
fn payload_chunks<T: Weighed>(all: &[T]) -> Vec<&[T]> {
    let mut chunks = Vec::new();
    let mut rest = all;
    while !rest.is_empty() {
        let mut count = 0;
        let mut bytes = 0;
        while count < rest.len() && count < ROWS_MAX && (count == 0 || bytes < PAYLOAD_BYTES_MAX) {
            bytes += rest[count].payload_bytes();
            count += 1;
        }
        let (chunk, after) = rest.split_at(count);
        chunks.push(chunk);
        rest = after;
    }
    chunks
}
