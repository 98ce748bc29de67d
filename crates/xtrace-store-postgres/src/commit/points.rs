//! Metric points of a batch: their series, then the points, counting what is new.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::{PgConnection, Row as _};
use xtrace_model::Timestamp;
use xtrace_store::{Outcome, Write, WriteItem};

use super::Failure;
use super::work::PointsWork;
use crate::metrics::{SeriesId, SeriesIds};
use crate::values::Instant;

/// Points of one statement.
const POINTS_MAX: usize = 10_000;

/// What a point is told apart by.
type PointKey = (i64, Timestamp);

/// The times of all points, for their partitions.
pub fn times(items: &[WriteItem]) -> impl Iterator<Item = Timestamp> {
    let points = items.iter().filter_map(|item| match &item.write {
        Write::Points { points, .. } => Some(points),
        _ => None,
    });
    points.flatten().map(|(time, _)| *time)
}

/// Writes the points; answers with the outcome of each item by its position.
pub async fn write(
    connection: &mut PgConnection,
    work: &[PointsWork<'_>],
    known: &SeriesIds,
    found: &mut Vec<SeriesId>,
) -> Result<Vec<(usize, Outcome)>, Failure> {
    sqlx::query(include_str!("../sql/metrics/lock_series.sql"))
        .execute(&mut *connection)
        .await?;
    let ids = resolve(&mut *connection, work, known, found).await?;
    let latest = Latest::of(work, &ids);
    let stored = stored_repeated(&mut *connection, &latest).await?;
    let written = upsert(connection, &latest).await?;
    Ok(outcomes(work, &ids, &latest, &stored, &written))
}

/// The ids of the series, in the order of the work; unknown series come into being.
async fn resolve(
    connection: &mut PgConnection,
    work: &[PointsWork<'_>],
    known: &SeriesIds,
    found: &mut Vec<SeriesId>,
) -> Result<Vec<i64>, Failure> {
    let cached: Vec<Option<i64>> = work
        .iter()
        .map(|item| known.get(item.project, item.series))
        .collect();
    let distinct: HashSet<i64> = cached.iter().flatten().copied().collect();
    if !distinct.is_empty() {
        let expected = i64::try_from(distinct.len()).expect("a batch has far fewer series");
        let count: i64 = sqlx::query(include_str!("../sql/metrics/known_series.sql"))
            .bind(distinct.into_iter().collect::<Vec<_>>())
            .fetch_one(&mut *connection)
            .await?
            .try_get(0)?;
        if count != expected {
            // Retention removed some, in this process or another.
            known.forget();
            return Err(Failure::Overtaken);
        }
    }
    let unknown: Vec<&PointsWork<'_>> = work
        .iter()
        .zip(&cached)
        .filter(|(_, id)| id.is_none())
        .map(|(item, _)| item)
        .collect();
    let mut new = create(connection, &unknown).await?.into_iter();
    let mut ids = Vec::with_capacity(work.len());
    for (item, id) in work.iter().zip(cached) {
        ids.push(match id {
            Some(id) => id,
            None => {
                let id = new.next().expect("there is one id for each unknown series");
                found.push(SeriesId {
                    project: item.project.clone(),
                    series: item.series.clone(),
                    id,
                });
                id
            }
        });
    }
    Ok(ids)
}

async fn create(
    connection: &mut PgConnection,
    unknown: &[&PointsWork<'_>],
) -> Result<Vec<i64>, Failure> {
    if unknown.is_empty() {
        return Ok(Vec::new());
    }
    let projects: Vec<&str> = unknown.iter().map(|item| item.project.as_str()).collect();
    let names: Vec<_> = unknown
        .iter()
        .map(|item| crate::values::storable(&item.series.name))
        .collect();
    let labels: Vec<String> = unknown
        .iter()
        .map(|item| crate::metrics::labels_text(&item.series.labels))
        .collect();
    sqlx::query(include_str!("../sql/metrics/add_series.sql"))
        .bind(&projects)
        .bind(&names)
        .bind(&labels)
        .execute(&mut *connection)
        .await?;
    let rows = sqlx::query(include_str!("../sql/metrics/find_series.sql"))
        .bind(&projects)
        .bind(&names)
        .bind(&labels)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// What each point of the batch comes to.
struct Latest {
    values: BTreeMap<PointKey, f64>,
    /// Points that the batch gives more than once.
    repeated: HashSet<PointKey>,
}

impl Latest {
    fn of(work: &[PointsWork<'_>], ids: &[i64]) -> Self {
        let mut latest = Self {
            values: BTreeMap::new(),
            repeated: HashSet::new(),
        };
        for (item, id) in work.iter().zip(ids) {
            for (time, value) in item.points {
                if latest.values.insert((*id, *time), *value).is_some() {
                    latest.repeated.insert((*id, *time));
                }
            }
        }
        latest
    }
}

/// The stored values of points that the batch gives more than once: what the first of them is compared with.
async fn stored_repeated(
    connection: &mut PgConnection,
    latest: &Latest,
) -> Result<HashMap<PointKey, f64>, Failure> {
    if latest.repeated.is_empty() {
        return Ok(HashMap::new());
    }
    let (ids, times): (Vec<i64>, Vec<Instant>) = latest
        .repeated
        .iter()
        .map(|(id, time)| (*id, Instant(*time)))
        .unzip();
    let rows = sqlx::query(include_str!("../sql/metrics/stored_points.sql"))
        .bind(ids)
        .bind(times)
        .fetch_all(connection)
        .await?;
    let mut stored = HashMap::with_capacity(rows.len());
    for row in rows {
        let time: Instant = row.try_get("timestamp")?;
        stored.insert((row.try_get("series_id")?, time.0), row.try_get("value")?);
    }
    Ok(stored)
}

/// Writes all points in the order of their keys; answers with those that are new or changed.
async fn upsert(
    connection: &mut PgConnection,
    latest: &Latest,
) -> Result<HashSet<PointKey>, Failure> {
    let all: Vec<(PointKey, f64)> = latest
        .values
        .iter()
        .map(|(key, value)| (*key, *value))
        .collect();
    let mut written = HashSet::with_capacity(all.len());
    for chunk in all.chunks(POINTS_MAX) {
        let rows = sqlx::query(include_str!("../sql/metrics/upsert_points.sql"))
            .bind(chunk.iter().map(|((id, _), _)| *id).collect::<Vec<_>>())
            .bind(
                chunk
                    .iter()
                    .map(|((_, time), _)| Instant(*time))
                    .collect::<Vec<_>>(),
            )
            .bind(chunk.iter().map(|(_, value)| *value).collect::<Vec<_>>())
            .fetch_all(&mut *connection)
            .await?;
        for row in rows {
            let time: Instant = row.try_get("timestamp")?;
            written.insert((row.try_get("series_id")?, time.0));
        }
    }
    Ok(written)
}

/// Counts as if the points had been written one after the other.
fn outcomes(
    work: &[PointsWork<'_>],
    ids: &[i64],
    latest: &Latest,
    stored: &HashMap<PointKey, f64>,
    written: &HashSet<PointKey>,
) -> Vec<(usize, Outcome)> {
    let mut current: HashMap<PointKey, f64> = stored.clone();
    let mut outcomes = Vec::with_capacity(work.len());
    for (item, id) in work.iter().zip(ids) {
        let mut accepted = 0;
        for (time, value) in item.points {
            let key = (*id, *time);
            let is_news = if latest.repeated.contains(&key) {
                current
                    .insert(key, *value)
                    .is_none_or(|before| before != *value)
            } else {
                written.contains(&key)
            };
            accepted += u64::from(is_news);
        }
        let duplicate = item.points.len() as u64 - accepted;
        outcomes.push((
            item.position,
            Outcome::Points {
                accepted,
                duplicate,
            },
        ));
    }
    outcomes
}
