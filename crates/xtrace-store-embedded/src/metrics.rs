//! Series: names, labels and last points of all of them, in memory.
//!
//! The index answers which series there are and which was seen last without looking at points, and
//! tells a commit which points can only be new. It is loaded when first needed.

use std::collections::{BTreeMap, HashMap};

use duckdb::Connection;
use fjall::Readable;
use xtrace_model::{ProjectId, SeriesKey, Timestamp};

use crate::commit::Writer;
use crate::errors::EmbeddedError;
use crate::instance::Instance;
use crate::projection::read::ReadTransaction;
use crate::projection::schema::Rows;
use crate::truth::records::{decode, encode};
use crate::truth::{Truth, keys};

mod points;
pub mod query;

pub type Labels = BTreeMap<Box<str>, Box<str>>;

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub id: i64,
    /// The point with the greatest timestamp.
    pub last: Option<(Timestamp, f64)>,
}

/// The series of one project by name and labels.
#[derive(Debug, Default)]
pub struct ProjectSeries {
    names: BTreeMap<Box<str>, BTreeMap<Labels, Series>>,
    count: u64,
}

/// All series.
#[derive(Debug, Default)]
pub struct SeriesIndex {
    projects: HashMap<ProjectId, ProjectSeries>,
    pub last_id: i64,
}

impl ProjectSeries {
    pub fn get(&self, key: &SeriesKey) -> Option<&Series> {
        self.names.get(&key.name)?.get(&key.labels)
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// Names of the series that have points.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let has_points =
            |series: &BTreeMap<Labels, Series>| series.values().any(|one| one.last.is_some());
        self.names
            .iter()
            .filter(move |(_, series)| has_points(series))
            .map(|(name, _)| name.as_ref())
    }

    /// The series of a name that have at least these labels, in order of labels.
    pub fn matching<'a>(
        &'a self,
        name: &str,
        wanted: &'a Labels,
    ) -> impl Iterator<Item = (&'a Labels, &'a Series)> {
        let has_all = move |labels: &Labels| {
            wanted
                .iter()
                .all(|(label, value)| labels.get(label) == Some(value))
        };
        self.names
            .get(name)
            .into_iter()
            .flatten()
            .filter(move |(labels, _)| has_all(labels))
    }
}

impl SeriesIndex {
    pub fn project(&self, project: &ProjectId) -> Option<&ProjectSeries> {
        self.projects.get(project)
    }

    /// Of all projects.
    pub fn count(&self) -> u64 {
        self.projects.values().map(ProjectSeries::count).sum()
    }

    pub fn insert(&mut self, project: &ProjectId, key: SeriesKey, id: i64) {
        let of_project = self.projects.entry(project.clone()).or_default();
        let series = Series { id, last: None };
        if of_project
            .names
            .entry(key.name)
            .or_default()
            .insert(key.labels, series)
            .is_none()
        {
            of_project.count += 1;
        }
        self.last_id = self.last_id.max(id);
    }

    /// Notes a point that was stored.
    pub fn saw(&mut self, project: &ProjectId, key: &SeriesKey, timestamp: Timestamp, value: f64) {
        let series = self
            .projects
            .get_mut(project)
            .and_then(|of_project| of_project.names.get_mut(&key.name))
            .and_then(|of_name| of_name.get_mut(&key.labels));
        if let Some(series) = series
            && series.last.is_none_or(|(last, _)| timestamp >= last)
        {
            series.last = Some((timestamp, value));
        }
    }

    fn load(truth: &Truth, at: &ReadTransaction<'_>) -> Result<Self, EmbeddedError> {
        let last_points = last_points(at)?;
        let mut index = Self {
            last_id: truth.last_series()?,
            ..Self::default()
        };
        for entry in truth.snapshot().iter(&truth.series) {
            let (key, value) = entry.into_inner()?;
            let (project, id) = parse_series_key(&key)?;
            let series: SeriesKey = decode("series", &value)?;
            let last = last_points.get(&id).copied();
            index.insert(&project, series.clone(), id);
            if let Some((timestamp, value)) = last {
                index.saw(&project, &series, timestamp, value);
            }
        }
        Ok(index)
    }
}

fn last_points(at: &ReadTransaction<'_>) -> Result<HashMap<i64, (Timestamp, f64)>, EmbeddedError> {
    let sql = format!(
        "SELECT series_id, epoch_us(max(timestamp)), arg_max(value, timestamp) FROM {} GROUP BY series_id",
        at.source(Rows::Points)?
    );
    let mut statement = at.connection().prepare(&sql)?;
    let points = statement.query_map([], |row| {
        let timestamp = Timestamp::from_micros(row.get(1)?);
        Ok((row.get::<_, i64>(0)?, (timestamp, row.get::<_, f64>(2)?)))
    })?;
    Ok(points.collect::<Result<_, _>>()?)
}

impl Instance {
    /// Loads the index where that has not been done yet. Only the writer calls this, so nothing is
    /// committed between what is read and what is kept.
    pub fn ensure_series(&self, connection: &Connection) -> Result<(), EmbeddedError> {
        if self.series.read().expect("no panic while held").is_some() {
            return Ok(());
        }
        let at = ReadTransaction::begin(&self.projection, connection)?;
        let index = SeriesIndex::load(&self.truth, &at)?;
        *self.series.write().expect("no panic while held") = Some(index);
        Ok(())
    }

    /// Notes series and points that a commit has stored.
    pub fn remember_points(&self, new: NewPoints) {
        let mut index = self.series.write().expect("no panic while held");
        let Some(index) = index.as_mut() else { return };
        for (project, key, id) in new.series {
            index.insert(&project, key, id);
        }
        for (project, key, timestamp, value) in new.points {
            index.saw(&project, &key, timestamp, value);
        }
    }
}

impl Writer {
    /// Looks at all points anew and forgets the series that have none any more.
    pub fn prune_series(&mut self) -> Result<(), EmbeddedError> {
        let instance = self.instance.clone();
        *instance.series.write().expect("no panic while held") = None;
        instance.ensure_series(self.connection())?;
        let mut index = instance.series.write().expect("no panic while held");
        let Some(index) = index.as_mut() else {
            return Ok(());
        };
        let mut batch = instance.truth.batch();
        for (project, of_project) in &mut index.projects {
            for of_name in of_project.names.values_mut() {
                of_name.retain(|_, series| {
                    if series.last.is_none() {
                        batch.remove(&instance.truth.series, series_key(project, series.id));
                        of_project.count -= 1;
                    }
                    series.last.is_some()
                });
            }
            of_project.names.retain(|_, series| !series.is_empty());
        }
        if batch.is_empty() {
            Ok(())
        } else {
            instance.truth.commit(batch)
        }
    }
}

/// What a commit adds to the index once it is stored.
#[derive(Default)]
pub struct NewPoints {
    pub series: Vec<(ProjectId, SeriesKey, i64)>,
    pub points: Vec<(ProjectId, std::sync::Arc<SeriesKey>, Timestamp, f64)>,
}

/// `project NUL id`
pub fn series_key(project: &ProjectId, id: i64) -> Vec<u8> {
    let mut key = keys::project_prefix(project);
    key.extend_from_slice(&id.to_be_bytes());
    key
}

pub fn series_value(key: &SeriesKey) -> Vec<u8> {
    encode(key)
}

fn parse_series_key(key: &[u8]) -> Result<(ProjectId, i64), EmbeddedError> {
    let parse = || {
        let (project, id) = key.split_at_checked(key.len().checked_sub(9)?)?;
        let project = ProjectId::new(std::str::from_utf8(project).ok()?).ok()?;
        Some((project, i64::from_be_bytes(id[1..].try_into().ok()?)))
    };
    parse().ok_or_else(|| EmbeddedError::Corrupt {
        what: "series key",
        why: "not a project and a number".to_owned(),
    })
}
