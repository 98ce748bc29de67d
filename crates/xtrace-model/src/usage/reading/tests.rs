use super::*;

fn shown(reading: &UsageReading) -> String {
    let buckets: Vec<String> = reading
        .usage
        .0
        .iter()
        .map(|(key, units)| format!("{key}={units}"))
        .collect();
    buckets.join(" ")
}

fn check(json: &str, expected: &str) {
    assert_eq!(shown(&UsageReading::of(json)), expected, "{json}");
}

fn check_dropped(json: &str, expected: &str) {
    let reading = UsageReading::of(json);
    let dropped: Vec<String> = reading
        .dropped
        .iter()
        .map(|entry| format!("{} {}", entry.key, entry.reason))
        .collect();
    assert_eq!(dropped.join("; "), expected, "{json}");
}

#[test]
fn reads_openai_chat_completions() {
    check(
        r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
            "prompt_tokens_details":{"cached_tokens":40,"audio_tokens":0},
            "completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":0,
              "accepted_prediction_tokens":5,"rejected_prediction_tokens":0}}"#,
        "input=60 input_audio_tokens=0 input_cached_tokens=40 output=25 output_accepted_prediction_tokens=5 \
         output_audio_tokens=0 output_reasoning_tokens=20 output_rejected_prediction_tokens=0 total=150",
    );
    check(
        r#"{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"prompt_tokens_details":null}"#,
        "input=3 output=4 total=7",
    );
}

#[test]
fn reads_openai_responses() {
    check(
        r#"{"input_tokens":100,"input_tokens_details":{"cached_tokens":30},"output_tokens":10,
            "output_tokens_details":{"reasoning_tokens":8},"total_tokens":110}"#,
        "input=70 input_cached_tokens=30 output=2 output_reasoning_tokens=8 total=110",
    );
}

#[test]
fn reads_anthropic_which_counts_its_cache_beside_the_input() {
    check(
        r#"{"input_tokens":10,"output_tokens":5,"cache_read_input_tokens":1000,"cache_creation_input_tokens":300,
            "cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":100},
            "service_tier":"standard","server_tool_use":{"web_search_requests":1}}"#,
        "input=10 input_cache_creation_1h=100 input_cache_creation_5m=200 input_cache_read=1000 output=5",
    );
    check(
        r#"{"input_tokens":10,"output_tokens":5,"cache_creation_input_tokens":300,"cache_read_input_tokens":0}"#,
        "input=10 input_cache_creation=300 input_cache_read=0 output=5",
    );
    check(
        r#"{"input_tokens":10,"output_tokens":5,"cache_creation_input_tokens":300,
            "cache_creation":{"ephemeral_5m_input_tokens":200}}"#,
        "input=10 input_cache_creation=100 input_cache_creation_5m=200 output=5",
    );
}

#[test]
fn reads_bedrock_which_counts_its_cache_beside_the_input() {
    check(
        r#"{"inputTokens":10,"outputTokens":5,"totalTokens":115,"cacheReadInputTokens":60,"cacheWriteInputTokens":40}"#,
        "input=10 input_cache_creation=40 input_cache_read=60 output=5 total=115",
    );
}

#[test]
fn lets_the_total_decide_whether_the_cache_is_within_the_input() {
    check(
        r#"{"input_tokens":100,"output_tokens":5,"total_tokens":105,"cache_read_input_tokens":60}"#,
        "input=40 input_cache_read=60 output=5 total=105",
    );
}

#[test]
fn reads_gateways_that_say_the_cache_twice() {
    check(
        r#"{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"cache_read_input_tokens":60,
            "cache_creation_input_tokens":30,"prompt_tokens_details":{"cached_tokens":60}}"#,
        "input=10 input_cache_creation=30 input_cached_tokens=60 output=5 total=105",
    );
    check(
        r#"{"prompt_tokens":100,"completion_tokens":5,"prompt_cache_hit_tokens":60,"prompt_cache_miss_tokens":40,
            "prompt_tokens_details":{"cached_tokens":60}}"#,
        "input=40 input_cached_tokens=60 output=5",
    );
}

#[test]
fn reads_gemini_in_both_spellings() {
    let expected = "input=75 input_cached_tokens=30 output=20 output_reasoning_tokens=40 total=165";
    check(
        r#"{"promptTokenCount":100,"candidatesTokenCount":20,"thoughtsTokenCount":40,"totalTokenCount":165,
            "cachedContentTokenCount":30,"toolUsePromptTokenCount":5,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":100}]}"#,
        expected,
    );
    check(
        r#"{"prompt_token_count":100,"candidates_token_count":20,"thoughts_token_count":40,"total_token_count":165,
            "cached_content_token_count":30,"tool_use_prompt_token_count":5}"#,
        expected,
    );
}

#[test]
fn reads_libraries_with_words_of_their_own() {
    check(
        r#"{"input_tokens":100,"output_tokens":50,"total_tokens":150,
            "input_token_details":{"cache_read":20,"cache_creation":0,"ephemeral_5m_input_tokens":30},
            "output_token_details":{"reasoning":10}}"#,
        "input=50 input_cache_creation_5m=30 input_cache_read=20 output=40 output_reasoning=10 total=150",
    );
    check(
        r#"{"inputTokens":100,"outputTokens":50,"totalTokens":150,"reasoningTokens":10,"cachedInputTokens":20}"#,
        "input=80 input_cached_tokens=20 output=40 output_reasoning_tokens=10 total=150",
    );
    check(
        r#"{"inputTokens":100,"outputTokens":50,"inputTokenDetails":{"noCacheTokens":80,"cacheReadTokens":20}}"#,
        "input=80 input_cache_read=20 output=50",
    );
}

#[test]
fn keeps_flat_maps_as_they_are() {
    check(
        r#"{"input":1,"output":2,"total":3,"unit":"CHARACTERS"}"#,
        "input=1 output=2 total=3",
    );
    check(
        r#"{"input":1,"reasoning_tokens":2,"my_bucket":"7"}"#,
        "input=1 my_bucket=7 reasoning_tokens=2",
    );
    check(r#"{"my_bucket":5}"#, "my_bucket=5");
    check("{}", "");
    check("null", "");
    check(r#""{\"input\": 3}""#, "input=3");
}

#[test]
fn never_counts_two_names_of_one_thing_twice() {
    check(
        r#"{"input":10,"prompt_tokens":10,"output":5,"completionTokens":5}"#,
        "input=10 output=5",
    );
    check(
        r#"{"input":1,"input_cached_tokens":9,"cache_read_input_tokens":9,"input_cache_read":4}"#,
        "input=1 input_cache_read=4 input_cached_tokens=9",
    );
    check(
        r#"{"prompt_tokens":10,"promptTokens":10,"input_tokens":10}"#,
        "input=10",
    );
    check(
        r#"{"promptTokens":10,"completionTokens":5,"totalTokens":15}"#,
        "input=10 output=5 total=15",
    );
    check(
        r#"{"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":9}}"#,
        "input=0 input_cached_tokens=9",
    );
}

#[test]
fn leaves_out_what_is_no_count_and_says_so() {
    check(
        r#"{"input":-1,"output":1.5,"total":4.0,"cached":null,"big":1e30}"#,
        "total=4",
    );
    check_dropped(
        r#"{"input":-1,"output":1.5,"big":1e30}"#,
        "input is -1; a count is a whole number from 0; output is 1.5; a count is a whole number from 0; \
         big is 1e30; the limit is 1000000000000",
    );
    check_dropped("[1]", " is not an object of counts");
    check_dropped(r#"{"input":1,"note":"text","flag":true}"#, "");
}

#[test]
fn a_total_of_zero_beside_counts_says_nothing() {
    check(r#"{"input":3,"output":4,"total":0}"#, "input=3 output=4");
    check(
        r#"{"input":0,"output":0,"total":0}"#,
        "input=0 output=0 total=0",
    );
}

#[test]
fn reads_unit_and_costs() {
    let reading = UsageReading::of(
        r#"{"input":3,"unit":"IMAGES","inputCost":0.25,"output_cost":"0.5","totalCost":null,"total_cost":-1}"#,
    );
    assert_eq!(reading.unit.as_deref(), Some("IMAGES"));
    let costs: Vec<String> = reading
        .cost
        .0
        .iter()
        .map(|(key, usd)| format!("{key}={usd}"))
        .collect();
    assert_eq!(costs, ["input=0.25", "output=0.5"]);
    assert_eq!(reading.dropped.len(), 1);
}
