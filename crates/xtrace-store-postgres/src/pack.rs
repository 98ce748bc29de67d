//! Packing: the rows of hours that have passed become chunks (`crate::chunks`), in the background.
//!
//! A writer notes the series and hour of each row it adds (`metric_open`), and holds the slots of its hours shared from before
//! it looks whether they are packed to its commit. Packing takes one hour at a time: it holds that hour's slot alone,
//! joins rows and chunk of some series, puts the new chunk in their place and forgets the note, all in one
//! transaction. So no row is added behind its back, and whoever reads sees either the rows or the chunk.
//!
//! INVARIANT: a row that is stored is noted. Where there are both, the row stands in place of the chunk's point: it is newer.
//!
//! One process packs at a time. Writers of hours that are long past wait for a step, those of the present only where the
//! two have the same slot. What a crash undoes is done again: the note is still there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{PgConnection, PgPool, Row as _};
use xtrace_model::{Clock, Timestamp};
use xtrace_store::{StoreError, StoreResult};

use crate::chunks::{self, CHUNK_POINTS_MAX, Point, WINDOW_MICROS};
use crate::errors::{InOperation as _, is_lock_timeout, store_error};
use crate::values::Instant as ServerInstant;

const OP: &str = "metrics.pack";

/// Hours are told apart by this many locks.
const SLOTS: i64 = 64;
/// How long after its end an hour is packed: most points have come by then.
const REST_MICROS: i64 = 300_000_000;
/// Rows written since packing was last begun, or time passed since, after which it is begun again.
const ROWS_WAITING: u64 = 100_000;
const INTERVAL: Duration = Duration::from_secs(300);
/// Series and points of one step; a single series may have more points.
const STEP_SERIES: i64 = 256;
const STEP_POINTS: usize = 100_000;
/// How long a step waits for its locks, and writers behind it. The server's notation.
const LOCK_TIMEOUT: &str = "500ms";

/// The lock of the hour that begins at `since`.
pub fn slot(since: i64) -> i32 {
    let slot = since.div_euclid(WINDOW_MICROS).rem_euclid(SLOTS);
    i32::try_from(slot).expect("there are few slots")
}

/// One process's share in packing.
pub struct Packer {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    waiting: AtomicU64,
    is_packing: AtomicBool,
    begun: Mutex<Option<Instant>>,
}

impl Packer {
    pub fn new(pool: PgPool, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            pool,
            clock,
            waiting: AtomicU64::new(0),
            is_packing: AtomicBool::new(false),
            begun: Mutex::default(),
        })
    }

    /// Notes rows that were written, and begins to pack when it is time.
    pub fn written(self: &Arc<Self>, rows: u64) {
        let waiting = self.waiting.fetch_add(rows, Ordering::Relaxed) + rows;
        let is_due = waiting >= ROWS_WAITING || {
            let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
            begun.is_none_or(|begun| begun.elapsed() >= INTERVAL)
        };
        if is_due {
            self.pack_in_background();
        }
    }

    /// Packs what has passed, unless this process is already at it.
    pub fn pack_in_background(self: &Arc<Self>) {
        if self.is_packing.swap(true, Ordering::Acquire) {
            return;
        }
        self.waiting.store(0, Ordering::Relaxed);
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let packer = self.clone();
        tokio::spawn(async move {
            let passed = packer
                .clock
                .now()
                .saturating_add_micros(-REST_MICROS - WINDOW_MICROS);
            let packed = packer.pack(passed.saturating_add_micros(1)).await;
            packer.is_packing.store(false, Ordering::Release);
            if let Err(error) = packed
                && !packer.pool.is_closed()
            {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    error,
                    "metric points stay rows for now; packing is tried again"
                );
            }
        });
    }

    /// Packs the hours that begin before a time; those that stay in use are left.
    pub async fn pack(&self, before: Timestamp) -> StoreResult<()> {
        let mut from = Timestamp::MIN;
        while let Some(since) = self.next_hour(from, before).await? {
            let mut after = 0;
            while let Some(last) = self.step(since, after).await? {
                after = last;
            }
            from = Timestamp::from_micros(since + WINDOW_MICROS);
        }
        Ok(())
    }

    async fn next_hour(&self, from: Timestamp, before: Timestamp) -> StoreResult<Option<i64>> {
        let mut connection = self.pool.acquire().await.during(OP)?;
        let next = sqlx::query(include_str!("sql/pack/next_hour.sql"))
            .bind(ServerInstant(from))
            .bind(ServerInstant(before));
        let row = next.fetch_one(&mut *connection).await.during(OP)?;
        let since: Option<ServerInstant> = row.try_get("since").during(OP)?;
        Ok(since.map(|since| since.0.as_micros()))
    }

    /// Packs some series of an hour, after the series `after`; answers with the last of them.
    async fn step(&self, since: i64, after: i64) -> StoreResult<Option<i64>> {
        let mut transaction = self.pool.begin().await.during(OP)?;
        if !lock(&mut transaction, since).await? {
            return Ok(None);
        }
        let sizes = sqlx::query(include_str!("sql/pack/sizes.sql"))
            .bind(hour(since))
            .bind(after)
            .bind(STEP_SERIES)
            .bind(i64::try_from(CHUNK_POINTS_MAX).unwrap_or(i64::MAX) + 1)
            .fetch_all(&mut *transaction)
            .await
            .during(OP)?;
        let step = Step::of(&sizes)?;
        if !step.dense.is_empty() {
            let mark = sqlx::query(include_str!("sql/pack/mark_dense.sql"));
            mark.bind(&step.dense)
                .bind(hour(since))
                .execute(&mut *transaction)
                .await
                .during(OP)?;
        }
        rewrite(&mut transaction, since, &step.series, i64::MIN).await?;
        transaction.commit().await.during(OP)?;
        Ok(step.last)
    }

    /// Takes the points before `cutoff` out of chunks that reach beyond it; answers how many they were.
    pub async fn trim(&self, cutoff: Timestamp) -> StoreResult<u64> {
        let since = chunks::window_of(cutoff);
        let (mut after, mut trimmed) = (0, 0);
        loop {
            let mut transaction = self.pool.begin().await.during(OP)?;
            if !lock(&mut transaction, since).await? {
                return Ok(trimmed);
            }
            let found = sqlx::query(include_str!("sql/pack/chunks_of_hour.sql"))
                .bind(hour(since))
                .bind(after)
                .bind(STEP_SERIES)
                .fetch_all(&mut *transaction)
                .await
                .during(OP)?;
            let step = Step::of(&found)?;
            let Some(last) = step.last else {
                return Ok(trimmed);
            };
            let series = &step.series;
            trimmed += rewrite(&mut transaction, since, series, cutoff.as_micros()).await?;
            transaction.commit().await.during(OP)?;
            after = last;
        }
    }
}

/// What one step takes on.
struct Step {
    series: Vec<i64>,
    /// Too many points for a chunk.
    dense: Vec<i64>,
    last: Option<i64>,
}

impl Step {
    fn of(sizes: &[sqlx::postgres::PgRow]) -> StoreResult<Self> {
        let mut step = Self {
            series: Vec::new(),
            dense: Vec::new(),
            last: None,
        };
        let mut points = 0;
        for row in sizes {
            let id: i64 = row.try_get("series_id").during(OP)?;
            let count: i64 = row.try_get("count").during(OP)?;
            let count = usize::try_from(count).unwrap_or_default();
            if count > CHUNK_POINTS_MAX {
                step.dense.push(id);
            } else if points > 0 && points + count > STEP_POINTS {
                break;
            } else {
                step.series.push(id);
                points += count;
            }
            step.last = Some(id);
        }
        Ok(step)
    }
}

/// Locks an hour for the rest of the transaction; says whether it was to be had in time.
async fn lock(connection: &mut PgConnection, since: i64) -> StoreResult<bool> {
    let quickly = sqlx::query(include_str!("sql/pack/quickly.sql")).bind(LOCK_TIMEOUT);
    quickly.execute(&mut *connection).await.during(OP)?;
    let lock = sqlx::query(include_str!("sql/pack/lock.sql")).bind(slot(since));
    match lock.execute(connection).await {
        Ok(_) => Ok(true),
        // Writers keep it; the next run tries again.
        Err(error) if is_lock_timeout(&error) => Ok(false),
        Err(error) => Err(store_error(OP, error)),
    }
}

/// The chunks that are to be written, as columns.
#[derive(Default)]
struct Chunks {
    series: Vec<i64>,
    newest: Vec<ServerInstant>,
    values: Vec<f64>,
    counts: Vec<i32>,
    points: Vec<Vec<u8>>,
}

impl Chunks {
    fn push(&mut self, series: i64, since: i64, points: &[Point]) {
        let Some((newest, value)) = points.last() else {
            return;
        };
        self.series.push(series);
        self.newest
            .push(ServerInstant(Timestamp::from_micros(*newest)));
        self.values.push(*value);
        self.counts
            .push(i32::try_from(points.len()).unwrap_or(i32::MAX));
        self.points.push(chunks::encode(since, points));
    }
}

/// Joins rows and chunks of some series and an hour into chunks, without the points before `from`; answers how many those
/// were.
async fn rewrite(
    connection: &mut PgConnection,
    since: i64,
    series: &[i64],
    from: i64,
) -> StoreResult<u64> {
    if series.is_empty() {
        return Ok(0);
    }
    let rows = sqlx::query(include_str!("sql/pack/load.sql"))
        .bind(series)
        .bind(hour(since))
        .fetch_all(&mut *connection)
        .await
        .during(OP)?;
    let mut new = Chunks::default();
    let mut empty = Vec::new();
    let mut left_out = 0;
    for row in rows {
        let id: i64 = row.try_get("series_id").during(OP)?;
        let chunk: Option<&[u8]> = row.try_get("points").during(OP)?;
        let times: Option<Vec<ServerInstant>> = row.try_get("times").during(OP)?;
        let values: Option<Vec<f64>> = row.try_get("values").during(OP)?;
        let rows = times.unwrap_or_default().into_iter();
        let rows = rows.zip(values.unwrap_or_default());
        let rows = rows.map(|(time, value)| (time.0.as_micros(), value));
        let mut points = joined(since, chunk, rows.collect())?;
        let before = points.partition_point(|(time, _)| *time < from);
        left_out += before as u64;
        points.drain(..before);
        if points.is_empty() {
            empty.push(id);
        }
        new.push(id, since, &points);
    }
    let save = sqlx::query(include_str!("sql/pack/save.sql"))
        .bind(series)
        .bind(hour(since))
        .bind(empty)
        .bind(new.series)
        .bind(new.newest)
        .bind(new.values)
        .bind(new.counts)
        .bind(new.points);
    save.execute(connection).await.during(OP)?;
    Ok(left_out)
}

/// The points of a chunk with rows in their place, in order of time.
pub fn joined(
    since: i64,
    chunk: Option<&[u8]>,
    mut rows: Vec<Point>,
) -> Result<Vec<Point>, StoreError> {
    let mut points = Vec::new();
    if let Some(chunk) = chunk {
        chunks::decode(since, chunk, &mut points)?;
    }
    if rows.is_empty() {
        return Ok(points);
    }
    rows.sort_unstable_by_key(|(time, _)| *time);
    if points.is_empty() {
        return Ok(rows);
    }
    let mut all: BTreeMap<i64, f64> = points.into_iter().collect();
    all.extend(rows);
    Ok(all.into_iter().collect())
}

fn hour(since: i64) -> ServerInstant {
    ServerInstant(Timestamp::from_micros(since))
}
