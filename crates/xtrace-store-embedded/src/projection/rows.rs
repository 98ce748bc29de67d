//! Rows of the projection: a version, a project, and the fields of a view.

use xtrace_model::{ObservationRow, ProjectId, TraceRow};
use xtrace_store::{lay_out_observation, lay_out_trace};

use super::columns::ViewRows;

/// Adds a trace's row.
pub fn push_trace(to: &mut ViewRows, version: u64, project: &ProjectId, row: &TraceRow) {
    to.begin(version, project);
    lay_out_trace(row, to);
}

/// Adds an observation's row.
pub fn push_observation(
    to: &mut ViewRows,
    version: u64,
    project: &ProjectId,
    row: &ObservationRow,
) {
    to.begin(version, project);
    lay_out_observation(row, to);
}
