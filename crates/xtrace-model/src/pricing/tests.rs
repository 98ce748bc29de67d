use super::*;

mod built_in;
mod lists;

/// Usage written as `input=10 output=5`.
fn usage(text: &str) -> Usage {
    let buckets = text.split_whitespace().map(|entry| {
        let (bucket, units) = entry.split_once('=').unwrap();
        (bucket.into(), units.parse().unwrap())
    });
    Usage(buckets.collect())
}

fn attributes(text: &str) -> BTreeMap<Box<str>, Box<str>> {
    let entries = text
        .split_whitespace()
        .filter_map(|entry| entry.split_once('='));
    entries
        .map(|(key, value)| (key.into(), value.into()))
        .collect()
}

/// `tier: total (bucket=cost …)`.
fn priced(book: &PriceBook, model: &str, units: &str, attribute: &str) -> String {
    let attributes = attributes(attribute);
    let request = PriceRequest {
        model,
        usage: &usage(units),
        attributes: Some(&attributes),
    };
    let Some(priced) = book.price(&request) else {
        return "-".to_owned();
    };
    let buckets: Vec<String> = priced
        .cost
        .0
        .iter()
        .map(|(bucket, usd)| format!("{bucket}={usd}"))
        .collect();
    let total = priced
        .cost
        .total()
        .map_or("-".to_owned(), |usd| usd.to_string());
    format!(
        "{}: {total} ({})",
        priced.tier.as_deref().unwrap_or("-"),
        buckets.join(" ")
    )
}
