//! Points of one batch: which are new, which change a value, which were there already.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use duckdb::Connection;
use xtrace_model::{ProjectId, SeriesKey, Timestamp};
use xtrace_store::{Outcome, Rejection};

use super::Change;
use crate::errors::EmbeddedError;
use crate::instance::Instance;
use crate::metrics::{NewPoints, ProjectSeries, SeriesIndex, series_key, series_value};
use crate::projection::read::ReadTransaction;
use crate::projection::schema::Rows;
use crate::truth::records::LoggedPoint;

/// Points that one look-up asks for.
const LOOKUP_POINTS: usize = 2_000;

/// The points of one batch.
pub struct Points {
    items: Vec<Item>,
    series_max: u64,
}

struct Item {
    /// Position in the report.
    index: usize,
    project: ProjectId,
    series: Arc<SeriesKey>,
    points: Vec<(Timestamp, f64)>,
    /// `None`: rejected.
    id: Option<i64>,
}

/// A point by its identity.
type PointId = (i64, Timestamp);

/// A point that is stored: its version and value.
type Stored = HashMap<PointId, (u64, f64)>;

impl Points {
    pub fn new(series_max: u64) -> Self {
        Self {
            items: Vec::new(),
            series_max,
        }
    }

    pub fn add(
        &mut self,
        index: usize,
        project: &ProjectId,
        series: Arc<SeriesKey>,
        points: Vec<(Timestamp, f64)>,
    ) {
        self.items.push(Item {
            index,
            project: project.clone(),
            series,
            points,
            id: None,
        });
    }

    /// Adds what is new to the change, and the outcomes to the report.
    pub fn finish(
        mut self,
        instance: &Instance,
        connection: &Connection,
        change: &mut Change,
        report: &mut [Outcome],
    ) -> Result<NewPoints, EmbeddedError> {
        let mut new = NewPoints::default();
        if self.items.is_empty() {
            return Ok(new);
        }
        instance.ensure_series(connection)?;
        let unknown = {
            let index = instance.series.read().expect("no panic while held");
            let index = index.as_ref().expect("loaded above");
            self.resolve(index, &mut new, report);
            self.possibly_stored(index)
        };
        if !new.series.is_empty() {
            for (project, key, id) in &new.series {
                change.batch.insert(
                    &instance.truth.series,
                    series_key(project, *id),
                    series_value(key),
                );
            }
            let last = new
                .series
                .iter()
                .map(|(_, _, id)| *id)
                .max()
                .unwrap_or_default();
            instance.truth.put_last_series(&mut change.batch, last);
        }
        let stored = look_up(instance, connection, &unknown)?;
        self.settle(&stored, change, report, &mut new);
        Ok(new)
    }

    /// Gives every item the id of its series, new ones where there is none.
    fn resolve(&mut self, index: &SeriesIndex, new: &mut NewPoints, report: &mut [Outcome]) {
        let mut last_id = index.last_id;
        let mut created: HashMap<(ProjectId, Arc<SeriesKey>), i64> = HashMap::new();
        let mut created_in: HashMap<ProjectId, u64> = HashMap::new();
        for item in &mut self.items {
            let of_project = index.project(&item.project);
            if let Some(series) = of_project.and_then(|series| series.get(&item.series)) {
                item.id = Some(series.id);
                continue;
            }
            let name = (item.project.clone(), item.series.clone());
            if let Some(id) = created.get(&name) {
                item.id = Some(*id);
                continue;
            }
            let more = created_in.entry(item.project.clone()).or_default();
            let count = of_project.map_or(0, ProjectSeries::count) + *more;
            if count >= self.series_max {
                report[item.index] =
                    Outcome::Rejected(Rejection::series_limit(self.series_max, &item.series));
                continue;
            }
            *more += 1;
            last_id += 1;
            item.id = Some(last_id);
            new.series
                .push((item.project.clone(), item.series.as_ref().clone(), last_id));
            created.insert(name, last_id);
        }
    }

    /// Points no later than the last of their series: they may be stored already.
    fn possibly_stored(&self, index: &SeriesIndex) -> Vec<PointId> {
        let mut unknown = Vec::new();
        for item in &self.items {
            let series = index
                .project(&item.project)
                .and_then(|series| series.get(&item.series));
            let (Some(id), Some((last, _))) = (item.id, series.and_then(|series| series.last))
            else {
                continue;
            };
            let early = item
                .points
                .iter()
                .filter(|(timestamp, _)| *timestamp <= last);
            unknown.extend(early.map(|(timestamp, _)| (id, *timestamp)));
        }
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    fn settle(
        &self,
        stored: &Stored,
        change: &mut Change,
        report: &mut [Outcome],
        new: &mut NewPoints,
    ) {
        let mut batch: HashMap<PointId, f64> = HashMap::new();
        let mut order: Vec<PointId> = Vec::new();
        for item in &self.items {
            let Some(id) = item.id else { continue };
            let (mut accepted, mut duplicate) = (0, 0);
            for (timestamp, value) in &item.points {
                let point = (id, *timestamp);
                let known = batch
                    .get(&point)
                    .copied()
                    .or_else(|| stored.get(&point).map(|(_, value)| *value));
                if known.is_some_and(|known| known.to_bits() == value.to_bits()) {
                    duplicate += 1;
                    continue;
                }
                accepted += 1;
                if batch.insert(point, *value).is_none() {
                    order.push(point);
                }
                new.points.push((
                    item.project.clone(),
                    item.series.clone(),
                    *timestamp,
                    *value,
                ));
            }
            report[item.index] = Outcome::Points {
                accepted,
                duplicate,
            };
        }
        for point in order {
            if let Some((version, _)) = stored.get(&point) {
                change.record.hidden_points.push(*version);
            }
            let version = change.next_version();
            let (series, timestamp) = point;
            change.record.points.push(LoggedPoint {
                version,
                series,
                timestamp,
                value: batch[&point],
            });
        }
    }
}

fn look_up(
    instance: &Instance,
    connection: &Connection,
    points: &[PointId],
) -> Result<Stored, EmbeddedError> {
    let mut stored = Stored::new();
    if points.is_empty() {
        return Ok(stored);
    }
    let at = ReadTransaction::begin(&instance.projection, connection)?;
    let source = at.source(Rows::Points)?;
    for chunk in points.chunks(LOOKUP_POINTS) {
        let mut wanted = String::new();
        for (series, timestamp) in chunk {
            let comma = if wanted.is_empty() { "" } else { "," };
            write!(
                wanted,
                "{comma}({series}::BIGINT,make_timestamp({}::BIGINT))",
                timestamp.as_micros()
            )
            .expect("a string takes any text");
        }
        let sql = format!(
            "SELECT p.row_version, p.series_id, epoch_us(p.timestamp), p.value FROM {source} p JOIN (VALUES {wanted}) \
             w(series_id, timestamp) ON p.series_id = w.series_id AND p.timestamp = w.timestamp"
        );
        let mut statement = connection.prepare(&sql)?;
        let found = statement.query_map([], |row| {
            let point = (row.get::<_, i64>(1)?, Timestamp::from_micros(row.get(2)?));
            Ok((
                point,
                (row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, f64>(3)?),
            ))
        })?;
        for entry in found {
            let (point, version_and_value) = entry?;
            stored.insert(point, version_and_value);
        }
    }
    Ok(stored)
}
