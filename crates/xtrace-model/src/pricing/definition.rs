//! What one model costs, by tier.

use std::collections::BTreeMap;

use super::PriceRequest;
use super::condition::Condition;
use super::spellings::spellings;
use crate::money::Usd;
use crate::time::Timestamp;
use crate::usage::{Cost, Usage};

/// The prices of all models whose name matches a pattern.
#[derive(Debug)]
pub struct Definition {
    pub id: Box<str>,
    pub model: Box<str>,
    /// A regular expression on the model name.
    pub pattern: Box<str>,
    /// Of several definitions that match, the one that started last counts.
    pub start: Option<Timestamp>,
    /// The default first, then the others in the order in which they are tried.
    pub tiers: Vec<Tier>,
}

/// The prices of calls that meet all conditions.
#[derive(Debug)]
pub struct Tier {
    pub name: Box<str>,
    /// None for the default tier.
    pub conditions: Vec<Condition>,
    /// USD per unit by bucket.
    pub prices: BTreeMap<Box<str>, Usd>,
}

impl Definition {
    /// The first tier whose conditions all hold, else the default; without usage always the default.
    pub(super) fn tier(&self, request: &PriceRequest<'_>) -> &Tier {
        let (default, others) = self
            .tiers
            .split_first()
            .expect("a definition has a default tier");
        if request.usage.is_empty() {
            return default;
        }
        others
            .iter()
            .find(|tier| {
                tier.conditions
                    .iter()
                    .all(|condition| condition.holds(request))
            })
            .unwrap_or(default)
    }
}

impl Tier {
    /// USD per unit.
    pub(super) fn price(&self, bucket: &str) -> Option<Usd> {
        let own = self.prices.get(bucket);
        let same = || {
            spellings(bucket)
                .iter()
                .find_map(|name| self.prices.get(*name))
        };
        own.or_else(same).copied()
    }

    /// Units × price for every bucket that has a price. A tier that prices nothing but the total prices
    /// the sum of what was counted.
    pub(super) fn cost(&self, usage: &Usage) -> Cost {
        let priced = usage.0.iter().filter_map(|(bucket, units)| {
            let price = self.price(bucket)?;
            Some((bucket.clone(), price.times(*units)))
        });
        let mut cost = Cost(priced.collect());
        if let (true, false, Some(price)) =
            (cost.is_empty(), usage.is_empty(), self.prices.get("total"))
        {
            cost.0.insert("total".into(), price.times(usage.total()));
        }
        cost
    }
}
