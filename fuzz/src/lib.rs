//! What must hold of every input that Bloom parses, as functions of bytes.
//!
//! Each target panics when its property is broken. `cargo xtask fuzz` lets libFuzzer search for such an
//! input, and a test replays `fuzz/corpus` through the same functions in every run of the tests.
#![expect(clippy::panic, reason = "a broken property is told to the fuzzer by a panic")]

mod api_keys;
mod basic;
mod bearer;
mod client_document;
mod client_metadata;
mod forms;
mod jws;
mod multipart;
mod parameters;
mod redirect_uri;

/// A target: it panics when the bytes show that a property does not hold.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its folder in `fuzz/corpus`.
pub const TARGETS: &[(&str, Target)] = &[
    ("api_keys", api_keys::target),
    ("basic", basic::target),
    ("bearer", bearer::target),
    ("client_document", client_document::target),
    ("client_metadata", client_metadata::target),
    ("forms", forms::target),
    ("jws", jws::target),
    ("multipart", multipart::target),
    ("parameters", parameters::target),
    ("redirect_uri", redirect_uri::target),
];

/// The target with a name.
#[must_use]
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}

/// The bytes before and after the first line end: two inputs in one.
fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&b| b == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}
