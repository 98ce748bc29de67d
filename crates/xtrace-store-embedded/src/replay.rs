//! Replay: what the log has and the file lacks enters the hot tables, as it did before the process ended.

use duckdb::Connection;
use xtrace_model::derive::{observation_row, trace_row};

use crate::errors::EmbeddedError;
use crate::projection::Projection;
use crate::projection::hot::HotBatch;
use crate::projection::open::upto;
use crate::projection::rows::{push_observation, push_trace};
use crate::truth::records::LogRecord;
use crate::truth::{Truth, keys};

/// Rows that enter in one transaction.
const CHUNK_ROWS: usize = 20_000;

/// What is more than `move_rows` goes on into the file, so that memory stays bounded.
pub fn replay(
    truth: &Truth,
    projection: &Projection,
    connection: &Connection,
    move_rows: u64,
) -> Result<(), EmbeddedError> {
    let already = upto(connection)?;
    let mut chunk = HotBatch::with_capacity(0, 0);
    let mut rows = 0;
    for record in truth.records_after(already) {
        let record = record?;
        rows += record.traces.len() + record.observations.len() + record.points.len();
        add(truth, &mut chunk, record)?;
        if rows >= CHUNK_ROWS {
            let full = std::mem::replace(&mut chunk, HotBatch::with_capacity(0, 0));
            projection.hand_over(full)?;
            rows = 0;
            if projection.hot_rows() >= move_rows {
                projection.move_all(connection, |upto| truth.trim(upto))?;
            }
        }
    }
    if chunk.last_version > already {
        projection.hand_over(chunk)?;
    }
    // What cannot enter is a reason not to start.
    projection.settle()
}

/// Adds what one commit did. A row that a later commit changed is that commit's to add, so here only
/// what it hides remains.
fn add(truth: &Truth, to: &mut HotBatch, record: LogRecord) -> Result<(), EmbeddedError> {
    let at = truth.snapshot();
    for (version, key) in record.traces {
        let Some(stored) = truth
            .trace(&at, &key)?
            .filter(|stored| stored.version == version)
        else {
            continue;
        };
        let (project, id) = keys::parse_trace(&key).ok_or_else(unreadable)?;
        push_trace(
            &mut to.traces,
            version,
            &project,
            &trace_row(id, &stored.facts, stored.summary),
        );
    }
    for (version, key) in record.observations {
        let Some(stored) = truth
            .observation(&at, &key)?
            .filter(|stored| stored.version == version)
        else {
            continue;
        };
        let (project, id) = keys::parse_observation(&key).ok_or_else(unreadable)?;
        let row = observation_row(id, &stored.facts, &stored.costing);
        push_observation(&mut to.observations, version, &project, &row);
    }
    to.points.extend(record.points);
    to.add_cells(record.last_version, record.cells);
    to.hidden_traces.extend(record.hidden_traces);
    to.hidden_observations.extend(record.hidden_observations);
    to.hidden_points.extend(record.hidden_points);
    to.last_version = to.last_version.max(record.last_version);
    Ok(())
}

fn unreadable() -> EmbeddedError {
    EmbeddedError::Corrupt {
        what: "log record",
        why: "a key is not ids".to_owned(),
    }
}
