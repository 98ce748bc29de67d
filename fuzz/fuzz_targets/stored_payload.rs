//! `stored_payload` of xtrace-fuzz, for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| xtrace_fuzz::stored_payload(data));
