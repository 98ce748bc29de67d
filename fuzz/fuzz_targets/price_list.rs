//! `price_list` of xtrace-fuzz, for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| xtrace_fuzz::price_list(data));
