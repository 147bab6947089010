//! Every secret that a test learns is remembered, and no log may hold one.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::secrets;

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn seen() -> MutexGuard<'static, BTreeSet<String>> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remembers a secret, unless it is so short that a log could hold it by chance.
pub(crate) fn note(secret: &str) {
    let secret = secret.trim();
    if secret.len() < 8 {
        return;
    }
    seen().insert(secret.to_owned());
}

/// Remembers the root secrets of a data folder.
pub(crate) fn note_root_secrets(data: &Path) {
    let text = std::fs::read_to_string(data.join("secret")).unwrap_or_default();
    text.lines().filter(|line| !line.is_empty()).for_each(note);
}

/// Remembers what has the shape of a secret in an answer or in what a command printed.
pub(crate) fn note_those_in(text: &str) {
    secrets::those_in(text).into_iter().for_each(note);
}

/// Panics when a log holds a secret that any test has seen so far.
pub(crate) fn assert_none_in(whose: &str, log: &str) {
    let found: Vec<_> = seen().iter().filter(|secret| log.contains(*secret)).cloned().collect();
    assert!(found.is_empty(), "{whose} wrote the secrets {found:?}:\n{log}");
    assert!(!secrets::looks_like_one(log), "{whose} wrote a key or a token:\n{log}");
}

#[test]
fn a_secret_is_found_in_a_log() {
    let key = format!("bloom_sk_{}", "Az09".repeat(10))[..47].to_owned();
    note_those_in(&format!("key: {key}\npassword (shown only now): {}\n", "Pq7".repeat(7)));
    assert!(!seen().contains(&"Pq7".repeat(7)), "it is longer than a drawn password");
    let token = "e30".repeat(20);
    note_those_in(&format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\"}}"));
    note_those_in(&format!("location: https://app.example/cb?code={}&state=s\r\n", &token[..43]));
    for secret in [&key[9..], token.as_str(), &token[..43]] {
        let log = format!("{{\"path\":\"/x\",\"key\":\"{secret}\"}}");
        assert!(std::panic::catch_unwind(|| assert_none_in("the test", &log)).is_err());
    }
    assert_none_in("the test", "{\"path\":\"/x\"}");
}
