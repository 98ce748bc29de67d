//! Summaries made anew from the states of all observations of a trace.

use sqlx::{PgConnection, Row as _};
use xtrace_model::derive::observation_row;
use xtrace_model::{Contribution, ObservationId, ObservationKey, TraceId, TraceSummary};
use xtrace_store::{ErrorKind, StoreError};

use super::{Failure, OP};
use crate::states::{ObservationKept, decode};
use crate::week::Week;

/// A trace that is locked, by week, project and id.
pub type Locked<'a> = (Week, &'a str, &'a TraceId);

/// The summaries of these traces, in their order, from what the transaction sees.
pub async fn summaries(
    connection: &mut PgConnection,
    traces: &[Locked<'_>],
) -> Result<Vec<TraceSummary>, Failure> {
    let mut summaries = vec![TraceSummary::default(); traces.len()];
    if traces.is_empty() {
        return Ok(summaries);
    }
    let positions: Vec<i32> = (0..).take(traces.len()).collect();
    let weeks: Vec<i32> = traces.iter().map(|(week, ..)| week.0).collect();
    let projects: Vec<&str> = traces.iter().map(|(_, project, _)| *project).collect();
    let ids: Vec<&str> = traces.iter().map(|(.., id)| id.as_str()).collect();
    let rows = sqlx::query(include_str!("../sql/observations/of_traces.sql"))
        .bind(positions)
        .bind(weeks)
        .bind(projects)
        .bind(ids)
        .fetch_all(connection)
        .await?;
    for row in rows {
        let position: i32 = row.try_get("position")?;
        let position = usize::try_from(position).expect("positions were counted from zero");
        let kept: ObservationKept = decode(row.try_get("state")?, OP)?;
        let id: String = row.try_get("id")?;
        let id = ObservationId::new(id)
            .map_err(|error| StoreError::new(ErrorKind::Corrupt, OP, error))?;
        let key = ObservationKey {
            trace_id: traces[position].2.clone(),
            id,
        };
        let row = observation_row(key, &kept.facts, &kept.costing);
        summaries[position].add(&Contribution::of(&row));
    }
    Ok(summaries)
}
