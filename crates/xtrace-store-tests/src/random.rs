//! Random operations and random questions: engine and reference must agree on all of them.
//!
//! The sequence is the same in every run: a failure is a failure again. `PROPTEST_CASES` asks for more of them than the
//! few that each run affords, `PROPTEST_RNG_SEED` for others. What fails is made as small as possible and reported;
//! it then becomes a case with a name among those of its topic.

pub mod operations;
pub mod plans;
pub mod questions;
pub mod rollups;

use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::stage::Stage;

/// How often a failing input is made smaller before it is reported.
const SHRINKS_MAX: u32 = 400;

/// Gives `check` as many inputs as asked for by the environment, else `default_cases`.
///
/// # Panics
/// One of them fails; the message shows the smallest found.
pub fn run<S>(
    stage: &mut Stage,
    default_cases: u32,
    inputs: &S,
    check: impl AsyncFn(&mut Stage, S::Value),
) where
    S: Strategy,
    S::Value: Clone + Debug,
{
    let config = Config {
        cases: number_from_environment("PROPTEST_CASES")
            .map_or(default_cases, |cases| cases as u32),
        max_shrink_iters: SHRINKS_MAX,
        failure_persistence: None,
        ..Config::default()
    };
    let mut seed = [7; 32];
    if let Some(number) = number_from_environment("PROPTEST_RNG_SEED") {
        seed[..8].copy_from_slice(&number.to_le_bytes());
    }
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let stage = std::cell::RefCell::new(stage);
    let outcome = runner.run(inputs, |input| {
        let mut stage = stage.borrow_mut();
        // The runner is not asynchronous, the case around it is.
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(check(&mut stage, input));
        });
        Ok::<(), TestCaseError>(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, input)) => panic!("{reason}\nsmallest input: {input:#?}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how thorough a test run is, is asked for from outside"
)]
fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is {text:?}, a number is expected")),
    )
}
