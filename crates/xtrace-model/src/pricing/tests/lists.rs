//! Lists of one's own.

use super::*;

fn list(models: &str) -> String {
    format!(r#"{{"format": 1, "models": [{models}]}}"#)
}

fn model(start: &str, tiers: &str) -> String {
    list(&format!(
        r#"{{"id": "m1", "model": "m", "match": "^m$"{start}, "tiers": [{tiers}]}}"#
    ))
}

const DEFAULT: &str = r#"{"name": "Standard", "usd_per_million": {"input": "1"}}"#;

fn check_error(text: &str, expected: &str) {
    assert_eq!(
        PriceBook::parse(text).unwrap_err().to_string(),
        expected,
        "{text}"
    );
}

#[test]
fn every_comparison_and_the_case_of_patterns() {
    let check = |condition: &str, units: &str, expected: bool| {
        let tier = format!(
            r#"{{"name": "Other", "when": [{condition}], "usd_per_million": {{"input": "2"}}}}"#
        );
        let book = PriceBook::parse(&model("", &format!("{DEFAULT}, {tier}"))).unwrap();
        let is_other = priced(&book, "m", units, "").starts_with("Other");
        assert_eq!(is_other, expected, "{condition} {units}");
    };
    let usage = |op: &str| format!(r#"{{"usage": "input", "op": "{op}", "value": 10}}"#);
    check(&usage("gt"), "input=10", false);
    check(&usage("gt"), "input=6 input_x=5", true);
    check(&usage("gte"), "input=10", true);
    check(&usage("lt"), "input=10", false);
    check(&usage("lt"), "output=99", true);
    check(&usage("lte"), "input=10", true);
    check(&usage("eq"), "input=10", true);
    check(&usage("neq"), "input=10", false);
    check(&usage("gt"), "INPUT=11", true);
    check(
        r#"{"usage": "input", "op": "gt", "value": 10, "case_sensitive": true}"#,
        "INPUT=11",
        false,
    );
}

#[test]
fn all_conditions_must_hold_and_the_first_tier_that_fits_counts() {
    let tiers = r#"{"name": "Both", "when": [{"parameter": "tier", "in": ["flex"]}, {"usage": "input", "op": "gt", "value": 5}],
                     "usd_per_million": {"input": "3"}},
                   {"name": "Standard", "usd_per_million": {"input": "1"}},
                   {"name": "Flex", "when": [{"parameter": "tier", "in": ["flex", "batch"]}], "usd_per_million": {"input": "2"}},
                   {"name": "Eu", "when": [{"metadata": "region", "in": ["eu"]}], "usd_per_million": {"input": "4"}}"#;
    let book = PriceBook::parse(&model("", tiers)).unwrap();
    let check = |units: &str, attribute: &str, expected: &str| {
        assert_eq!(priced(&book, "m", units, attribute), expected);
    };
    check("input=6", "tier=flex", "Both: 0.000018 (input=0.000018)");
    check("input=5", "tier=flex", "Flex: 0.00001 (input=0.00001)");
    check(
        "input=6",
        "tier=batch metadata.region=eu",
        "Flex: 0.000012 (input=0.000012)",
    );
    check(
        "input=6",
        "metadata.region=eu",
        "Eu: 0.000024 (input=0.000024)",
    );
    check(
        "input=6",
        "region=eu",
        "Standard: 0.000006 (input=0.000006)",
    );
}

#[test]
fn the_definition_that_started_last_counts_and_then_the_first_listed() {
    let one = |id: &str, start: &str| {
        format!(r#"{{"id": "{id}", "model": "m", "match": "m"{start}, "tiers": [{DEFAULT}]}}"#)
    };
    let check = |models: [String; 3], expected: &str| {
        let book = PriceBook::parse(&list(&models.join(","))).unwrap();
        assert_eq!(&*book.definition("m").unwrap().id, expected);
    };
    let from_2025 = r#", "start": "2025-01-01T00:00:00Z""#;
    let from_2026 = r#", "start": "2026-01-01T00:00:00Z""#;
    check(
        [one("a", ""), one("b", from_2025), one("c", from_2026)],
        "c",
    );
    check(
        [one("a", ""), one("b", from_2026), one("c", from_2026)],
        "b",
    );
    check([one("a", ""), one("b", ""), one("c", "")], "a");
}

#[test]
fn total_is_the_total_bucket_where_both_usage_and_prices_have_it() {
    let tiers =
        r#"{"name": "Standard", "usd_per_million": {"input": "1", "output": "2", "total": "10"}}"#;
    let book = PriceBook::parse(&model("", tiers)).unwrap();
    let check = |units: &str, expected: &str| assert_eq!(priced(&book, "m", units, ""), expected);
    check(
        "input=1 output=1 total=2",
        "Standard: 0.00002 (input=0.000001 output=0.000002 total=0.00002)",
    );
    check(
        "input=1 output=1",
        "Standard: 0.000003 (input=0.000001 output=0.000002)",
    );
    check("input=1 other=5", "Standard: 0.000001 (input=0.000001)");
}

#[test]
fn names_the_model_and_what_is_wrong() {
    let tier = |price: &str| {
        model(
            "",
            &format!(r#"{{"name": "S", "usd_per_million": {{"input": "{price}"}}}}"#),
        )
    };
    check_error(
        "",
        "price list is not in the documented shape: EOF while parsing a value at line 1 column 0",
    );
    check_error(
        r#"{"format": 2, "models": []}"#,
        "price list has format 2; this version reads format 1",
    );
    check_error(
        &tier("free"),
        r#"price list, model "m": tier "S": price of "input" free is not an amount of at most 1000000000000 USD"#,
    );
    check_error(
        &tier("-1"),
        r#"price list, model "m": tier "S": price of "input" is -1; a price is not negative"#,
    );
    check_error(
        &tier("0.0000001"),
        r#"price list, model "m": tier "S": price of "input" is 0.0000001; a price per million has at most six fraction digits"#,
    );
    check_error(
        &model("", ""),
        r#"price list, model "m": has 0 tiers without `when`; exactly one is the default"#,
    );
    check_error(
        &model("", &format!("{DEFAULT}, {DEFAULT}")),
        r#"price list, model "m": has 2 tiers without `when`; exactly one is the default"#,
    );
    check_error(
        &model(r#", "start": "today""#, DEFAULT),
        r#"price list, model "m": start "today" is not an RFC 3339 time such as 2026-01-31T12:00:00Z"#,
    );
    let when = |condition: &str| {
        let other = format!(r#"{{"name": "O", "when": [{condition}], "usd_per_million": {{}}}}"#);
        model("", &format!("{DEFAULT}, {other}"))
    };
    check_error(
        &when("{}"),
        r#"price list, model "m": tier "O": a condition has one of `usage`, `parameter` and `metadata`"#,
    );
    check_error(
        &when(r#"{"usage": "input"}"#),
        r#"price list, model "m": tier "O": a condition on usage has `op` and `value`"#,
    );
    check_error(
        &when(r#"{"parameter": "p"}"#),
        r#"price list, model "m": tier "O": a condition on an attribute has `in`"#,
    );
    let bad = PriceBook::parse(&list(&format!(
        r#"{{"id": "x", "model": "x", "match": "(", "tiers": [{DEFAULT}]}}"#
    )));
    assert!(
        bad.unwrap_err()
            .to_string()
            .starts_with(r#"price list, model "x": match is not a regular expression"#)
    );
}
