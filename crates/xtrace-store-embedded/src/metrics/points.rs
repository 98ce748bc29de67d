//! The points of a question, read slice by slice of its time and folded: the database scans them, grouping them would
//! take it several times as long.

use std::collections::{BTreeMap, HashMap};

use duckdb::arrow::array::{
    Array, Float64Array, Int64Array, RecordBatch, TimestampMicrosecondArray,
};
use duckdb::params;
use duckdb::types::{TimeUnit, Value as Duck};
use xtrace_query::{MetricAggregation, MetricPlan};
use xtrace_store::series::fold::{Folding, Point, Slices};
use xtrace_store::series::{GroupBuckets, SeriesGroups};

use crate::errors::EmbeddedError;
use crate::projection::read::ReadTransaction;
use crate::projection::schema::Rows;

const HOUR_MICROS: i64 = 3_600_000_000;
/// The first slice.
const SLICE_MICROS: i64 = 6 * HOUR_MICROS;
/// A slice longer than this is looked at before it is read: slices grow where there is nothing, and a slice is in memory
/// as a whole.
const LONG_MICROS: i64 = 24 * HOUR_MICROS;
const POINTS_MAX: i64 = 5_000_000;
/// Series are read by the range of their ids where that holds fewer than so many times as many.
const DENSE_FACTOR: i64 = 2;

/// What each group that has points came to, by its number.
pub fn fold(
    at: &ReadTransaction<'_>,
    plan: &MetricPlan,
    groups: &SeriesGroups,
) -> Result<BTreeMap<i64, GroupBuckets>, EmbeddedError> {
    // Only a rate asks for more than the values of a bucket.
    let order = match plan.aggregation {
        MetricAggregation::Rate => " ORDER BY p.series_id, p.timestamp",
        _ => "",
    };
    let ids = groups.series_ids();
    let (least, greatest) = ids
        .iter()
        .fold((i64::MAX, i64::MIN), |(least, greatest), id| {
            (least.min(*id), greatest.max(*id))
        });
    // Few others stand among them: leaving those out afterwards takes less than a join.
    let are_dense = greatest.saturating_sub(least) < DENSE_FACTOR * ids.len() as i64;
    let of_series = match are_dense {
        true => String::new(),
        false => {
            let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
            format!("AND p.series_id IN (SELECT unnest([{}])) ", ids.join(","))
        }
    };
    let source = format!(
        "FROM {} AS p \
         WHERE p.series_id BETWEEN CAST($1 AS BIGINT) AND CAST($2 AS BIGINT) {of_series}\
         AND p.timestamp >= CAST($3 AS TIMESTAMP) AND p.timestamp < CAST($4 AS TIMESTAMP)",
        at.source(Rows::Points)?
    );
    let sql = format!("SELECT p.series_id, p.timestamp, p.value {source}{order}");
    at.ensure_wanted()?;
    let mut statement = at.connection().prepare(&sql)?;
    let mut count_first = at
        .connection()
        .prepare(&format!("SELECT count(*) {source}"))?;
    let members: HashMap<i64, i64> = ids.into_iter().zip(groups.numbers()).collect();
    let mut folding = Folding::new(plan);
    let mut run = Run::default();
    let mut slices = Slices::new(
        plan.scan_from().as_micros(),
        plan.to.as_micros().saturating_add(1),
        SLICE_MICROS,
        HOUR_MICROS,
    );
    while let Some((from, until)) = slices.next() {
        at.ensure_wanted()?;
        let time = |micros| Duck::Timestamp(TimeUnit::Microsecond, micros);
        if until - from > LONG_MICROS {
            let bounds = params![least, greatest, time(from), time(until)];
            let points: i64 = count_first.query_row(bounds, |row| row.get(0))?;
            if points > POINTS_MAX {
                slices.shorten();
                continue;
            }
        }
        // Not as a stream: an interrupt in its middle would be a panic.
        let batches = statement.query_arrow(params![least, greatest, time(from), time(until)])?;
        let mut count = 0;
        for batch in batches {
            count += batch.num_rows();
            run.take(&batch, &members, &mut folding)?;
        }
        run.end(&members, &mut folding)?;
        folding.is_past(until);
        slices.advance(count);
    }
    Ok(folding.finish())
}

/// Points of one series in order of time, as they come.
#[derive(Default)]
struct Run {
    series: i64,
    points: Vec<Point>,
}

impl Run {
    fn take(
        &mut self,
        batch: &RecordBatch,
        members: &HashMap<i64, i64>,
        folding: &mut Folding<'_>,
    ) -> Result<(), EmbeddedError> {
        let series = column::<Int64Array>(batch, 0)?.values();
        let times = column::<TimestampMicrosecondArray>(batch, 1)?.values();
        let values = column::<Float64Array>(batch, 2)?.values();
        for ((series, time), value) in series.iter().zip(times).zip(values) {
            let goes_on = self.points.last().is_some_and(|(last, _)| last <= time);
            if *series != self.series || !goes_on {
                self.end(members, folding)?;
                self.series = *series;
            }
            self.points.push((*time, *value));
        }
        Ok(())
    }

    fn end(
        &mut self,
        members: &HashMap<i64, i64>,
        folding: &mut Folding<'_>,
    ) -> Result<(), EmbeddedError> {
        if let Some(group) = members.get(&self.series) {
            folding.take(self.series, *group, &self.points)?;
        }
        self.points.clear();
        Ok(())
    }
}

fn column<A: 'static>(batch: &RecordBatch, index: usize) -> Result<&A, EmbeddedError> {
    let array = batch.column(index).as_any().downcast_ref();
    array.ok_or_else(unexpected)
}

fn unexpected() -> EmbeddedError {
    EmbeddedError::Corrupt {
        what: "points",
        why: "not numbers and times".to_owned(),
    }
}
