//! Usage objects as model providers and their libraries write them.

use std::collections::BTreeMap;

use super::entries::Entries;
use crate::usage::counts_calls;

type Buckets = BTreeMap<Box<str>, u64>;

const INPUT: &[&str] = &[
    "prompt_tokens",
    "promptTokens",
    "input_tokens",
    "inputTokens",
    "promptTokenCount",
    "prompt_token_count",
    "inputTokenCount",
    "input_token_count",
];
const OUTPUT: &[&str] = &[
    "completion_tokens",
    "completionTokens",
    "output_tokens",
    "outputTokens",
    "candidatesTokenCount",
    "candidates_token_count",
    "responseTokenCount",
    "response_token_count",
    "outputTokenCount",
    "output_token_count",
];
const TOTAL: &[&str] = &[
    "total_tokens",
    "totalTokens",
    "totalTokenCount",
    "total_token_count",
];

/// Providers' names of the plain buckets, the preferred one first.
pub(super) const SIDES: [(&str, &[&str]); 3] =
    [("input", INPUT), ("output", OUTPUT), ("total", TOTAL)];

const PLAIN: &[&str] = &["input", "output", "total"];

/// Gemini counts thoughts and tool results beside what others count in.
const GEMINI: &[&str] = &[
    "promptTokenCount",
    "prompt_token_count",
    "candidatesTokenCount",
    "candidates_token_count",
];
const TOOL_RESULTS: &[&str] = &["toolUsePromptTokenCount", "tool_use_prompt_token_count"];

/// Read from a cache, counted within the input.
const CACHED_WITHIN: &[&str] = &[
    "prompt_cache_hit_tokens",
    "cachedInputTokens",
    "cached_input_tokens",
    "cachedContentTokenCount",
    "cached_content_token_count",
    "cached_tokens",
];
/// Read from a cache, counted beside the input where no detail or total says otherwise.
const CACHE_READ: &[&str] = &[
    "cache_read_input_tokens",
    "cacheReadInputTokens",
    "cache_read_tokens",
];
const CACHE_WRITE: &[&str] = &[
    "cache_creation_input_tokens",
    "cacheCreationInputTokens",
    "cache_write_input_tokens",
    "cacheWriteInputTokens",
    "cache_creation_tokens",
    "cache_write_tokens",
];
const CACHE_WRITE_SPLIT: &[&str] = &["cache_creation", "cacheCreation"];
const REASONING: &[&str] = &[
    "reasoningTokens",
    "reasoning_tokens",
    "thoughtsTokenCount",
    "thoughts_token_count",
];

const INPUT_DETAILS: &[&str] = &[
    "prompt_tokens_details",
    "promptTokensDetails",
    "prompt_token_details",
    "input_tokens_details",
    "inputTokensDetails",
    "input_token_details",
    "inputTokenDetails",
];
const OUTPUT_DETAILS: &[&str] = &[
    "completion_tokens_details",
    "completionTokensDetails",
    "completion_token_details",
    "output_tokens_details",
    "outputTokensDetails",
    "output_token_details",
    "outputTokenDetails",
];

/// `None` when the object is not written in a provider's words.
pub(super) fn read(entries: &mut Entries) -> Option<Buckets> {
    let is_providers = SIDES.iter().any(|(_, names)| entries.has_any(names));
    if !is_providers || entries.has_any(PLAIN) {
        return None;
    }
    let is_gemini = entries.has_any(GEMINI);
    let counts_cache_apart = counts_cache_apart(entries);
    let total = entries.take_count(TOTAL);
    let tool_results = entries.take_count(TOOL_RESULTS).unwrap_or(0);
    let input = entries
        .take_count(INPUT)
        .map(|units| units.saturating_add(tool_results));
    let output = entries.take_count(OUTPUT);
    let input_details = input_details(entries);
    let output_details = output_details(entries);

    let read_cache: u64 = cache_units(&input_details);
    let totals_agree =
        total.is_some() && total == input.unwrap_or(0).checked_add(output.unwrap_or(0));
    let is_apart = counts_cache_apart && !(totals_agree && read_cache > 0);
    let mut buckets = Buckets::new();
    put_side(&mut buckets, "input", input, &input_details, !is_apart);
    put_side(&mut buckets, "output", output, &output_details, !is_gemini);
    buckets.extend(total.map(|units| ("total".into(), units)));
    // What is left may repeat what was read; only calls are certain to count something else.
    buckets.extend(
        entries
            .take_counts()
            .into_iter()
            .filter(|(key, _)| counts_calls(key)),
    );
    Some(buckets)
}

/// Anthropic and Bedrock: cache counts at the top level, in the words of those two, and no details.
fn counts_cache_apart(entries: &Entries) -> bool {
    let has_cache = entries.has_any(CACHE_READ)
        || entries.has_any(CACHE_WRITE)
        || entries.has_group(CACHE_WRITE_SPLIT);
    has_cache
        && entries.has_any(&["input_tokens", "inputTokens"])
        && !entries.has_group(INPUT_DETAILS)
}

fn put_side(
    buckets: &mut Buckets,
    side: &str,
    units: Option<u64>,
    details: &Buckets,
    is_inclusive: bool,
) {
    let detailed = details
        .values()
        .fold(0_u64, |sum, units| sum.saturating_add(*units));
    if let Some(units) = units {
        let plain = if is_inclusive {
            units.saturating_sub(detailed)
        } else {
            units
        };
        buckets.insert(side.into(), plain);
    }
    for (name, units) in details {
        buckets.insert(format!("{side}_{name}").into(), *units);
    }
}

fn input_details(entries: &mut Entries) -> Buckets {
    let mut details = details(entries, INPUT_DETAILS);
    let cached = entries.take_count(CACHED_WITHIN);
    let read = entries.take_count(CACHE_READ);
    let written = entries.take_count(CACHE_WRITE);
    for (name, units) in [("cached_tokens", cached), ("cache_read", read)] {
        let is_known = details.contains_key("cached_tokens") || details.contains_key("cache_read");
        if let (Some(units), false) = (units, is_known) {
            details.insert(name.into(), units);
        }
    }
    if let Some(units) = written {
        details.entry("cache_creation".into()).or_insert(units);
    }
    for (key, units) in entries.take_group(CACHE_WRITE_SPLIT) {
        if let Some(name) = detail_name(&key) {
            details.entry(name).or_insert(units);
        }
    }
    say_once(&mut details);
    details
}

fn output_details(entries: &mut Entries) -> Buckets {
    let mut details = details(entries, OUTPUT_DETAILS);
    let reasoning = entries.take_count(REASONING);
    let is_known = details.contains_key("reasoning_tokens") || details.contains_key("reasoning");
    if let (Some(units), false) = (reasoning, is_known) {
        details.insert("reasoning_tokens".into(), units);
    }
    details
}

fn details(entries: &mut Entries, names: &[&str]) -> Buckets {
    let group = entries.take_group(names).into_iter();
    group
        .filter_map(|(key, units)| Some((detail_name(&key)?, units)))
        .collect()
}

/// Two names of one thing become one; what is written to a cache for 5 minutes or an hour is part of
/// what is written.
fn say_once(details: &mut Buckets) {
    if let (Some(cached), Some(read)) = (details.get("cached_tokens"), details.get("cache_read")) {
        let lesser = if cached >= read {
            "cache_read"
        } else {
            "cached_tokens"
        };
        details.remove(lesser);
    }
    let split = ["cache_creation_5m", "cache_creation_1h"];
    let known: u64 = split.iter().filter_map(|name| details.get(*name)).sum();
    let has_split = split.iter().any(|name| details.contains_key(*name));
    if let (Some(written), true) = (details.get_mut("cache_creation"), has_split) {
        *written = written.saturating_sub(known);
        if *written == 0 {
            details.remove("cache_creation");
        }
    }
}

fn cache_units(details: &Buckets) -> u64 {
    let cache = details.iter().filter(|(name, _)| name.contains("cache"));
    cache.fold(0, |sum, (_, units)| sum.saturating_add(*units))
}

/// The detail as the price list spells it; `None` for what is no part of its own.
fn detail_name(key: &str) -> Option<Box<str>> {
    let snake = to_snake(key);
    let name = match snake.as_str() {
        "no_cache_tokens" => return None,
        "cache_read_tokens" | "cache_read_input_tokens" | "cached_input_tokens" => "cache_read",
        "cache_write"
        | "cache_write_tokens"
        | "cache_creation_tokens"
        | "cache_creation_input_tokens" => "cache_creation",
        "ephemeral_5m_input_tokens" => "cache_creation_5m",
        "ephemeral_1h_input_tokens" => "cache_creation_1h",
        other => other,
    };
    Some(name.into())
}

fn to_snake(key: &str) -> String {
    let mut snake = String::with_capacity(key.len() + 4);
    let mut after_digit = false;
    for c in key.chars() {
        // `ephemeral5mInputTokens` is `ephemeral_5m_input_tokens`.
        let starts_number = c.is_ascii_digit() && !after_digit && !snake.ends_with('_');
        if (c.is_ascii_uppercase() || starts_number) && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
        after_digit = c.is_ascii_digit();
    }
    snake
}
