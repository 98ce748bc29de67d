//! Rows of payloads with their texts.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use xtrace_model::JsonText;
use xtrace_payload::PayloadError;
use xtrace_store::StoreResult;

use crate::columns::Binding;
use crate::engine::PostgresEngine;
use crate::parts::{Texts, Trouble};
use crate::week::Week;

/// How often a payload is read again because it was replaced or deleted, and swept away, between two statements.
const ATTEMPTS_MAX: u32 = 4;

/// A row, and its input and output.
pub struct Loaded {
    pub row: PgRow,
    pub texts: [Option<JsonText>; 2],
}

impl PostgresEngine {
    /// Runs a query whose rows have the columns `week`, `input`, `output`, `input_recipe` and `output_recipe`, and puts
    /// the texts together; each part is fetched once.
    pub(super) async fn load<'q>(
        &self,
        op: &'static str,
        project: &str,
        query: impl Fn() -> Binding<'q> + Send + Sync,
    ) -> StoreResult<Vec<Loaded>> {
        let mut attempt = 1;
        loop {
            let mut reader = self.reader(op).await?;
            let loaded = self.load_once(reader.connection(), project, query()).await;
            match loaded {
                Ok(loaded) => {
                    reader.done();
                    return Ok(loaded);
                }
                Err(Trouble::Payload(PayloadError::Missing(_))) if attempt < ATTEMPTS_MAX => {
                    reader.done();
                    attempt += 1;
                }
                Err(trouble) => return Err(trouble.during(op)),
            }
        }
    }

    async fn load_once(
        &self,
        connection: &mut PgConnection,
        project: &str,
        query: Binding<'_>,
    ) -> Result<Vec<Loaded>, Trouble> {
        let rows = query.fetch_all(&mut *connection).await?;
        let mut stored: Vec<Vec<u8>> = Vec::new();
        for row in &rows {
            for column in ["input_recipe", "output_recipe"] {
                let recipe: Option<Vec<u8>> = row.try_get(column)?;
                stored.extend(recipe);
            }
        }
        let recipes = self.parts.unpack(connection, stored).await?;
        let mut texts = Texts::default();
        let mut places = recipes.iter();
        for row in &rows {
            for column in ["input_recipe", "output_recipe"] {
                if is_there(row, column)? {
                    let recipe = places.next().expect("there is one for each that is there");
                    texts.add((week(row)?, project), recipe)?;
                }
            }
        }
        texts.fetch(&self.parts, connection).await?;
        let mut recipes = recipes.iter();
        let mut loaded = Vec::with_capacity(rows.len());
        for row in rows {
            let mut both = [None, None];
            let columns = [("input", "input_recipe"), ("output", "output_recipe")];
            for (text, (column, recipe_column)) in both.iter_mut().zip(columns) {
                if is_there(&row, recipe_column)? {
                    let recipe = recipes.next().expect("there is one for each that is there");
                    *text = Some(texts.join((week(&row)?, project), &recipe.body)?);
                }
                // A server from before there were recipes has written over it.
                let plain: Option<String> = row.try_get(column)?;
                *text = plain.or(text.take());
            }
            loaded.push(Loaded {
                texts: both.map(|text| text.map(JsonText::from_stored)),
                row,
            });
        }
        Ok(loaded)
    }
}

fn is_there(row: &PgRow, column: &str) -> sqlx::Result<bool> {
    let value: Option<&[u8]> = row.try_get(column)?;
    Ok(value.is_some())
}

fn week(row: &PgRow) -> sqlx::Result<Week> {
    row.try_get("week").map(Week)
}
