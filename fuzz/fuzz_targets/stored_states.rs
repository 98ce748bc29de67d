//! `stored_states` of xtrace-fuzz, for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| xtrace_fuzz::stored_states(data));
