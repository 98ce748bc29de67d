//! What is stored of the traces and observations that a batch touches.

use std::sync::Arc;

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use xtrace_model::observation::ObservationContent;
use xtrace_model::trace::TraceContent;
use xtrace_model::{Costing, JsonText, Latest, ObservationFacts, Stamp, TraceFacts, TraceSummary};

use super::held::{Field, Held, Resolved, StoredField, resolve};
use super::keys::Hold;
use super::summing::summaries;
use super::work::{TraceKey, Work};
use super::{Failure, OP};
use crate::parts::{Parts, Prepared, Shelf};
use crate::states::{ObservationKept, TraceContentKept, TraceKept, decode};

/// A trace as it is stored. The content is that of a trace without payload unless a patch needs it.
pub struct StoredTrace {
    pub facts: TraceFacts,
    pub summary: TraceSummary,
    pub content: TraceContent,
    /// Of input and output.
    pub held: [Option<Held>; 2],
}

/// An observation as it is stored.
pub struct StoredObservation {
    pub facts: ObservationFacts,
    pub costing: Costing,
    pub content: ObservationContent,
    /// Of input and output.
    pub held: [Option<Held>; 2],
}

/// In the order of the work: each trace, and each observation of each trace.
pub struct Stored {
    pub traces: Vec<Option<StoredTrace>>,
    pub observations: Vec<Option<StoredObservation>>,
}

/// What loading leans on.
pub struct Loading<'a> {
    pub parts: &'a Arc<Parts>,
    pub prepared: &'a Prepared,
    pub work: &'a Work<'a>,
    pub hold: &'a Hold,
}

impl Loading<'_> {
    pub async fn stored(&self, connection: &mut PgConnection) -> Result<Stored, Failure> {
        Ok(Stored {
            traces: self.traces(&mut *connection).await?,
            observations: self.observations(connection).await?,
        })
    }

    async fn traces(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Vec<Option<StoredTrace>>, Failure> {
        let mut stored: Vec<Option<StoredTrace>> = self.work.traces.iter().map(|_| None).collect();
        if self.hold.traces.is_empty() {
            return Ok(stored);
        }
        let places = self.work.traces.iter().zip(&self.hold.locked);
        let targets: Vec<_> = places
            .map(|((key, trace), locked)| ((locked.part, key.0.as_str()), trace))
            .collect();
        let rows = &self.hold.traces;
        let mut found = Vec::with_capacity(rows.len());
        let mut fields = Vec::with_capacity(rows.len() * 2);
        for (position, row) in rows {
            let (shelf, work) = targets[*position];
            let kept = TraceKept::decode(row.try_get("state")?, OP)?;
            let payload: Option<&[u8]> = row.try_get("payload_state")?;
            let content: TraceContentKept = payload
                .map(|state| decode(state, OP))
                .transpose()?
                .unwrap_or_default();
            let patches = work.patches.iter().map(|(_, patch)| &patch.content);
            let inputs = patches.clone().map(|content| &content.input).collect();
            let outputs = patches.map(|content| &content.output).collect();
            fields.extend(two(row, shelf, content.stamps(), [inputs, outputs])?);
            found.push((*position, kept, content));
        }
        let kept = found
            .iter_mut()
            .map(|(position, kept, _)| (*position, kept));
        self.complete(&mut *connection, kept.collect()).await?;
        let mut resolved = self.resolve(connection, fields).await?;
        for (position, kept, content) in found {
            let (texts, held) = resolved.next_two();
            stored[position] = Some(StoredTrace {
                facts: kept.facts,
                summary: kept.summary,
                content: content.with_texts(texts),
                held,
            });
        }
        Ok(stored)
    }

    /// Makes summaries anew that lack model calls.
    async fn complete(
        &self,
        connection: &mut PgConnection,
        kept: Vec<(usize, &mut TraceKept)>,
    ) -> Result<(), Failure> {
        let mut lacking: Vec<_> = kept
            .into_iter()
            .filter(|(_, kept)| kept.lacks_calls)
            .collect();
        let keys: Vec<TraceKey<'_>> = self.work.traces.keys().copied().collect();
        let locked = lacking.iter().map(|(position, _)| {
            let (project, id) = keys[*position];
            (self.hold.locked[*position].part, project.as_str(), id)
        });
        let locked: Vec<_> = locked.collect();
        let summaries = summaries(connection, &locked).await?;
        for ((_, kept), summary) in lacking.iter_mut().zip(summaries) {
            kept.summary = summary;
        }
        Ok(())
    }

    async fn observations(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Vec<Option<StoredObservation>>, Failure> {
        let mut targets = Vec::new();
        for ((key, trace), locked) in self.work.traces.iter().zip(&self.hold.locked) {
            let shelf = (locked.part, key.0.as_str());
            targets.extend(trace.observations.values().map(|patches| (shelf, patches)));
        }
        let mut stored: Vec<Option<StoredObservation>> = targets.iter().map(|_| None).collect();
        let rows = &self.hold.observations;
        if rows.is_empty() {
            return Ok(stored);
        }
        let mut found = Vec::with_capacity(rows.len());
        let mut fields = Vec::with_capacity(rows.len() * 2);
        for (position, row) in rows {
            let (shelf, patches) = targets[*position];
            let kept: ObservationKept = decode(row.try_get("state")?, OP)?;
            let patches = patches.iter().map(|(_, patch)| &patch.content);
            let inputs = patches.clone().map(|content| &content.input).collect();
            let outputs = patches.map(|content| &content.output).collect();
            fields.extend(two(row, shelf, kept.stamps(), [inputs, outputs])?);
            let model_parameters: Option<String> = row.try_get("model_parameters")?;
            found.push((*position, kept, model_parameters.map(JsonText::from_stored)));
        }
        let mut resolved = self.resolve(connection, fields).await?;
        for (position, kept, model_parameters) in found {
            let (texts, held) = resolved.next_two();
            let (facts, costing, content) = kept.with_texts(texts, model_parameters);
            stored[position] = Some(StoredObservation {
                facts,
                costing,
                content,
                held,
            });
        }
        Ok(stored)
    }

    async fn resolve(
        &self,
        connection: &mut PgConnection,
        fields: Vec<Field<'_>>,
    ) -> Result<Pairs, Failure> {
        let resolved = resolve(connection, self.parts, self.prepared, fields).await?;
        Ok(Pairs(resolved.into_iter()))
    }
}

/// Input and output of one payload after the other.
struct Pairs(std::vec::IntoIter<Resolved>);

impl Pairs {
    fn next_two(&mut self) -> ([Option<JsonText>; 2], [Option<Held>; 2]) {
        let mut next = || self.0.next().expect("there is one answer for each field");
        let (input, output) = (next(), next());
        ([input.text, output.text], [input.held, output.held])
    }
}

/// Input and output of a payload, with what patches say of them.
fn two<'a>(
    row: &PgRow,
    shelf: Shelf<'a>,
    stamps: [Option<Stamp>; 2],
    patches: [Vec<&'a Latest<JsonText>>; 2],
) -> sqlx::Result<[Field<'a>; 2]> {
    let [input, output] = stamps;
    let [inputs, outputs] = patches;
    let field = |stored, stamp, patches| Field {
        shelf,
        stamp,
        stored,
        patches,
    };
    Ok([
        field(
            StoredField::of(row, "input", "input_recipe")?,
            input,
            inputs,
        ),
        field(
            StoredField::of(row, "output", "output_recipe")?,
            output,
            outputs,
        ),
    ])
}
