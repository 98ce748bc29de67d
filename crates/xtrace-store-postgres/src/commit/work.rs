//! A batch sorted by what it touches, in the order in which locks are taken.

use std::collections::BTreeMap;
use std::sync::Arc;

use xtrace_model::{
    ObservationId, ObservationState, ProjectId, SeriesKey, Timestamp, TraceId, TraceState,
};
use xtrace_store::{Write, WriteItem};

/// Projects and ids are ordered by their bytes, as the server orders them.
pub type TraceKey<'a> = (&'a ProjectId, &'a TraceId);

/// All that a batch does.
#[derive(Default)]
pub struct Work<'a> {
    pub traces: BTreeMap<TraceKey<'a>, TraceWork<'a>>,
    pub points: Vec<PointsWork<'a>>,
}

/// What a batch does to one trace. Patches carry the position of their item in the batch and keep its order.
#[derive(Default)]
pub struct TraceWork<'a> {
    pub patches: Vec<(usize, &'a TraceState)>,
    pub observations: BTreeMap<&'a ObservationId, Vec<(usize, &'a ObservationState)>>,
}

/// Points of one item.
pub struct PointsWork<'a> {
    pub position: usize,
    pub project: &'a ProjectId,
    pub series: &'a Arc<SeriesKey>,
    pub points: &'a [(Timestamp, f64)],
}

impl<'a> Work<'a> {
    pub fn of(items: &'a [WriteItem]) -> Self {
        let mut work = Self::default();
        for (position, item) in items.iter().enumerate() {
            let project = item.scope.project();
            match &item.write {
                Write::Trace { id, patch } => {
                    let trace = work.traces.entry((project, id)).or_default();
                    trace.patches.push((position, patch));
                }
                Write::Observation { key, patch } => {
                    let trace = work.traces.entry((project, &key.trace_id)).or_default();
                    trace
                        .observations
                        .entry(&key.id)
                        .or_default()
                        .push((position, patch));
                }
                Write::Points { series, points } => {
                    work.points.push(PointsWork {
                        position,
                        project,
                        series,
                        points,
                    });
                }
            }
        }
        work
    }
}

impl TraceWork<'_> {
    /// Whether joining needs the stored payload.
    pub fn has_content(&self) -> bool {
        self.patches
            .iter()
            .any(|(_, patch)| !patch.content.is_absent())
    }
}
