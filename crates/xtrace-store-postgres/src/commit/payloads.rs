//! Writing payloads: recipes in place of texts, and before them the parts that they name.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sqlx::PgConnection;
use xtrace_model::{JsonText, Latest};
use xtrace_payload::PartId;

use super::Failure;
use super::held::Held;
use super::merge::{Merged, MergedObservation, MergedTrace};
use super::save::ROWS_MAX;
use crate::parts::{Filed, NewPart, Parts, Prepared, PreparedText, Shelf};
use crate::states::{ObservationKept, TraceContentKept, encode};
use crate::values::storable;

/// Bytes of payload of one statement, roughly: the arrays exist several times on their way.
const PAYLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Parts of one statement.
const PARTS_MAX: usize = 8_192;

/// What writing payloads leans on.
#[derive(Clone, Copy)]
pub struct Saving<'a> {
    pub parts: &'a Arc<Parts>,
    pub prepared: &'a Prepared,
}

/// A payload to be written, of a trace or of an observation.
struct Payload<'a> {
    shelf: Shelf<'a>,
    trace_id: &'a str,
    observation_id: &'a str,
    input: Option<&'a [u8]>,
    output: Option<&'a [u8]>,
    model_parameters: Option<Cow<'a, str>>,
    state: Vec<u8>,
}

/// What the payloads' recipes name, and where recipes went out of use.
#[derive(Default)]
struct Needs<'a> {
    parts: BTreeMap<Shelf<'a>, BTreeMap<PartId, &'a PreparedText>>,
    garbage: BTreeSet<Shelf<'a>>,
}

impl Saving<'_> {
    /// Writes the payloads that changed. The answer is what may be remembered after the commit.
    pub async fn save(
        self,
        connection: &mut PgConnection,
        merged: &Merged<'_>,
    ) -> Result<Filed, Failure> {
        let traces: Vec<&MergedTrace<'_>> = merged
            .traces
            .iter()
            .filter(|trace| trace.is_content_touched)
            .collect();
        let late = self.split_late(&traces, &merged.observations)?;
        let mut needs = Needs::default();
        let mut sorting = Sorting {
            prepared: [self.prepared, &late],
            needs: &mut needs,
        };
        let observations: Vec<Payload<'_>> = merged
            .observations
            .iter()
            .map(|observation| sorting.observation(observation))
            .collect();
        let traces: Vec<Payload<'_>> = traces.iter().map(|trace| sorting.trace(trace)).collect();
        let filed = self.file(connection, &needs).await?;
        for chunk in chunks(&observations) {
            write_observations(&mut *connection, chunk).await?;
        }
        for chunk in chunks(&traces) {
            write_traces(&mut *connection, chunk).await?;
        }
        Ok(filed)
    }

    /// Splits texts that no patch brought: those of rows from before there were recipes.
    fn split_late(
        self,
        traces: &[&MergedTrace<'_>],
        observations: &[MergedObservation<'_>],
    ) -> Result<Prepared, Failure> {
        let of_traces = traces.iter().flat_map(|trace| {
            [&trace.content.input, &trace.content.output]
                .into_iter()
                .zip(&trace.held)
        });
        let of_observations = observations.iter().flat_map(|each| {
            [&each.content.input, &each.content.output]
                .into_iter()
                .zip(&each.held)
        });
        let late = of_traces
            .chain(of_observations)
            .filter_map(|(field, held)| {
                let text = field.get()?;
                let is_here = self.prepared.text(text).is_some()
                    || held
                        .as_ref()
                        .is_some_and(|held| held.recipe_of(text).is_some());
                (!is_here).then(|| text.clone())
            });
        Ok(self.parts.prepare_now(late.collect())?)
    }

    /// Sees to it that all parts are there until the transaction ends, and notes what the sweep must know.
    async fn file(
        self,
        connection: &mut PgConnection,
        needs: &Needs<'_>,
    ) -> Result<Filed, Failure> {
        if !needs.garbage.is_empty() {
            let (weeks, projects) = shelves(needs.garbage.iter());
            let note = sqlx::query(include_str!("../sql/parts/note_garbage.sql"));
            note.bind(weeks)
                .bind(projects)
                .execute(&mut *connection)
                .await?;
        }
        if needs.parts.is_empty() {
            return Ok(Filed::default());
        }
        let (weeks, projects) = shelves(needs.parts.keys());
        let share = sqlx::query(include_str!("../sql/parts/share.sql"));
        share
            .bind(weeks)
            .bind(projects)
            .execute(&mut *connection)
            .await?;
        // INVARIANT: in a statement of its own, which sees what was committed before the lock was had.
        let removals = Removals::read(connection).await?;
        let mut new = Vec::new();
        let mut used = Vec::new();
        for (shelf, parts) in &needs.parts {
            let unknown = self
                .parts
                .unknown(removals.epoch, *shelf, parts.keys().copied());
            new.extend(unknown.into_iter().map(|id| (*shelf, id, parts[&id])));
            if removals.is_swept(*shelf) {
                used.extend(parts.keys().map(|id| (*shelf, *id)));
            }
        }
        self.add(connection, &new).await?;
        note_uses(connection, &used).await?;
        let all = needs.parts.iter();
        let all = all.flat_map(|(shelf, parts)| parts.keys().map(|id| (*shelf, *id)));
        Ok(Filed::of(removals.epoch, all))
    }

    async fn add(
        self,
        connection: &mut PgConnection,
        new: &[(Shelf<'_>, PartId, &PreparedText)],
    ) -> Result<(), Failure> {
        let late = self.pack_late(new)?;
        let part = |id: &PartId| {
            let part = self.prepared.new_part(*id).or_else(|| late.get(id));
            part.expect("what was not prepared has been packed late")
        };
        let mut rest = new;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fitting = rest.iter().take(PARTS_MAX).take_while(|(_, id, _)| {
                let fits = bytes < PAYLOAD_BYTES_MAX;
                bytes += part(id).stored.len();
                fits
            });
            let (chunk, after) = rest.split_at(fitting.count());
            rest = after;
            let (weeks, projects) = shelves(chunk.iter().map(|(shelf, ..)| shelf));
            let ids: Vec<&[u8]> = chunk
                .iter()
                .map(|(_, id, _)| id.as_bytes().as_slice())
                .collect();
            let parts = chunk.iter().map(|(_, id, _)| part(id));
            let (has_parts, bodies): (Vec<bool>, Vec<&[u8]>) = parts
                .map(|part| (part.has_parts, part.stored.as_slice()))
                .unzip();
            sqlx::query(include_str!("../sql/parts/add.sql"))
                .bind(weeks)
                .bind(projects)
                .bind(ids)
                .bind(has_parts)
                .bind(bodies)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }

    /// Packs parts that were thought to be there when the batch was prepared, or that are of texts split late.
    fn pack_late(
        self,
        new: &[(Shelf<'_>, PartId, &PreparedText)],
    ) -> Result<HashMap<PartId, NewPart>, Failure> {
        let late = new
            .iter()
            .filter(|(_, id, _)| self.prepared.new_part(*id).is_none());
        let late: Vec<(PartId, &PreparedText)> = late.map(|(_, id, text)| (*id, *text)).collect();
        let ids: HashSet<PartId> = late.iter().map(|(id, _)| *id).collect();
        let mut packed = HashMap::new();
        for (id, text) in late {
            if !packed.contains_key(&id) {
                packed.extend(self.parts.pack_late(text, &ids)?);
            }
        }
        Ok(packed)
    }
}

/// What has been removed so far, and where a sweep is about to.
struct Removals {
    epoch: i64,
    swept: BTreeSet<(i32, String)>,
}

impl Removals {
    async fn read(connection: &mut PgConnection) -> Result<Self, Failure> {
        use sqlx::Row as _;
        let rows = sqlx::query(include_str!("../sql/parts/epoch.sql"))
            .fetch_all(connection)
            .await?;
        let mut removals = Self {
            epoch: 0,
            swept: BTreeSet::new(),
        };
        for row in rows {
            removals.epoch = row.try_get("epoch")?;
            if let Some(week) = row.try_get("week")? {
                removals.swept.insert((week, row.try_get("project")?));
            }
        }
        Ok(removals)
    }

    fn is_swept(&self, (week, project): Shelf<'_>) -> bool {
        !self.swept.is_empty() && self.swept.contains(&(week.0, project.to_owned()))
    }
}

async fn note_uses(
    connection: &mut PgConnection,
    used: &[(Shelf<'_>, PartId)],
) -> Result<(), Failure> {
    for chunk in used.chunks(PARTS_MAX) {
        let (weeks, projects) = shelves(chunk.iter().map(|(shelf, _)| shelf));
        let ids: Vec<&[u8]> = chunk
            .iter()
            .map(|(_, id)| id.as_bytes().as_slice())
            .collect();
        sqlx::query(include_str!("../sql/parts/note_uses.sql"))
            .bind(weeks)
            .bind(projects)
            .bind(ids)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn shelves<'a>(shelves: impl Iterator<Item = &'a Shelf<'a>>) -> (Vec<i32>, Vec<&'a str>) {
    shelves.map(|(week, project)| (week.0, *project)).unzip()
}

/// Finds the recipe of each text, and notes what it names.
struct Sorting<'a, 'n> {
    prepared: [&'a Prepared; 2],
    needs: &'n mut Needs<'a>,
}

impl<'a> Sorting<'a, '_> {
    fn observation(&mut self, each: &'a MergedObservation<'a>) -> Payload<'a> {
        let shelf = (each.part, each.project.as_str());
        let [input, output] = &each.held;
        Payload {
            shelf,
            trace_id: each.row.key.trace_id.as_str(),
            observation_id: each.row.key.id.as_str(),
            input: self.recipe(shelf, &each.content.input, input.as_ref()),
            output: self.recipe(shelf, &each.content.output, output.as_ref()),
            model_parameters: each
                .content
                .model_parameters
                .get()
                .map(|json| storable(json.as_str())),
            state: encode(&ObservationKept::of(
                &each.facts,
                &each.costing,
                &each.content,
            )),
        }
    }

    fn trace(&mut self, trace: &'a MergedTrace<'a>) -> Payload<'a> {
        let shelf = (trace.part, trace.key.0.as_str());
        let [input, output] = &trace.held;
        Payload {
            shelf,
            trace_id: trace.key.1.as_str(),
            observation_id: "",
            input: self.recipe(shelf, &trace.content.input, input.as_ref()),
            output: self.recipe(shelf, &trace.content.output, output.as_ref()),
            model_parameters: None,
            state: encode(&TraceContentKept::of(&trace.content)),
        }
    }

    fn recipe(
        &mut self,
        shelf: Shelf<'a>,
        field: &'a Latest<JsonText>,
        held: Option<&'a Held>,
    ) -> Option<&'a [u8]> {
        let text = field.get();
        if let Some(held) = held {
            if let Some(recipe) = text.and_then(|text| held.recipe_of(text)) {
                return Some(recipe);
            }
            if held.has_parts() {
                self.needs.garbage.insert(shelf);
            }
        }
        let text = text?;
        let prepared: &'a PreparedText = self
            .prepared
            .iter()
            .find_map(|prepared| prepared.text(text))
            .expect("each text that is not held has been split");
        if prepared.split.part_count() > 0 {
            let needed = self.needs.parts.entry(shelf).or_default();
            needed.extend(prepared.rows().map(|id| (id, prepared)));
        }
        Some(&prepared.recipe)
    }
}

/// Slices that are neither too many rows nor, but for a single large one, too many bytes.
fn chunks<'s, 'a>(all: &'s [Payload<'a>]) -> Vec<&'s [Payload<'a>]> {
    let mut chunks = Vec::new();
    let mut rest = all;
    while !rest.is_empty() {
        let mut count = 0;
        let mut bytes = 0;
        while count < rest.len() && count < ROWS_MAX && bytes < PAYLOAD_BYTES_MAX {
            bytes += rest[count].bytes();
            count += 1;
        }
        let (chunk, after) = rest.split_at(count);
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

impl Payload<'_> {
    fn bytes(&self) -> usize {
        self.input.map_or(0, <[u8]>::len)
            + self.output.map_or(0, <[u8]>::len)
            + self.model_parameters.as_ref().map_or(0, |text| text.len())
            + self.state.len()
    }
}

async fn write_observations(
    connection: &mut PgConnection,
    chunk: &[Payload<'_>],
) -> Result<(), Failure> {
    let (weeks, projects) = shelves(chunk.iter().map(|each| &each.shelf));
    let ids = chunk.iter().map(|each| each.observation_id);
    let parameters = chunk.iter().map(|each| each.model_parameters.as_deref());
    sqlx::query(include_str!("../sql/observations/upsert_payload.sql"))
        .bind(weeks)
        .bind(projects)
        .bind(chunk.iter().map(|each| each.trace_id).collect::<Vec<_>>())
        .bind(ids.collect::<Vec<_>>())
        .bind(chunk.iter().map(|each| each.input).collect::<Vec<_>>())
        .bind(chunk.iter().map(|each| each.output).collect::<Vec<_>>())
        .bind(parameters.collect::<Vec<_>>())
        .bind(
            chunk
                .iter()
                .map(|each| each.state.as_slice())
                .collect::<Vec<_>>(),
        )
        .execute(connection)
        .await?;
    Ok(())
}

async fn write_traces(connection: &mut PgConnection, chunk: &[Payload<'_>]) -> Result<(), Failure> {
    let (weeks, projects) = shelves(chunk.iter().map(|each| &each.shelf));
    sqlx::query(include_str!("../sql/traces/upsert_payload.sql"))
        .bind(weeks)
        .bind(projects)
        .bind(chunk.iter().map(|each| each.trace_id).collect::<Vec<_>>())
        .bind(chunk.iter().map(|each| each.input).collect::<Vec<_>>())
        .bind(chunk.iter().map(|each| each.output).collect::<Vec<_>>())
        .bind(
            chunk
                .iter()
                .map(|each| each.state.as_slice())
                .collect::<Vec<_>>(),
        )
        .execute(connection)
        .await?;
    Ok(())
}
