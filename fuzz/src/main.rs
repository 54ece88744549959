//! The target that FUZZ_TARGET names, in libFuzzer's hands.
//!
//! One program for all targets, so that the app is compiled and linked once.
#![no_main]

use std::sync::LazyLock;

static TARGET: LazyLock<fuzz::Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    fuzz::target(&name).unwrap_or_else(|| panic!("FUZZ_TARGET: there is no target '{name}'"))
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    TARGET(input);
});
