//! Payloads to be written: recipes in place of texts, and the parts that they name.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sqlx::PgConnection;
use xtrace_model::{JsonText, Latest};
use xtrace_payload::PartId;

use super::Failure;
use super::held::Held;
use super::keys::Removals;
use super::merge::{Merged, MergedObservation, MergedTrace};
use super::save::ROWS_MAX;
use crate::columns::Binding;
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
    pub removals: &'a Removals,
}

/// A payload to be written, of a trace or of an observation.
pub struct Payload<'a> {
    shelf: Shelf<'a>,
    trace_id: &'a str,
    observation_id: &'a str,
    input: Option<&'a [u8]>,
    output: Option<&'a [u8]>,
    model_parameters: Option<Cow<'a, str>>,
    state: Vec<u8>,
}

/// A part to be added: where, and a text that it is of.
pub type Needed<'a> = (Shelf<'a>, PartId, &'a PreparedText);

/// A part to be added, in its stored form.
pub type PartRow<'a> = (Shelf<'a>, PartId, &'a NewPart);

/// Payloads to be written, of observations and of traces.
#[derive(Default)]
pub struct Payloads<'a> {
    pub observations: Vec<Payload<'a>>,
    pub traces: Vec<Payload<'a>>,
    pub needs: Needs<'a>,
}

/// What the payloads' recipes name, and where recipes went out of use.
#[derive(Default)]
pub struct Needs<'a> {
    parts: BTreeMap<Shelf<'a>, BTreeMap<PartId, &'a PreparedText>>,
    garbage: BTreeSet<Shelf<'a>>,
}

impl Saving<'_> {
    /// The payloads that changed. `late` is the answer of [`Self::split_late`].
    pub fn payloads<'b>(self, merged: &'b Merged<'_>, late: &'b Prepared) -> Payloads<'b>
    where
        Self: 'b,
    {
        let mut payloads = Payloads::default();
        let mut sorting = Sorting {
            prepared: [self.prepared, late],
            needs: &mut payloads.needs,
        };
        let observations = merged.observations.iter();
        payloads.observations = observations.map(|each| sorting.observation(each)).collect();
        let traces = merged.traces.iter().filter(|each| each.is_content_touched);
        payloads.traces = traces.map(|each| sorting.trace(each)).collect();
        payloads
    }

    /// Splits texts that no patch brought: those of rows from before there were recipes.
    pub fn split_late(self, merged: &Merged<'_>) -> Result<Prepared, Failure> {
        let traces = merged.traces.iter().filter(|each| each.is_content_touched);
        let of_traces = traces.flat_map(|trace| {
            [&trace.content.input, &trace.content.output]
                .into_iter()
                .zip(&trace.held)
        });
        let of_observations = merged.observations.iter().flat_map(|each| {
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

    /// Which parts have to be added, what may be remembered after the commit; notes what the sweep must know.
    pub async fn file<'b>(
        self,
        connection: &mut PgConnection,
        needs: &Needs<'b>,
    ) -> Result<(Vec<Needed<'b>>, Filed), Failure> {
        if !needs.garbage.is_empty() {
            let (weeks, projects) = shelves(needs.garbage.iter());
            let note = sqlx::query(include_str!("../sql/parts/note_garbage.sql"));
            note.bind(weeks)
                .bind(projects)
                .execute(&mut *connection)
                .await?;
        }
        if needs.parts.is_empty() {
            return Ok((Vec::new(), Filed::default()));
        }
        let epoch = self.removals.epoch;
        let mut new = Vec::new();
        let mut used = Vec::new();
        for (shelf, parts) in &needs.parts {
            let unknown = self.parts.unknown(epoch, *shelf, parts.keys().copied());
            new.extend(unknown.into_iter().map(|id| (*shelf, id, parts[&id])));
            if self.removals.is_swept(*shelf) {
                used.extend(parts.keys().map(|id| (*shelf, *id)));
            }
        }
        note_uses(connection, &used).await?;
        let all = needs.parts.iter();
        let all = all.flat_map(|(shelf, parts)| parts.keys().map(|id| (*shelf, *id)));
        Ok((new, Filed::of(epoch, all)))
    }

    /// The parts to be added in their stored forms. `late` is the answer of [`Self::pack_late`].
    pub fn rows<'b>(
        self,
        new: &[Needed<'b>],
        late: &'b HashMap<PartId, NewPart>,
    ) -> Vec<PartRow<'b>>
    where
        Self: 'b,
    {
        let rows = new.iter().map(|(shelf, id, _)| {
            let part = self.prepared.new_part(*id).or_else(|| late.get(id));
            let part = part.expect("what was not prepared has been packed late");
            (*shelf, *id, part)
        });
        rows.collect()
    }

    /// Packs parts that were thought to be there when the batch was prepared, or that are of texts split late.
    pub fn pack_late(self, new: &[Needed<'_>]) -> Result<HashMap<PartId, NewPart>, Failure> {
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
pub fn chunks<'s, 'a>(all: &'s [Payload<'a>]) -> Vec<&'s [Payload<'a>]> {
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

/// As [`chunks`], of parts.
pub fn part_chunks<'s, 'a>(all: &'s [PartRow<'a>]) -> Vec<&'s [PartRow<'a>]> {
    let mut chunks = Vec::new();
    let mut rest = all;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take(PARTS_MAX).take_while(|(_, _, part)| {
            let fits = bytes < PAYLOAD_BYTES_MAX;
            bytes += part.stored.len();
            fits
        });
        let (chunk, after) = rest.split_at(fitting.count());
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

pub fn bind_observations<'q>(statement: Binding<'q>, chunk: &'q [Payload<'q>]) -> Binding<'q> {
    let (weeks, projects) = shelves(chunk.iter().map(|each| &each.shelf));
    let parameters = chunk.iter().map(|each| each.model_parameters.as_deref());
    let texts = chunk.iter().map(|each| each.state.as_slice());
    statement
        .bind(weeks)
        .bind(projects)
        .bind(chunk.iter().map(|each| each.trace_id).collect::<Vec<_>>())
        .bind(
            chunk
                .iter()
                .map(|each| each.observation_id)
                .collect::<Vec<_>>(),
        )
        .bind(chunk.iter().map(|each| each.input).collect::<Vec<_>>())
        .bind(chunk.iter().map(|each| each.output).collect::<Vec<_>>())
        .bind(parameters.collect::<Vec<_>>())
        .bind(texts.collect::<Vec<_>>())
}

pub fn bind_traces<'q>(statement: Binding<'q>, chunk: &'q [Payload<'q>]) -> Binding<'q> {
    let (weeks, projects) = shelves(chunk.iter().map(|each| &each.shelf));
    statement
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
}

pub fn bind_parts<'q>(statement: Binding<'q>, chunk: &'q [PartRow<'q>]) -> Binding<'q> {
    let (weeks, projects) = shelves(chunk.iter().map(|(shelf, ..)| shelf));
    let ids = chunk.iter().map(|(_, id, _)| id.as_bytes().as_slice());
    let parts = chunk.iter().map(|(_, _, part)| *part);
    let (has_parts, bodies): (Vec<bool>, Vec<&[u8]>) = parts
        .map(|part| (part.has_parts, part.stored.as_slice()))
        .unzip();
    statement
        .bind(weeks)
        .bind(projects)
        .bind(ids.collect::<Vec<_>>())
        .bind(has_parts)
        .bind(bodies)
}
