//! Series of a batch: known ones by their ids, new ones as long as their project may have more.
//!
//! How many series a project has is a row that whoever adds some holds until the commit, so that the limit is kept
//! whatever other processes do. Nobody else waits for it: most batches bring no new series.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sqlx::{PgConnection, Row as _};
use xtrace_model::{ProjectId, SeriesKey};

use super::Failure;
use super::work::PointsWork;
use crate::metrics::{SeriesId, SeriesIds, labels_text};
use crate::values::storable;

/// The series that this process knows, and how many a project may have.
#[derive(Clone, Copy)]
pub struct SeriesLimit<'a> {
    pub known: &'a SeriesIds,
    pub max: u64,
}

type Key<'a> = (&'a ProjectId, &'a Arc<SeriesKey>);

impl SeriesLimit<'_> {
    /// The ids of the series, in the order of the work; unknown series come into being. `None`: one too many.
    pub async fn resolve(
        self,
        connection: &mut PgConnection,
        work: &[PointsWork<'_>],
        found: &mut Vec<SeriesId>,
    ) -> Result<Vec<Option<i64>>, Failure> {
        let mut ids: Vec<Option<i64>> = work
            .iter()
            .map(|item| self.known.get(item.project, item.series))
            .collect();
        self.verify(&mut *connection, &ids).await?;
        let unknown = work.iter().zip(&ids).filter(|(_, id)| id.is_none());
        let unknown: Vec<Key<'_>> = unknown
            .map(|(item, _)| (item.project, item.series))
            .collect();
        let new = self.find_or_create(connection, &unknown).await?;
        let missing = ids.iter_mut().filter(|id| id.is_none());
        for ((id, new), (project, series)) in missing.zip(new).zip(unknown) {
            *id = new;
            found.extend(new.map(|id| SeriesId {
                project: project.clone(),
                series: series.clone(),
                id,
            }));
        }
        Ok(ids)
    }

    /// That what this process remembers is still there.
    async fn verify(
        self,
        connection: &mut PgConnection,
        ids: &[Option<i64>],
    ) -> Result<(), Failure> {
        let distinct: HashSet<i64> = ids.iter().flatten().copied().collect();
        if distinct.is_empty() {
            return Ok(());
        }
        let expected = i64::try_from(distinct.len()).expect("a batch has far fewer series");
        let count: i64 = sqlx::query(include_str!("../sql/metrics/known_series.sql"))
            .bind(distinct.into_iter().collect::<Vec<_>>())
            .fetch_one(connection)
            .await?
            .try_get(0)?;
        if count == expected {
            return Ok(());
        }
        // Retention removed some, in this process or another.
        self.known.forget();
        Err(Failure::Overtaken)
    }

    async fn find_or_create(
        self,
        connection: &mut PgConnection,
        unknown: &[Key<'_>],
    ) -> Result<Vec<Option<i64>>, Failure> {
        let mut ids = find(&mut *connection, unknown).await?;
        if ids.iter().all(Option::is_some) {
            return Ok(ids);
        }
        let mut counts = hold_counts(&mut *connection, unknown, &ids).await?;
        // Somebody else may have added some meanwhile.
        ids = find(&mut *connection, unknown).await?;
        let mut added: BTreeSet<Key<'_>> = BTreeSet::new();
        for (key, id) in unknown.iter().zip(&ids) {
            let count = counts.entry(key.0.as_str().to_owned()).or_default();
            if id.is_none() && *count < self.max && added.insert(*key) {
                *count += 1;
            }
        }
        if added.is_empty() {
            return Ok(ids);
        }
        let added: Vec<Key<'_>> = added.into_iter().collect();
        let [projects, names, labels] = columns(&added);
        sqlx::query(include_str!("../sql/metrics/add_series.sql"))
            .bind(projects)
            .bind(names)
            .bind(labels)
            .execute(&mut *connection)
            .await?;
        find(connection, unknown).await
    }
}

/// The ids of those that there are.
async fn find(
    connection: &mut PgConnection,
    keys: &[Key<'_>],
) -> Result<Vec<Option<i64>>, Failure> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let [projects, names, labels] = columns(keys);
    let rows = sqlx::query(include_str!("../sql/metrics/find_series.sql"))
        .bind(projects)
        .bind(names)
        .bind(labels)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// How many series the projects have whose series are missing; nobody else adds any until the transaction ends.
async fn hold_counts(
    connection: &mut PgConnection,
    keys: &[Key<'_>],
    ids: &[Option<i64>],
) -> Result<HashMap<String, u64>, Failure> {
    let missing = keys.iter().zip(ids).filter(|(_, id)| id.is_none());
    let projects: BTreeSet<&str> = missing.map(|(key, _)| key.0.as_str()).collect();
    let rows = sqlx::query(include_str!("../sql/metrics/hold_counts.sql"))
        .bind(projects.into_iter().collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    let count = |row: &sqlx::postgres::PgRow| {
        let series: i64 = row.try_get("series")?;
        Ok((row.try_get("project")?, series.unsigned_abs()))
    };
    rows.iter().map(count).collect()
}

/// Projects, names and labels.
fn columns(keys: &[Key<'_>]) -> [Vec<String>; 3] {
    let projects = keys.iter().map(|(project, _)| project.as_str().to_owned());
    let names = keys
        .iter()
        .map(|(_, series)| storable(&series.name).into_owned());
    let labels = keys.iter().map(|(_, series)| labels_text(&series.labels));
    [projects.collect(), names.collect(), labels.collect()]
}
