//! What is stored of the traces and observations that a batch touches.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use xtrace_model::observation::ObservationContent;
use xtrace_model::trace::TraceContent;
use xtrace_model::{Costing, ObservationFacts, TraceFacts, TraceSummary};

use super::keys::Locked;
use super::work::Work;
use super::{Failure, OP};
use crate::states::{ObservationKept, TraceContentKept, TraceKept, decode};

/// A trace as it is stored. The content is that of a trace without payload unless a patch needs it.
pub struct StoredTrace {
    pub facts: TraceFacts,
    pub summary: TraceSummary,
    pub content: TraceContent,
}

/// An observation as it is stored.
pub struct StoredObservation {
    pub facts: ObservationFacts,
    pub costing: Costing,
    pub content: ObservationContent,
}

/// In the order of the work: each trace, and each observation of each trace.
pub struct Stored {
    pub traces: Vec<Option<StoredTrace>>,
    pub observations: Vec<Option<StoredObservation>>,
}

pub async fn stored(
    connection: &mut PgConnection,
    work: &Work<'_>,
    locked: &[Locked],
) -> Result<Stored, Failure> {
    Ok(Stored {
        traces: traces(&mut *connection, work, locked).await?,
        observations: observations(connection, work, locked).await?,
    })
}

/// Arrays of keys, with the positions that say which answer belongs to which.
#[derive(Default)]
struct Wanted<'a> {
    positions: Vec<i32>,
    parts: Vec<i32>,
    projects: Vec<&'a str>,
    traces: Vec<&'a str>,
}

impl<'a> Wanted<'a> {
    fn push(&mut self, position: usize, locked: Locked, key: super::work::TraceKey<'a>) {
        self.positions
            .push(i32::try_from(position).expect("a batch has far fewer items"));
        self.parts.push(locked.part.0);
        self.projects.push(key.0.as_str());
        self.traces.push(key.1.as_str());
    }
}

async fn traces(
    connection: &mut PgConnection,
    work: &Work<'_>,
    locked: &[Locked],
) -> Result<Vec<Option<StoredTrace>>, Failure> {
    let mut stored: Vec<Option<StoredTrace>> = work.traces.iter().map(|_| None).collect();
    let mut wanted = Wanted::default();
    let mut with_payload = Vec::new();
    for (position, ((key, trace), locked)) in work.traces.iter().zip(locked).enumerate() {
        if !locked.is_new {
            wanted.push(position, *locked, *key);
            with_payload.push(trace.has_content());
        }
    }
    if wanted.positions.is_empty() {
        return Ok(stored);
    }
    let rows = sqlx::query(include_str!("../sql/traces/load.sql"))
        .bind(wanted.positions)
        .bind(wanted.parts)
        .bind(wanted.projects)
        .bind(wanted.traces)
        .bind(with_payload)
        .fetch_all(connection)
        .await?;
    for row in rows {
        stored[position(&row)?] = Some(trace(&row)?);
    }
    Ok(stored)
}

fn trace(row: &PgRow) -> Result<StoredTrace, Failure> {
    let kept: TraceKept = decode(row.try_get("state")?, OP)?;
    let payload: Option<&[u8]> = row.try_get("payload_state")?;
    let content: TraceContentKept = payload
        .map(|state| decode(state, OP))
        .transpose()?
        .unwrap_or_default();
    let content = content.with_texts(row.try_get("input")?, row.try_get("output")?);
    Ok(StoredTrace {
        facts: kept.facts,
        summary: kept.summary,
        content,
    })
}

async fn observations(
    connection: &mut PgConnection,
    work: &Work<'_>,
    locked: &[Locked],
) -> Result<Vec<Option<StoredObservation>>, Failure> {
    let mut stored = Vec::new();
    let mut wanted = Wanted::default();
    let mut ids = Vec::new();
    for ((key, trace), locked) in work.traces.iter().zip(locked) {
        for id in trace.observations.keys() {
            if !locked.is_new {
                wanted.push(stored.len(), *locked, *key);
                ids.push(id.as_str());
            }
            stored.push(None);
        }
    }
    if ids.is_empty() {
        return Ok(stored);
    }
    let rows = sqlx::query(include_str!("../sql/observations/load.sql"))
        .bind(wanted.positions)
        .bind(wanted.parts)
        .bind(wanted.projects)
        .bind(wanted.traces)
        .bind(ids)
        .fetch_all(connection)
        .await?;
    for row in rows {
        stored[position(&row)?] = Some(observation(&row)?);
    }
    Ok(stored)
}

fn observation(row: &PgRow) -> Result<StoredObservation, Failure> {
    let kept: ObservationKept = decode(row.try_get("state")?, OP)?;
    let texts = [
        row.try_get("input")?,
        row.try_get("output")?,
        row.try_get("model_parameters")?,
    ];
    let (facts, costing, content) = kept.with_texts(texts);
    Ok(StoredObservation {
        facts,
        costing,
        content,
    })
}

fn position(row: &PgRow) -> Result<usize, Failure> {
    let position: i32 = row.try_get("position")?;
    Ok(usize::try_from(position).expect("positions were counted from zero"))
}
