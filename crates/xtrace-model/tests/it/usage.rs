//! Whoever counts, a token counts once.

use std::sync::LazyLock;

use proptest::prelude::*;
use xtrace_model::limits::UNITS_MAX;
use xtrace_model::pricing::PriceRequest;
use xtrace_model::{PriceBook, UsageReading};

static PRICES: LazyLock<PriceBook> = LazyLock::new(PriceBook::built_in);

/// Two parts of a whole, and the whole.
fn parts() -> impl Strategy<Value = (u64, u64, u64)> {
    (0..1_000_u64, 0..1_000_u64, 0..1_000_u64).prop_map(|(a, b, rest)| (a, b, a + b + rest))
}

fn sides(json: &str) -> (u64, u64, u64) {
    let usage = UsageReading::of(json).usage;
    (usage.input(), usage.output(), usage.total())
}

proptest! {
    #[test]
    fn tokens_counted_within_a_side_stay_within_it(
        (cached, audio, input) in parts(),
        (reasoning, spoken, output) in parts(),
    ) {
        let total = input + output;
        let chat = format!(
            r#"{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{total},
                "prompt_tokens_details":{{"cached_tokens":{cached},"audio_tokens":{audio}}},
                "completion_tokens_details":{{"reasoning_tokens":{reasoning},"audio_tokens":{spoken}}}}}"#
        );
        prop_assert_eq!(sides(&chat), (input, output, total));
        let responses = format!(
            r#"{{"input_tokens":{input},"output_tokens":{output},"input_tokens_details":{{"cached_tokens":{cached}}},
                "output_tokens_details":{{"reasoning_tokens":{reasoning}}}}}"#
        );
        prop_assert_eq!(sides(&responses), (input, output, total));
    }

    #[test]
    fn tokens_counted_beside_a_side_are_added_to_it(
        input in 0..1_000_u64, output in 0..1_000_u64, read in 0..1_000_u64,
        short in 0..1_000_u64, long in 0..1_000_u64, rest in 0..1_000_u64,
    ) {
        let written = short + long + rest;
        let anthropic = format!(
            r#"{{"input_tokens":{input},"output_tokens":{output},"cache_read_input_tokens":{read},
                "cache_creation_input_tokens":{written},
                "cache_creation":{{"ephemeral_5m_input_tokens":{short},"ephemeral_1h_input_tokens":{long}}}}}"#
        );
        let all = input + read + written;
        prop_assert_eq!(sides(&anthropic), (all, output, all + output));
    }

    #[test]
    fn a_cost_grows_with_every_token_and_never_twice(
        (cached, _, input) in parts(),
        output in 0..1_000_u64,
    ) {
        let json = format!(
            r#"{{"prompt_tokens":{input},"completion_tokens":{output},"cached_tokens":{cached},
                "prompt_tokens_details":{{"cached_tokens":{cached}}}}}"#
        );
        let usage = UsageReading::of(&json).usage;
        let priced = PRICES.price(&PriceRequest { model: "gpt-4o", usage: &usage, attributes: None }).unwrap();
        // Picodollars per token: 2.5 and 1.25 and 10 USD per million.
        let expected = (input - cached) * 2_500_000 + cached * 1_250_000 + output * 10_000_000;
        prop_assert_eq!(priced.cost.total().map(xtrace_model::Usd::units), Some(i128::from(expected)));
    }

    #[test]
    fn any_text_is_read_without_failing(
        json in "\\PC{0,40}|\\{(\"(input|output|total|prompt_tokens|cached_tokens|x)\":(-?[0-9]{1,25}(\\.[0-9])?|null|\"[0-9]\"|\\[\\]|\\{\\}),){0,4}\"y\":1\\}",
    ) {
        let reading = UsageReading::of(&json);
        prop_assert!(reading.usage.0.values().all(|units| *units <= UNITS_MAX));
        UsageReading::costs_of(&json);
    }
}
