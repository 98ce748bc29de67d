//! The keys of traces: which week each lives in, and the lock under which it is written. What is stored of the traces comes
//! in the same round trip.

use std::collections::BTreeSet;

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::Failure;
use super::work::{TraceWork, Work};
use crate::parts::Shelf;
use crate::week::Week;

/// A trace whose key we hold.
#[derive(Clone, Copy, Debug)]
pub struct Locked {
    pub part: Week,
}

/// The traces of a batch, held until the transaction ends.
pub struct Hold {
    /// In the order of the work.
    pub locked: Vec<Locked>,
    /// The states of those that are stored, with their places.
    pub traces: Vec<(usize, PgRow)>,
    /// The states of observations that are stored, with their places among all observations of the work.
    pub observations: Vec<(usize, PgRow)>,
    pub removals: Removals,
}

/// What has been removed of parts so far, and where a sweep is about to; read when their lock was had.
#[derive(Default)]
pub struct Removals {
    pub epoch: i64,
    swept: BTreeSet<(i32, String)>,
}

impl Removals {
    pub fn is_swept(&self, (week, project): Shelf<'_>) -> bool {
        !self.swept.is_empty() && self.swept.contains(&(week.0, project.to_owned()))
    }
}

/// Locks the keys of all traces of the work, bringing unknown ones into being, and loads what is stored of them.
pub async fn hold(
    connection: &mut PgConnection,
    work: &Work<'_>,
    present: Week,
) -> Result<Hold, Failure> {
    let keys = work.traces.keys();
    let (projects, ids): (Vec<&str>, Vec<&str>) = keys
        .map(|(project, id)| (project.as_str(), id.as_str()))
        .unzip();
    let with_payload = work.traces.values().map(TraceWork::has_content);
    let observations = (1_i32..).zip(work.traces.values());
    let observations = observations.flat_map(|(place, trace)| {
        let ids = trace.observations.keys();
        ids.map(move |id| (place, id.as_str()))
    });
    let (places, observation_ids): (Vec<i32>, Vec<&str>) = observations.unzip();
    let rows = sqlx::query(include_str!("../sql/commit/hold.sql"))
        .bind(projects)
        .bind(ids)
        .bind(with_payload.collect::<Vec<_>>())
        .bind(places)
        .bind(observation_ids)
        .bind(present.0)
        .fetch_all(connection)
        .await?;
    let hold = Hold::of(rows)?;
    if hold.locked.len() == work.traces.len() {
        Ok(hold)
    } else {
        Err(Failure::Overtaken)
    }
}

impl Hold {
    fn of(rows: Vec<PgRow>) -> Result<Self, Failure> {
        let mut hold = Self {
            locked: Vec::new(),
            traces: Vec::new(),
            observations: Vec::new(),
            removals: Removals::default(),
        };
        for row in rows {
            let kind: i32 = row.try_get("kind")?;
            match kind {
                0 => {
                    hold.removals.epoch = row.try_get("epoch")?;
                    let part = Week(row.try_get("week")?);
                    hold.locked.push(Locked { part });
                }
                1 => hold.traces.push((place(&row)?, row)),
                2 => hold.observations.push((place(&row)?, row)),
                _ => {
                    let swept = (row.try_get("week")?, row.try_get("project")?);
                    hold.removals.swept.insert(swept);
                }
            }
        }
        Ok(hold)
    }
}

fn place(row: &PgRow) -> Result<usize, Failure> {
    let place: i32 = row.try_get("place")?;
    Ok(usize::try_from(place - 1).expect("places are counted from one"))
}
