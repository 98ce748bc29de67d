//! The price list: which definition applies to a model, which tier to a call, and what it costs.
//!
//! A cost is units × price of exactly that bucket (contracts/langfuse.md §3.4); where a definition does
//! not price that spelling, of another spelling of the same thing (`pricing/spellings.rs`). A bucket
//! without a price costs nothing, and an observation with no priced bucket has no cost at all.
//! What it deliberately does not do: count tokens, or price again what was priced before.

use std::collections::BTreeMap;

use crate::money::Usd;
use crate::usage::{Cost, Usage};

mod condition;
mod definition;
mod format;
mod matching;
mod spellings;

pub use condition::{Attribute, Comparison, Condition, UsagePattern};
pub use definition::{Definition, Tier};
pub use format::PriceBookError;
use matching::Matching;

/// The built-in list; where it comes from: `data/README.md`.
const BUILT_IN: &str = include_str!("../data/model-prices.json");

/// What is to be priced.
#[derive(Clone, Copy, Debug)]
pub struct PriceRequest<'a> {
    pub model: &'a str,
    pub usage: &'a Usage,
    /// Values that tiers ask for: model parameters such as `service_tier`, metadata as `metadata.<key>`.
    pub attributes: Option<&'a BTreeMap<Box<str>, Box<str>>>,
}

/// A price that was found. Empty `cost`: the model is known but no usage was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Priced {
    pub definition_id: Option<Box<str>>,
    pub tier: Option<Box<str>>,
    pub cost: Cost,
    /// USD per unit of the matched tier.
    pub input_price: Option<Usd>,
    pub output_price: Option<Usd>,
    pub total_price: Option<Usd>,
}

impl Priced {
    /// `definition/tier`, the provenance of a computed cost.
    pub fn price_id(&self) -> Option<Box<str>> {
        let definition = self.definition_id.as_deref()?;
        Some(format!("{definition}/{}", self.tier.as_deref().unwrap_or("default")).into())
    }
}

/// All price definitions in force.
///
/// Patterns are compiled when the first model is looked up, and each model is looked up once: an idle
/// process pays nothing, and a busy one a hash look-up per observation.
#[derive(Debug, Default)]
pub struct PriceBook {
    /// In order of preference.
    definitions: Vec<Definition>,
    matching: Matching,
}

impl PriceBook {
    /// The list that comes with the product.
    pub fn built_in() -> Self {
        format::read(BUILT_IN).expect("a test reads the built-in list")
    }

    /// A list in the format of `data/README.md`.
    ///
    /// # Errors
    /// The text is no such list; the message names the model and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PriceBookError> {
        let book = format::read(text)?;
        book.definitions
            .iter()
            .try_for_each(format::check_patterns)?;
        Ok(book)
    }

    pub(crate) fn of(mut definitions: Vec<Definition>) -> Self {
        // The sort is stable: of equal start, the first in the list stays first.
        definitions.sort_by_key(|definition| std::cmp::Reverse(definition.start));
        Self {
            definitions,
            matching: Matching::default(),
        }
    }

    /// In order of preference.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// The definition that applies to a model.
    pub fn definition(&self, model: &str) -> Option<&Definition> {
        let index = self.matching.find(model, &self.definitions)?;
        self.definitions.get(index)
    }

    /// `None` when no definition matches the model.
    pub fn price(&self, request: &PriceRequest<'_>) -> Option<Priced> {
        let definition = self.definition(request.model)?;
        let tier = definition.tier(request);
        let is_used = !request.usage.is_empty();
        Some(Priced {
            definition_id: Some(definition.id.clone()),
            tier: is_used.then(|| tier.name.clone()),
            cost: tier.cost(request.usage),
            input_price: tier.price("input"),
            output_price: tier.price("output"),
            total_price: tier.price("total"),
        })
    }
}

#[cfg(test)]
mod tests;
