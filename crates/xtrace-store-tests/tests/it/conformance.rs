//! The reference engine passes the suite itself.

xtrace_store_tests::suite!(harness: xtrace_store_tests::ReferenceHarness::default());
