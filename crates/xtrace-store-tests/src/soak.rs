//! How often tests of chance repeat themselves: a few rounds in `make test`, many in `make soak`.

/// Names the number of rounds of the long form.
const ROUNDS: &str = "XTRACE_SOAK_ROUNDS";

/// `short` rounds, or as many as the tester asked for.
///
/// # Panics
/// When what was asked for is no number.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the tester's choice")]
pub fn rounds(short: u32) -> u32 {
    let Some(asked) = std::env::var_os(ROUNDS) else {
        return short;
    };
    let asked = asked.to_str().and_then(|text| text.parse().ok());
    asked.expect("XTRACE_SOAK_ROUNDS is a number of rounds")
}
