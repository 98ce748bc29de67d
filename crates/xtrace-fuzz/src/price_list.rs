//! Price lists, and what usage objects of any shape cost by them.

use std::collections::BTreeMap;

use xtrace_model::pricing::PriceRequest;
use xtrace_model::{PriceBook, Usage, UsageReading};

use crate::bytes::pieces;

const MODELS: [&str; 4] = ["gpt-4o", "claude-3-5-sonnet-20241022", "m", ""];

/// A price list, a usage object, and the name of a model.
pub fn run(data: &[u8]) {
    let texts: Vec<_> = pieces(data, 3)
        .into_iter()
        .map(String::from_utf8_lossy)
        .collect();
    let reading = texts
        .get(1)
        .map_or_else(UsageReading::default, |text| UsageReading::of(text));
    let Ok(book) = PriceBook::parse(&texts[0]) else {
        return;
    };
    let attributes: BTreeMap<Box<str>, Box<str>> = [("service_tier".into(), "flex".into())].into();
    let sent = texts.get(2).map(|text| &**text);
    for model in MODELS.into_iter().chain(sent) {
        let request = |usage| PriceRequest {
            model,
            usage,
            attributes: Some(&attributes),
        };
        let priced = book.price(&request(&reading.usage));
        assert_eq!(priced, book.price(&request(&reading.usage)));
        assert_eq!(priced.is_some(), book.definition(model).is_some());
        let idle = book.price(&request(&Usage::default()));
        assert!(
            idle.is_none_or(|idle| idle.cost.is_empty()),
            "nothing costs nothing"
        );
    }
}
