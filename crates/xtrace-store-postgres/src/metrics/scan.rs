//! Reading the points of a question: chunks and rows, one slice of time after the other, all in one snapshot.

use std::collections::HashMap;

use sqlx::{Connection as _, PgConnection, Row as _};
use xtrace_model::Timestamp;
use xtrace_query::{MetricAnswer, MetricPlan};
use xtrace_store::StoreResult;
use xtrace_store::series::SeriesGroups;
use xtrace_store::series::fold::{Folding, Point, Slices};

use crate::chunks::{WINDOW_MICROS, window_of};
use crate::engine::PostgresEngine;
use crate::errors::InOperation as _;
use crate::pack::joined;
use crate::values::Instant;

const OP: &str = "metrics.query";

/// The first slice.
const SLICE_MICROS: i64 = 6 * WINDOW_MICROS;
/// A slice longer than this is looked at before it is read: it may not have so many chunks.
const LONG_MICROS: i64 = 24 * WINDOW_MICROS;
const CHUNKS_MAX: i64 = 10_000;

/// A snapshot for all slices, so that no point is missed or seen twice while it is packed.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

impl PostgresEngine {
    pub(super) async fn scan(
        &self,
        plan: &MetricPlan,
        groups: &SeriesGroups,
    ) -> StoreResult<MetricAnswer> {
        let mut reader = self.reader(OP).await?;
        let mut snapshot = reader.connection().begin_with(BEGIN).await.during(OP)?;
        let mut scan = Scan {
            series: groups.series_ids(),
            members: groups
                .series_ids()
                .into_iter()
                .zip(groups.numbers())
                .collect(),
            folding: Folding::new(plan),
        };
        let end = window_of(plan.to) + WINDOW_MICROS;
        let mut slices = Slices::new(
            window_of(plan.scan_from()),
            end,
            SLICE_MICROS,
            WINDOW_MICROS,
        );
        while let Some((from, until)) = slices.next() {
            if until - from > LONG_MICROS && scan.is_large(&mut snapshot, from, until).await? {
                slices.shorten();
                continue;
            }
            let points = scan.slice(&mut snapshot, from, until).await?;
            scan.folding.is_past(until);
            slices.advance(points);
        }
        snapshot.commit().await.during(OP)?;
        reader.done();
        groups.answer_of(plan, scan.folding.finish())
    }
}

struct Scan<'a> {
    series: Vec<i64>,
    /// The group of each series.
    members: HashMap<i64, i64>,
    folding: Folding<'a>,
}

/// What there is of a series and an hour.
#[derive(Default)]
struct Piece {
    chunk: Option<Vec<u8>>,
    rows: Vec<Point>,
}

impl Scan<'_> {
    async fn is_large(
        &self,
        connection: &mut PgConnection,
        from: i64,
        until: i64,
    ) -> StoreResult<bool> {
        let size = sqlx::query(include_str!("../sql/metrics/scan_size.sql"))
            .bind(&self.series)
            .bind(Instant(Timestamp::from_micros(from)))
            .bind(Instant(Timestamp::from_micros(until)))
            .bind(CHUNKS_MAX)
            .persistent(false);
        let row = size.fetch_one(connection).await.during(OP)?;
        row.try_get(0).during(OP)
    }

    /// Takes a slice; answers how many points it holds.
    async fn slice(
        &mut self,
        connection: &mut PgConnection,
        from: i64,
        until: i64,
    ) -> StoreResult<usize> {
        // Planned with its values, so that it names the partitions of the slice alone.
        let rows = sqlx::query(include_str!("../sql/metrics/scan.sql"))
            .bind(&self.series)
            .bind(Instant(Timestamp::from_micros(from)))
            .bind(Instant(Timestamp::from_micros(until)))
            .persistent(false)
            .fetch_all(connection)
            .await
            .during(OP)?;
        let mut pieces: HashMap<(i64, i64), Piece> = HashMap::with_capacity(rows.len());
        for row in rows {
            let series: i64 = row.try_get("series_id").during(OP)?;
            let since: Instant = row.try_get("since").during(OP)?;
            let piece = pieces.entry((series, since.0.as_micros())).or_default();
            if let Some(chunk) = row.try_get("points").during(OP)? {
                piece.chunk = Some(chunk);
                continue;
            }
            let times: Vec<Instant> = row.try_get("times").during(OP)?;
            let values: Vec<f64> = row.try_get("values").during(OP)?;
            let points = times.into_iter().zip(values);
            piece.rows = points
                .map(|(time, value)| (time.0.as_micros(), value))
                .collect();
        }
        let mut pieces: Vec<((i64, i64), Piece)> = pieces.into_iter().collect();
        pieces.sort_unstable_by_key(|(key, _)| *key);
        let mut count = 0;
        for ((series, since), piece) in pieces {
            let points = joined(since, piece.chunk.as_deref(), piece.rows)?;
            count += points.len();
            if let Some(group) = self.members.get(&series) {
                self.folding.take(series, *group, &points)?;
            }
        }
        Ok(count)
    }
}
