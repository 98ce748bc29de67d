//! The list of cases and how one is run.
//!
//! ```text
//! // tests/conformance.rs of an engine's crate, all of it beside the harness:
//! xtrace_store_tests::suite!(harness: MyHarness::new());
//! ```
//! The list below is the only one: a case that it does not name is dead code, which the compiler reports; a case that
//! it names is a test of every engine.

use std::pin::Pin;
use std::sync::Arc;

use crate::cases;
use crate::harness::Harness;
use crate::stage::Stage;

/// A case takes the stage, asks both engines, and panics where it finds a fault.
pub type Case = fn(&mut Stage) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

/// Runs the case of that name on an empty store.
///
/// # Panics
/// There is no such case, or the engine does not pass it.
pub fn run(topic: &str, case: &str, harness: Arc<dyn Harness>) {
    let found = CASES
        .iter()
        .find(|(of_topic, name, _)| *of_topic == topic && *name == case);
    let (_, _, case) = found.expect("the list names it");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("the machine has threads").block_on(async {
        let mut stage = Stage::open(harness).await;
        case(&mut stage).await;
        stage.close().await;
    });
}

/// One test per case.
#[macro_export]
macro_rules! suite {
    (harness: $harness:expr) => {
        fn conformance_harness() -> ::std::sync::Arc<dyn $crate::Harness> {
            ::std::sync::Arc::new($harness)
        }

        $crate::for_each_case!($crate::suite_tests);
    };
}

/// A module per topic, a test per case.
#[doc(hidden)]
#[macro_export]
macro_rules! suite_tests {
    ($($topic:ident { $($case:ident)* })*) => {
        $(
            mod $topic {
                $(
                    #[test]
                    fn $case() {
                        let harness = super::conformance_harness();
                        $crate::suite::run(stringify!($topic), stringify!($case), harness);
                    }
                )*
            }
        )*
    };
}

macro_rules! suite_table {
    ($($topic:ident { $($case:ident)* })*) => {
        /// Topic, name and function of every case.
        pub static CASES: &[(&str, &str, Case)] = &[
            $($((stringify!($topic), stringify!($case), |stage| Box::pin(cases::$topic::$case(stage))),)*)*
        ];
    };
}

crate::for_each_case!(suite_table);
