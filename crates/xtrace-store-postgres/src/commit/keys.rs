//! The keys of traces: which week each lives in, and the lock under which it is written.

use std::collections::BTreeSet;

use sqlx::{PgConnection, Row as _};

use super::Failure;
use super::work::{TraceKey, Work};
use crate::week::Week;

/// A trace whose key we hold.
#[derive(Clone, Copy, Debug)]
pub struct Locked {
    pub part: Week,
    /// Nothing of it can be stored yet.
    pub is_new: bool,
}

/// Locks the keys of all traces of the work, bringing unknown ones into being; answers in their order.
pub async fn lock(
    connection: &mut PgConnection,
    work: &Work<'_>,
    present: Week,
) -> Result<Vec<Locked>, Failure> {
    let keys: Vec<TraceKey<'_>> = work.traces.keys().copied().collect();
    let (projects, ids) = arrays(&keys);
    let added = sqlx::query(include_str!("../sql/commit/add_keys.sql"))
        .bind(&projects)
        .bind(&ids)
        .bind(present.0)
        .fetch_all(&mut *connection)
        .await?;
    if added.len() == keys.len() {
        // Whoever inserts a key holds it.
        let new = Locked {
            part: present,
            is_new: true,
        };
        return Ok(vec![new; keys.len()]);
    }
    let rows = sqlx::query(include_str!("../sql/commit/lock_keys.sql"))
        .bind(&projects)
        .bind(&ids)
        .fetch_all(&mut *connection)
        .await?;
    if rows.len() != keys.len() {
        return Err(Failure::Overtaken);
    }
    let mut new = BTreeSet::new();
    for row in added {
        let key: (String, String) = (row.try_get("project")?, row.try_get("trace_id")?);
        new.insert(key);
    }
    let mut locked = Vec::with_capacity(keys.len());
    let mut retired = Vec::new();
    for (key, row) in keys.iter().zip(rows) {
        let found: (String, String) = (row.try_get("project")?, row.try_get("trace_id")?);
        // INVARIANT: the server orders keys as we do.
        assert!(
            found.0 == key.0.as_str() && found.1 == key.1.as_str(),
            "keys come in order"
        );
        if row.try_get("is_retired")? {
            retired.push(*key);
            locked.push(Locked {
                part: present,
                is_new: true,
            });
        } else {
            locked.push(Locked {
                part: Week(row.try_get("part")?),
                is_new: new.contains(&found),
            });
        }
    }
    if !retired.is_empty() {
        revive(connection, &retired, present).await?;
    }
    Ok(locked)
}

async fn revive(
    connection: &mut PgConnection,
    keys: &[TraceKey<'_>],
    present: Week,
) -> Result<(), Failure> {
    let (projects, ids) = arrays(keys);
    let revive = sqlx::query(include_str!("../sql/commit/revive_keys.sql"));
    revive
        .bind(projects)
        .bind(ids)
        .bind(present.0)
        .execute(connection)
        .await?;
    Ok(())
}

fn arrays<'a>(keys: &[TraceKey<'a>]) -> (Vec<&'a str>, Vec<&'a str>) {
    keys.iter()
        .map(|(project, id)| (project.as_str(), id.as_str()))
        .unzip()
}
