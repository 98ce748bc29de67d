//! Texts from recipes: parts are fetched in rounds, each once however many texts share it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use sqlx::{PgConnection, Row as _};
use xtrace_payload::{Joiner, PartId, PayloadError};

use super::inline::{Unfolded, unfold};
use super::{Parts, Shelf, TEXT_BYTES_MAX, Trouble};
use crate::week::Week;

/// Parts asked for by one statement.
const PARTS_MAX: usize = 4_096;
/// More stored bytes than this are unpacked on a thread that may block.
const INLINE_BYTES_MAX: usize = 128 << 10;

/// Texts being put together: recipes first, then their parts, then the texts.
#[derive(Default)]
pub struct Texts {
    shelves: BTreeMap<(Week, Box<str>), Joining>,
}

struct Joining {
    joiner: Joiner,
    /// Small parts that came with what names them.
    small: HashSet<PartId>,
}

impl Texts {
    /// Notes the parts of a text.
    pub fn add(
        &mut self,
        (week, project): Shelf<'_>,
        recipe: &Unfolded,
    ) -> Result<(), PayloadError> {
        let joining = self
            .shelves
            .entry((week, project.into()))
            .or_insert_with(|| Joining {
                joiner: Joiner::new(TEXT_BYTES_MAX),
                small: HashSet::new(),
            });
        joining.joiner.add(&recipe.body)?;
        joining.insert_small(recipe.small.clone())
    }

    /// Fetches what the recipes name. Parts that are not there show when texts are joined.
    pub async fn fetch(
        &mut self,
        parts: &Arc<Parts>,
        connection: &mut PgConnection,
    ) -> Result<(), Trouble> {
        for ((week, project), joining) in &mut self.shelves {
            loop {
                let mut round = joining.joiner.missing();
                round.retain(|id| !joining.small.contains(id));
                if round.is_empty() {
                    break;
                }
                for ids in round.chunks(PARTS_MAX) {
                    let found = parts.bodies(connection, (*week, project), ids).await?;
                    for (id, unfolded) in found {
                        joining.joiner.insert(id, unfolded.body)?;
                        joining.insert_small(unfolded.small)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The text of a recipe that has been added.
    pub fn join(&self, (week, project): Shelf<'_>, recipe: &[u8]) -> Result<String, PayloadError> {
        match self.shelves.get(&(week, project.into())) {
            Some(joining) => joining.joiner.join(recipe),
            None => Joiner::new(TEXT_BYTES_MAX).join(recipe),
        }
    }
}

impl Joining {
    fn insert_small(&mut self, small: Vec<(PartId, Vec<u8>)>) -> Result<(), PayloadError> {
        // The outer ones first: a joiner takes what it has asked for.
        for (id, body) in small.into_iter().rev() {
            self.joiner.insert(id, body)?;
            self.small.insert(id);
        }
        Ok(())
    }
}

impl Parts {
    /// The bodies of those of the parts that are there.
    pub async fn bodies(
        self: &Arc<Self>,
        connection: &mut PgConnection,
        (week, project): Shelf<'_>,
        ids: &[PartId],
    ) -> Result<Vec<(PartId, Unfolded)>, Trouble> {
        let ids: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes().as_slice()).collect();
        let rows = sqlx::query(include_str!("../sql/parts/fetch.sql"))
            .bind(week.0)
            .bind(project)
            .bind(ids)
            .fetch_all(&mut *connection)
            .await?;
        let mut found = Vec::with_capacity(rows.len());
        let mut stored: Vec<Vec<u8>> = Vec::with_capacity(rows.len());
        for row in rows {
            found.push(part_id(row.try_get("id")?)?);
            stored.push(row.try_get("body")?);
        }
        let bodies = self.unpack(connection, stored).await?;
        Ok(found.into_iter().zip(bodies).collect())
    }

    /// The bodies or recipes behind their stored forms.
    pub async fn unpack(
        self: &Arc<Self>,
        connection: &mut PgConnection,
        stored: Vec<Vec<u8>>,
    ) -> Result<Vec<Unfolded>, Trouble> {
        let stored = Arc::new(stored);
        match self.unpack_known(stored.clone()).await {
            Err(Trouble::Payload(PayloadError::UnknownDictionary(_))) => {
                // Another process has made it.
                self.load_dictionaries(connection).await?;
                self.unpack_known(stored).await
            }
            answer => answer,
        }
    }

    async fn unpack_known(
        self: &Arc<Self>,
        stored: Arc<Vec<Vec<u8>>>,
    ) -> Result<Vec<Unfolded>, Trouble> {
        let bytes: usize = stored.iter().map(Vec::len).sum();
        if bytes <= INLINE_BYTES_MAX {
            return Ok(self.unpack_here(&stored)?);
        }
        let parts = self.clone();
        let unpacking = tokio::task::spawn_blocking(move || parts.unpack_here(&stored));
        Ok(unpacking.await??)
    }

    fn unpack_here(&self, stored: &[Vec<u8>]) -> Result<Vec<Unfolded>, PayloadError> {
        if stored.is_empty() {
            return Ok(Vec::new());
        }
        self.codecs.lend(|codec| {
            let bodies = stored.iter();
            bodies
                .map(|stored| unfold(codec.decode(stored, TEXT_BYTES_MAX)?))
                .collect()
        })?
    }
}

/// An id as the server keeps it.
pub fn part_id(bytes: &[u8]) -> Result<PartId, PayloadError> {
    let bytes = bytes.try_into();
    let bytes = bytes.map_err(|_| PayloadError::Corrupt("part id has another length"))?;
    Ok(PartId::from_bytes(bytes))
}
