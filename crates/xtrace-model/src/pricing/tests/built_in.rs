//! The list that comes with the product.

use super::*;
use crate::usage::UsageReading;

fn check(model: &str, units: &str, attribute: &str, expected: &str) {
    assert_eq!(
        priced(&PriceBook::built_in(), model, units, attribute),
        expected,
        "{model} {units}"
    );
}

#[test]
fn prices_known_models_bucket_by_bucket() {
    check(
        "gpt-4o",
        "input=1000000 output=100000",
        "",
        "Standard: 3.5 (input=2.5 output=1)",
    );
    check(
        "GPT-4o",
        "input=60 input_cached_tokens=40 output=1",
        "",
        "Standard: 0.00021 (input=0.00015 input_cached_tokens=0.00005 output=0.00001)",
    );
    check(
        "openai/gpt-4o",
        "input=1",
        "",
        "Standard: 0.0000025 (input=0.0000025)",
    );
    check("no-such-model", "input=1", "", "-");
    check("gpt-4o", "", "", "-: - ()");
    check("gpt-4o", "my_bucket=7", "", "Standard: - ()");
}

#[test]
fn a_total_is_priced_where_nothing_else_is() {
    check(
        "text-embedding-3-small",
        "input=1000000 total=1000000",
        "",
        "Standard: 0.02 (total=0.02)",
    );
    check(
        "text-embedding-3-small",
        "input=1000000",
        "",
        "Standard: 0.02 (total=0.02)",
    );
}

#[test]
fn tiers_follow_parameters_and_context_size() {
    check(
        "gpt-4o",
        "input=1000000",
        "service_tier=priority",
        "Fast mode: 4.25 (input=4.25)",
    );
    check(
        "gpt-4o",
        "input=1000000",
        "service_tier=auto",
        "Standard: 2.5 (input=2.5)",
    );
    check(
        "gemini-2.5-pro",
        "input=200000",
        "",
        "Standard: 0.25 (input=0.25)",
    );
    check(
        "gemini-2.5-pro",
        "input=200000 input_cached_tokens=1",
        "",
        "Large Context: 0.50000025 (input=0.5 input_cached_tokens=0.00000025)",
    );
}

#[test]
fn the_same_thing_costs_the_same_under_another_name() {
    check(
        "gemini-2.5-pro",
        "input_cache_read=1000000",
        "",
        "Large Context: 0.25 (input_cache_read=0.25)",
    );
    check(
        "gpt-4o-audio-preview",
        "input=1000000 output_audio_tokens=1",
        "",
        "Standard: 2.5002 (input=2.5 output_audio_tokens=0.0002)",
    );
    check(
        "claude-2.1",
        "output_reasoning_tokens=1000000",
        "",
        "Standard: 24 (output_reasoning_tokens=24)",
    );
    check(
        "gpt-4o",
        "output_accepted_prediction_tokens=1000000",
        "",
        "Standard: 10 (output_accepted_prediction_tokens=10)",
    );
}

#[test]
fn usage_as_providers_send_it_is_priced_whole() {
    let check = |model: &str, json: &str, expected: &str| {
        let usage = UsageReading::of(json).usage;
        let request = PriceRequest {
            model,
            usage: &usage,
            attributes: None,
        };
        let cost = PriceBook::built_in().price(&request).unwrap().cost;
        assert_eq!(cost.total().unwrap().to_string(), expected, "{json}");
    };
    // 60 × 2.5 + 40 × 1.25 + 50 × 10, per million.
    check(
        "gpt-4o-2024-08-06",
        r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":40},
            "completion_tokens_details":{"accepted_prediction_tokens":5}}"#,
        "0.0007",
    );
    // 10 × 3 + 1000 × 0.3 + 200 × 3.75 + 100 × 6 + 5 × 15, per million.
    check(
        "claude-sonnet-4-5-20250929",
        r#"{"input_tokens":10,"output_tokens":5,"cache_read_input_tokens":1000,"cache_creation_input_tokens":300,
            "cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":100}}"#,
        "0.001755",
    );
    // 70 × 1.25 + 30 × 0.125 + 60 × 10, per million.
    check(
        "gemini-2.5-pro",
        r#"{"promptTokenCount":100,"cachedContentTokenCount":30,"candidatesTokenCount":20,"thoughtsTokenCount":40}"#,
        "0.00069125",
    );
}

#[test]
fn every_definition_is_readable_and_found_by_its_own_name() {
    let book = PriceBook::parse(BUILT_IN).unwrap();
    assert!(book.definitions().len() > 100);
    for definition in book.definitions() {
        if let Some(found) = book.definition(&definition.model) {
            assert_eq!(found.id, definition.id, "{}", definition.model);
        }
    }
}

#[test]
fn a_model_is_matched_once_and_what_is_remembered_stays_bounded() {
    let book = PriceBook::built_in();
    for _ in 0..3 {
        assert_eq!(&*book.definition("gpt-4o").unwrap().model, "gpt-4o");
    }
    assert_eq!(book.matching.remembered_count(), 1);
    for model in 0..10_000 {
        assert!(book.definition(&format!("unknown-{model}")).is_none());
    }
    assert!(book.definition(&"x".repeat(1_000)).is_none());
    assert!(book.matching.remembered_count() <= 4_096);
    assert_eq!(&*book.definition("gpt-4o").unwrap().model, "gpt-4o");
}

/// One tier of the source: name, conditions, prices per unit as decimals without trailing zeros.
fn source_tier(tier: &serde_json::Value) -> String {
    let mut prices: Vec<String> = tier["prices"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(bucket, price)| format!("{bucket}={}", Usd::parse(&price.to_string()).unwrap()))
        .collect();
    prices.sort();
    let conditions: Vec<String> = tier["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|condition| match condition["usageDetailPattern"].as_str() {
            Some(pattern) => format!(
                "{pattern} {} {} {}",
                condition["operator"].as_str().unwrap(),
                condition["value"],
                condition["caseSensitive"]
            ),
            None => format!(
                "{} in {:?}",
                condition["key"].as_str().unwrap(),
                texts(&condition["values"])
            ),
        })
        .collect();
    format!(
        "{} {conditions:?} {prices:?}",
        tier["name"].as_str().unwrap()
    )
}

fn texts(list: &serde_json::Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

fn own_tier(tier: &Tier) -> String {
    let mut prices: Vec<String> = tier
        .prices
        .iter()
        .map(|(bucket, price)| format!("{bucket}={price}"))
        .collect();
    prices.sort();
    let conditions: Vec<String> = tier
        .conditions
        .iter()
        .map(|condition| match condition {
            Condition::Usage(usage) => {
                let op = format!("{:?}", usage.comparison).to_lowercase();
                format!(
                    "{} {op} {} {}",
                    usage.pattern, usage.value, usage.is_case_sensitive
                )
            }
            Condition::Attribute(attribute) => {
                format!("{} in {:?}", attribute.key, attribute.values)
            }
        })
        .collect();
    format!("{} {conditions:?} {prices:?}", tier.name)
}

#[test]
fn the_list_says_what_its_source_says() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/model-prices.json"
    );
    let Ok(source) = std::fs::read_to_string(path) else {
        eprintln!("not compared: there is no {path}");
        return;
    };
    let source: Vec<serde_json::Value> = serde_json::from_str(&source).unwrap();
    let book = PriceBook::built_in();
    assert_eq!(book.definitions().len(), source.len());
    for (own, theirs) in book.definitions().iter().zip(&source) {
        assert_eq!(&*own.id, theirs["id"].as_str().unwrap());
        assert_eq!(&*own.model, theirs["modelName"].as_str().unwrap());
        assert_eq!(&*own.pattern, theirs["matchPattern"].as_str().unwrap());
        let mut tiers: Vec<&serde_json::Value> =
            theirs["pricingTiers"].as_array().unwrap().iter().collect();
        tiers.sort_by_key(|tier| (tier["isDefault"] != true, tier["priority"].as_i64()));
        let theirs: Vec<String> = tiers.into_iter().map(source_tier).collect();
        let ours: Vec<String> = own.tiers.iter().map(own_tier).collect();
        assert_eq!(ours, theirs, "{}", own.model);
    }
}
