//! One thing, several names: what providers, libraries and price lists call the same bucket.

const CACHE_READ: &[&str] = &[
    "input_cached_tokens",
    "input_cache_read",
    "cache_read_input_tokens",
    "cached_content_token_count",
    "input_cached_text_tokens",
];
const CACHE_WRITE: &[&str] = &[
    "input_cache_creation",
    "cache_creation_input_tokens",
    "cache_write_tokens",
];
const INPUT_TEXT: &[&str] = &["input", "input_tokens", "input_text_tokens", "input_text"];
const OUTPUT_TEXT: &[&str] = &[
    "output",
    "output_tokens",
    "output_text_tokens",
    "output_text",
];
// What a definition does not price apart is billed as what it is a part of: thoughts and predicted
// tokens are output, sound and pictures are input of models that take both at one price.
const REASONING: &[&str] = &[
    "output_reasoning_tokens",
    "output_reasoning",
    "reasoning_tokens",
    "thoughts_token_count",
    "output",
    "output_text_tokens",
];
const INPUT_AUDIO: &[&str] = &["input_audio_tokens", "input_audio", "input"];
const OUTPUT_AUDIO: &[&str] = &["output_audio_tokens", "output_audio", "output"];
const INPUT_IMAGE: &[&str] = &["input_image_tokens", "input_image", "input"];

/// Names under which a price of this bucket may be listed, after its own.
pub(super) fn spellings(bucket: &str) -> &'static [&'static str] {
    match bucket {
        "input" | "input_tokens" | "input_text_tokens" | "input_text" => INPUT_TEXT,
        "output" | "output_tokens" | "output_text_tokens" | "output_text" => OUTPUT_TEXT,
        "output_accepted_prediction_tokens" | "output_rejected_prediction_tokens" => OUTPUT_TEXT,
        "input_cached_tokens" | "input_cache_read" | "cache_read_input_tokens" => CACHE_READ,
        "input_cache_creation" | "cache_creation_input_tokens" | "cache_write_tokens" => {
            CACHE_WRITE
        }
        // Five minutes is what caches keep when nothing else was asked for.
        "input_cache_creation_5m" => CACHE_WRITE,
        "output_reasoning_tokens" | "output_reasoning" | "reasoning_tokens" => REASONING,
        "input_audio_tokens" | "input_audio" => INPUT_AUDIO,
        "output_audio_tokens" | "output_audio" => OUTPUT_AUDIO,
        "input_image_tokens" | "input_image" => INPUT_IMAGE,
        _ => &[],
    }
}
