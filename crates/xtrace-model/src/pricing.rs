//! The price list: which definition applies to a model, which tier to a call, and what it costs.

use std::collections::BTreeMap;

use crate::money::Usd;
use crate::usage::{Cost, Usage};

/// What is to be priced.
#[derive(Clone, Copy, Debug)]
pub struct PriceRequest<'a> {
    pub model: &'a str,
    pub usage: &'a Usage,
    /// Values that tiers ask for: model parameters such as `service_tier`.
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
#[derive(Debug, Default)]
pub struct PriceBook {}

impl PriceBook {
    /// `None` when no definition matches the model.
    pub fn price(&self, _request: &PriceRequest<'_>) -> Option<Priced> {
        None
    }
}
