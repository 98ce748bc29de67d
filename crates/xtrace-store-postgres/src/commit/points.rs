//! Metric points of a batch: their series, then the points, counting what is new. A point may be packed already
//! (`crate::pack`): then it is compared with its chunk, and becomes a row only where it differs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sqlx::{PgConnection, Row as _};
use xtrace_model::Timestamp;
use xtrace_store::{Outcome, Rejection, Write, WriteItem};

use super::Failure;
use super::series::SeriesLimit;
use super::work::PointsWork;
use crate::chunks::{self, Point};
use crate::metrics::SeriesId;
use crate::pack::slot;
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

/// What became of the points of a batch.
#[derive(Default)]
pub struct Points {
    /// The outcome of each item by its position.
    pub outcomes: Vec<(usize, Outcome)>,
    /// Rows that were written.
    pub rows: u64,
}

/// Writes the points.
pub async fn write(
    connection: &mut PgConnection,
    work: &[PointsWork<'_>],
    series: SeriesLimit<'_>,
    found: &mut Vec<SeriesId>,
) -> Result<Points, Failure> {
    lock(&mut *connection, work).await?;
    let ids = series.resolve(&mut *connection, work, found).await?;
    let latest = Latest::of(work, &ids);
    let packed = packed(&mut *connection, &latest).await?;
    let compared = latest.repeated.iter().chain(packed.keys()).copied();
    let mut stored = stored(&mut *connection, compared.collect()).await?;
    for (key, value) in &packed {
        // A row stands in place of the packed point.
        stored.entry(*key).or_insert(*value);
    }
    let mut rows: Vec<(PointKey, f64)> = Vec::with_capacity(latest.values.len());
    for (key, value) in &latest.values {
        if !(packed.contains_key(key) && stored.get(key) == Some(value)) {
            rows.push((*key, *value));
        }
    }
    let written = upsert(connection, &rows).await?;
    let seen = Seen {
        latest: &latest,
        packed: &packed,
        stored,
        written: &written,
    };
    Ok(Points {
        outcomes: seen.outcomes(work, &ids, series.max),
        rows: written.len() as u64,
    })
}

/// Keeps series from being removed, and the hours of the points from being packed.
async fn lock(connection: &mut PgConnection, work: &[PointsWork<'_>]) -> Result<(), Failure> {
    let times = work.iter().flat_map(|item| item.points);
    let slots: BTreeSet<i32> = times
        .map(|(time, _)| slot(chunks::window_of(*time)))
        .collect();
    sqlx::query(include_str!("../sql/metrics/lock_series.sql"))
        .bind(slots.into_iter().collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// The values of those of the points that are packed.
async fn packed(
    connection: &mut PgConnection,
    latest: &Latest,
) -> Result<HashMap<PointKey, f64>, Failure> {
    let (series, hours) = hours(latest.values.keys().copied());
    let rows = sqlx::query(include_str!("../sql/metrics/packed.sql"))
        .bind(series)
        .bind(hours)
        .fetch_all(connection)
        .await?;
    let mut packed = HashMap::new();
    let mut points: Vec<Point> = Vec::new();
    for row in rows {
        let id: i64 = row.try_get("series_id")?;
        let since: Instant = row.try_get("since")?;
        let since = since.0.as_micros();
        points.clear();
        chunks::decode(since, row.try_get("points")?, &mut points)?;
        let first = Timestamp::from_micros(since);
        let end = Timestamp::from_micros(since + chunks::WINDOW_MICROS - 1);
        for (key, _) in latest.values.range((id, first)..=(id, end)) {
            let time = key.1.as_micros();
            if let Ok(at) = points.binary_search_by_key(&time, |(time, _)| *time) {
                packed.insert(*key, points[at].1);
            }
        }
    }
    Ok(packed)
}

/// The series and hours of keys that come in order, each once.
fn hours(keys: impl Iterator<Item = PointKey>) -> (Vec<i64>, Vec<Instant>) {
    let mut hours: Vec<(i64, i64)> = keys
        .map(|(id, time)| (id, chunks::window_of(time)))
        .collect();
    hours.dedup();
    hours
        .into_iter()
        .map(|(id, since)| (id, Instant(Timestamp::from_micros(since))))
        .unzip()
}

/// What each point of the batch comes to.
struct Latest {
    values: BTreeMap<PointKey, f64>,
    /// Points that the batch gives more than once.
    repeated: HashSet<PointKey>,
}

impl Latest {
    fn of(work: &[PointsWork<'_>], ids: &[Option<i64>]) -> Self {
        let mut latest = Self {
            values: BTreeMap::new(),
            repeated: HashSet::new(),
        };
        for (item, id) in work.iter().zip(ids) {
            let Some(id) = id else { continue };
            for (time, value) in item.points {
                if latest.values.insert((*id, *time), *value).is_some() {
                    latest.repeated.insert((*id, *time));
                }
            }
        }
        latest
    }
}

/// The values of those of the points that are rows.
async fn stored(
    connection: &mut PgConnection,
    keys: HashSet<PointKey>,
) -> Result<HashMap<PointKey, f64>, Failure> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let (ids, times): (Vec<i64>, Vec<Instant>) =
        keys.iter().map(|(id, time)| (*id, Instant(*time))).unzip();
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

/// Writes points in the order of their keys; answers with those that are new or changed.
async fn upsert(
    connection: &mut PgConnection,
    points: &[(PointKey, f64)],
) -> Result<HashSet<PointKey>, Failure> {
    let mut written = HashSet::with_capacity(points.len());
    for chunk in points.chunks(POINTS_MAX) {
        let times = chunk.iter().map(|((_, time), _)| Instant(*time));
        let (series, hours) = hours(chunk.iter().map(|(key, _)| *key));
        let rows = sqlx::query(include_str!("../sql/metrics/upsert_points.sql"))
            .bind(chunk.iter().map(|((id, _), _)| *id).collect::<Vec<_>>())
            .bind(times.collect::<Vec<_>>())
            .bind(chunk.iter().map(|(_, value)| *value).collect::<Vec<_>>())
            .bind(series)
            .bind(hours)
            .fetch_all(&mut *connection)
            .await?;
        for row in rows {
            let time: Instant = row.try_get("timestamp")?;
            written.insert((row.try_get("series_id")?, time.0));
        }
    }
    Ok(written)
}

/// What is known of the points once they are written.
struct Seen<'a> {
    latest: &'a Latest,
    packed: &'a HashMap<PointKey, f64>,
    /// Before the batch, of points that are packed or that the batch gives more than once.
    stored: HashMap<PointKey, f64>,
    written: &'a HashSet<PointKey>,
}

impl Seen<'_> {
    /// Counts as if the points had been written one after the other.
    fn outcomes(
        &self,
        work: &[PointsWork<'_>],
        ids: &[Option<i64>],
        series_max: u64,
    ) -> Vec<(usize, Outcome)> {
        let mut current: HashMap<PointKey, f64> = self.stored.clone();
        let mut outcomes = Vec::with_capacity(work.len());
        for (item, id) in work.iter().zip(ids) {
            let Some(id) = id else {
                let rejection = Rejection::series_limit(series_max, item.series);
                outcomes.push((item.position, Outcome::Rejected(rejection)));
                continue;
            };
            let mut accepted = 0;
            for (time, value) in item.points {
                let key = (*id, *time);
                let is_compared =
                    self.packed.contains_key(&key) || self.latest.repeated.contains(&key);
                let is_news = if is_compared {
                    current
                        .insert(key, *value)
                        .is_none_or(|before| before != *value)
                } else {
                    self.written.contains(&key)
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
}
