//! libFuzzer around one target of `bitaqa-fuzz`: the one that the binary is named after, or that `BITAQA_FUZZ_TARGET`
//! names, so that one build serves all of them.

#![no_main]

use std::sync::OnceLock;

use bitaqa_fuzz::{TARGETS, Target, target};

fn chosen() -> &'static Target {
    static CHOSEN: OnceLock<&'static Target> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = std::env::var("BITAQA_FUZZ_TARGET").unwrap_or_else(|_| env!("CARGO_BIN_NAME").to_owned());
        let names = || TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(" ");
        target(&name).unwrap_or_else(|| panic!("no target {name}; there are: {}", names()))
    })
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| (chosen().run)(data));
