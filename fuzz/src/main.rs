//! The fuzzer: libFuzzer's own `main` calls the target that `FUZZ_TARGET` names.
#![no_main]
#![expect(clippy::panic, reason = "without a target there is nothing to do")]
#![expect(
    clippy::disallowed_methods,
    reason = "the bans keep the environment out of the server; libFuzzer has the arguments to itself"
)]

use std::sync::OnceLock;

use bloom_fuzz::Target;

static TARGET: OnceLock<Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let Some(target) = bloom_fuzz::target(&name) else { panic!("no target {name:?}") };
        _ = TARGET.set(target);
    },
    |bytes: &[u8]| {
        if let Some(target) = TARGET.get() {
            target(bytes);
        }
    }
);
