//! `native_batch` of xtrace-fuzz, for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| xtrace_fuzz::native_batch(data));
